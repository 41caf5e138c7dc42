//! New items that were refused, or of which nobody knows whether they were written.

use dynamap::faults::{Fault, Faults};
use dynamap::{Error, Model, Session};

use super::{map, maps, name, sent};
use crate::support::{Account, DoomMap, Outcome, n, put_raw, s, store};

/// Sent again it would bring back what a worker has taken and deleted.
#[tokio::test(start_paused = true)]
async fn an_insert_of_which_nobody_knows_is_not_sent_again() -> Outcome {
    for is_dropped in [false, true] {
        let (db, faults) = maps(0).await;
        let mut session = Session::of(&db);
        session.insert(DoomMap::new(1, 1, "mine"))?;
        if is_dropped {
            let gate = faults.pause_answer("PutItem");
            let flush = session.flush().into_future();
            tokio::pin!(flush);
            tokio::select! {
                _ = &mut flush => panic!("the flush ended"),
                () = gate.reached() => {}
            }
            gate.release();
        } else {
            flush_unanswered(&mut session, &faults).await;
        }
        DoomMap::delete(&db, (1, 1)).unchecked().await?;
        faults.clear_log();

        let flushed = session.flush().await;
        assert!(flushed.failures()[0].error.is_outcome_unknown(), "{flushed:?}");
        assert!(session.commit().await.is_err_and(|error| error.is_outcome_unknown()));
        assert_eq!((sent(&faults).as_str(), session.dirty()), ("", 1));
        assert!(session.refresh::<DoomMap>((1, 1)).await?.is_none());
        assert!(!session.is_dirty());
        session.insert(DoomMap::new(1, 1, "anew"))?;
        assert_eq!(session.flush().await.written(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_new_item_whose_id_is_taken_gets_another_one() -> Outcome {
    let (db, _faults) = store().await;
    // Somebody stored an item under the next id, without the counter.
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("theirs")), ("balance", n(1))]).await;
    let mut session = Session::of(&db);
    let mine = session.insert(Account::of("mine", 2))?;
    let flushed = session.flush().await;
    assert!(flushed.failure(&mine).is_some_and(Error::is_conflict));
    assert_eq!(session.dirty(), 1);
    let flushed = session.flush().await;
    assert_eq!(flushed.take(mine)?.id, 2);
    assert_eq!(Account::get(&db, 1).await?.expect("theirs").owner, "theirs");
    assert!(!session.is_dirty());
    Ok(())
}

/// The new item of the session is written, and nobody says so.
async fn flush_unanswered(session: &mut Session, faults: &Faults) {
    faults.next("PutItem", Fault::LoseAnswer);
    faults.always("GetItem", Fault::Throttle);
    let flushed = session.flush().await;
    assert!(flushed.failures()[0].error.is_outcome_unknown(), "{flushed:?}");
    faults.clear();
}

#[tokio::test(start_paused = true)]
async fn an_insert_of_which_nobody_knows_is_not_forgotten_with_its_delete() -> Outcome {
    let (db, faults) = maps(0).await;
    let mut session = Session::of(&db);
    session.insert(DoomMap::new(1, 1, "mine"))?;
    flush_unanswered(&mut session, &faults).await;
    let deleted = session.delete(map(&session, 1).await?)?;
    assert!(DoomMap::get(&session, (1, 1)).await?.is_none());
    assert_eq!(name(&db, 1).await.as_deref(), Some("mine"));
    faults.clear_log();

    for _ in 0..2 {
        let flushed = session.flush().await;
        assert!(flushed.failure(&deleted).is_some_and(Error::is_outcome_unknown));
        assert_eq!((flushed.failures().len(), session.dirty()), (1, 1));
    }
    assert!(session.commit().await.is_err_and(|error| error.is_outcome_unknown()));
    assert_eq!(sent(&faults), "");
    let mine = session.refresh::<DoomMap>((1, 1)).await?.expect("it was written");
    assert!(!session.is_dirty());
    session.delete(mine)?;
    session.flush().await.into_result()?;
    assert_eq!((name(&db, 1).await, session.is_dirty()), (None, false));
    Ok(())
}

#[tokio::test]
async fn a_new_item_whose_id_is_taken_is_given_up_when_that_id_is_refreshed() -> Outcome {
    let (db, _faults) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("theirs")), ("balance", n(1))]).await;
    let mut session = Session::of(&db);
    let mine = session.insert(Account::of("mine", 2))?;
    assert!(session.flush().await.failure(&mine).is_some_and(Error::is_conflict));
    let mut theirs = session.refresh::<Account>(1).await?.expect("theirs");
    assert!(!session.is_dirty());
    // Made anew, after what is there was seen.
    let anew = session.insert(Account::of("mine", 2))?;
    theirs.balance += 1;
    session.save(theirs)?;
    let flushed = session.flush().await;
    assert_eq!((flushed.written(), flushed.failures().len()), (2, 0));
    assert!(flushed.take(mine).is_err());
    assert_eq!(flushed.take(anew)?.id, 2);
    assert_eq!(Account::scan(&db).count().await?, 2);
    Ok(())
}

/// Only who asks what is there gives it up.
#[tokio::test]
async fn a_new_item_whose_id_is_taken_waits_on_where_the_other_one_is_written() -> Outcome {
    let (db, faults) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("theirs")), ("balance", n(1))]).await;
    let mut session = Session::of(&db);
    let mine = session.insert(Account::of("mine", 2))?;
    assert!(session.flush().await.failure(&mine).is_some_and(Error::is_conflict));
    let mut theirs = Account::get(&session, 1).await?.expect("theirs");
    theirs.balance += 1;
    session.save(theirs)?;
    // The counter is asked first.
    let denied = Fault::Service { status: 400, code: "AccessDeniedException".into() };
    faults.next("UpdateItem", denied);
    let flushed = session.flush().await;
    assert!(matches!(flushed.failure(&mine), Some(Error::Denied(_))), "{flushed:?}");
    assert_eq!((flushed.written(), session.dirty()), (1, 1));
    assert_eq!(session.flush().await.take(mine)?.owner, "mine");
    Ok(())
}
