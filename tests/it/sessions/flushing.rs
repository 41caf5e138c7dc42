//! What a flush writes, and what is left where it cannot.

use std::sync::{Arc, Mutex};

use dynamap::error::Reason;
use dynamap::faults::Fault;
use dynamap::{Error, Model, Session, Table};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use super::{map, maps, name, rename, rename_outside, sent};
use crate::support::{Account, DoomMap, Outcome, store};

#[tokio::test]
async fn a_conflict_in_the_middle_stays_dirty_with_the_winner_and_the_others_are_written() -> Outcome
{
    let (db, faults) = maps(5).await;
    let mut session = Session::of(&db);
    let mut handles = Vec::new();
    for number in 1..=5 {
        let mut map = map(&session, number).await?;
        map.name = "mine".to_owned();
        handles.push(session.save(map)?);
    }
    rename_outside(&db, 3, "theirs").await?;
    DoomMap::delete(&db, (1, 4)).unchecked().await?;
    faults.clear_log();

    let flushed = session.flush().await;
    assert_eq!(sent(&faults), "5 UpdateItem");
    assert_eq!((flushed.written(), flushed.failures().len(), session.dirty()), (3, 2, 2));
    for number in [1, 2, 5] {
        assert_eq!(name(&db, number).await.as_deref(), Some("mine"));
    }
    let Some(Error::Conflict(theirs)) = flushed.failure(&handles[2]) else {
        panic!("3 is written")
    };
    let winner = theirs.failures()[0].stored::<DoomMap>()?.expect("the winner");
    assert_eq!((winner.name.as_str(), winner.version), ("theirs", 2));
    let Some(Error::Conflict(gone)) = flushed.failure(&handles[3]) else { panic!("4 is written") };
    assert!(matches!(gone.failures()[0].reason(), Reason::Deleted));
    assert!(flushed.failure(&handles[4]).is_none());
    assert!(flushed.into_result().is_err_and(|error| error.is_conflict()));

    // Sent again they are refused again, and nothing else is sent.
    faults.clear_log();
    assert_eq!(session.flush().await.failures().len(), 2);
    assert_eq!(sent(&faults), "2 UpdateItem");
    assert_eq!(map(&session, 3).await?.name, "mine");

    let again = session.refresh::<DoomMap>((1, 3)).await?.expect("theirs");
    assert_eq!(again.name, "theirs");
    assert!(session.refresh::<DoomMap>((1, 4)).await?.is_none());
    assert!(!session.is_dirty());
    rename(&session, 3, "mine after theirs").await?;
    session.insert(DoomMap::new(1, 4, "mine anew"))?;
    assert_eq!(session.flush().await.written(), 2);
    assert_eq!(name(&db, 3).await.as_deref(), Some("mine after theirs"));
    assert_eq!(name(&db, 4).await.as_deref(), Some("mine anew"));
    Ok(())
}

#[tokio::test]
async fn inserts_and_deletes_wait_for_the_flush_and_each_has_its_condition() -> Outcome {
    let (db, faults) = maps(4).await;
    let mut session = Session::of(&db);
    for number in [1, 2] {
        session.delete(map(&session, number).await?)?;
    }
    session.insert(DoomMap::new(1, 8, "mine"))?;
    let taken = session.insert(DoomMap::new(1, 9, "mine"))?;
    // What is deleted and inserted again takes the place of the old item.
    session.delete(map(&session, 3).await?)?;
    session.insert(DoomMap::new(1, 3, "anew"))?;
    assert!(session.insert(DoomMap::new(1, 3, "twice")).is_err_and(|error| error.is_conflict()));
    assert!(DoomMap::get(&session, (1, 1)).await?.is_none());
    assert_eq!(name(&db, 1).await.as_deref(), Some("as stored"));
    rename_outside(&db, 2, "theirs").await?;
    DoomMap::new(1, 9, "theirs").insert(&db).await?;
    faults.clear_log();

    let flushed = session.flush().await;
    assert_eq!((flushed.written(), session.dirty()), (3, 2));
    assert!(flushed.failure(&taken).is_some_and(Error::is_conflict));
    let names = [name(&db, 1).await, name(&db, 2).await, name(&db, 3).await, name(&db, 8).await];
    let names = names.map(Option::unwrap_or_default);
    assert_eq!(names, ["", "theirs", "anew", "mine"]);
    assert_eq!(name(&db, 9).await.as_deref(), Some("theirs"));
    faults.clear_log();
    // Known without another read.
    assert!(DoomMap::get(&session, (1, 1)).await?.is_none());
    assert_eq!(map(&session, 8).await?.version, 1);
    assert_eq!(sent(&faults), "");
    session.discard();
    Ok(())
}

#[tokio::test]
async fn a_commit_writes_all_or_none() -> Outcome {
    let (db, faults) = maps(101).await;
    let mut session = Session::of(&db);
    session.preload(DoomMap::query(&db, 1)).await?;
    for number in 1..=100 {
        rename(&session, number, "mine").await?;
    }
    rename_outside(&db, 50, "theirs").await?;
    faults.clear_log();
    let error = session.commit().await.expect_err("a conflict");
    let Error::Conflict(conflict) = &error else { panic!("{error}") };
    assert_eq!(conflict.failures().len(), 1);
    assert_eq!(session.dirty(), 100);
    assert_eq!(name(&db, 1).await.as_deref(), Some("as stored"));

    session.refresh::<DoomMap>((1, 50)).await?;
    rename(&session, 50, "mine").await?;
    let mut last = map(&session, 101).await?;
    last.name = "one too many".to_owned();
    let handle = session.save(last)?;
    faults.clear_log();
    assert!(matches!(session.commit().await, Err(Error::Limit { found: 101, .. })));
    assert_eq!(sent(&faults), "");
    session.refresh::<DoomMap>((1, 101)).await?;
    faults.clear_log();
    let receipt = session.commit().await?;
    assert_eq!(sent(&faults), "1 TransactWriteItems");
    assert!(receipt.take(handle).is_err());
    assert!(!session.is_dirty());
    let renamed = DoomMap::query(&db, 1).filter(DoomMap::NAME.eq("mine")).count().await?;
    assert_eq!(renamed, 100);

    // Too many new items are refused before keys are taken for them.
    for _ in 0..101 {
        session.insert(Account::of("someone", 1))?;
    }
    faults.clear_log();
    assert!(matches!(session.commit().await, Err(Error::Limit { found: 101, .. })));
    assert_eq!(sent(&faults), "");
    session.discard();
    Ok(())
}

#[tokio::test]
async fn in_transactions_one_conflict_keeps_its_transaction_and_no_other() -> Outcome {
    let (db, faults) = maps(250).await;
    let mut session = Session::of(&db);
    session.preload(DoomMap::scan(&db)).await?;
    let mut handles = Vec::new();
    for number in 1..=250 {
        let mut map = map(&session, number).await?;
        map.name = "mine".to_owned();
        handles.push(session.save(map)?);
    }
    rename_outside(&db, 150, "theirs").await?;
    faults.clear_log();
    let flushed = session.flush().in_transactions().await;
    assert_eq!(sent(&faults), "3 TransactWriteItems");
    assert_eq!((flushed.written(), flushed.failures().len(), session.dirty()), (150, 1, 100));
    assert_eq!(flushed.failures()[0].items.len(), 100);
    assert!(flushed.failure(&handles[100]).is_some_and(Error::is_conflict));
    assert!(flushed.failure(&handles[99]).is_none());
    assert_eq!(name(&db, 101).await.as_deref(), Some("as stored"));
    assert_eq!(name(&db, 201).await.as_deref(), Some("mine"));
    session.discard();
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "members", validate = false)]
struct Member {
    #[model(hash_key)]
    id: u32,
    #[model(unique)]
    login: String,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn what_one_transaction_cannot_hold_is_sent_in_halves() -> Outcome {
    let (db, faults) = store().await;
    Table::<Member>::create(&db).await?;
    let mut session = Session::of(&db);
    for id in 1..=100 {
        session.insert(Member { id, login: format!("member {id}"), version: 0 })?;
    }
    faults.clear_log();
    // Each member is two actions: the member and the guard of its login.
    assert!(matches!(session.commit().await, Err(Error::Limit { found: 200, .. })));
    assert_eq!((sent(&faults).as_str(), session.dirty()), ("", 100));
    assert_eq!(session.flush().in_transactions().await.written(), 100);
    assert_eq!(sent(&faults), "2 TransactWriteItems");
    assert_eq!(Member::scan(&db).count().await?, 100);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_a_flush_is_no_conflict_and_what_is_unknown_stays_dirty() -> Outcome {
    for fault in Fault::LOST {
        let (db, faults) = maps(2).await;
        let mut session = Session::of(&db);
        rename(&session, 1, "mine").await?;
        rename(&session, 2, "mine").await?;
        faults.next("UpdateItem", fault.clone());
        assert_eq!(session.flush().await.written(), 2);
        assert_eq!(map(&session, 1).await?.version, 2);

        rename(&session, 1, "mine again").await?;
        faults.always("UpdateItem", fault);
        let flushed = session.flush().await;
        let error = &flushed.failures()[0].error;
        assert!(error.is_outcome_unknown(), "{error}");
        assert_eq!(session.dirty(), 1);
        faults.clear();
        // It was written; nobody can tell by whom.
        assert!(session.flush().await.into_result().is_err_and(|error| error.is_conflict()));
        let found = session.refresh::<DoomMap>((1, 1)).await?.expect("there");
        assert_eq!((found.name.as_str(), session.dirty()), ("mine again", 0));
    }
    Ok(())
}

#[tokio::test]
async fn a_flush_that_is_dropped_half_way_forgets_nothing() -> Outcome {
    let (db, faults) = maps(3).await;
    let mut session = Session::of(&db);
    for number in 1..=3 {
        rename(&session, number, "mine").await?;
    }
    // One after the other; the second one gets no answer.
    let gate = faults.pause_answer("UpdateItem");
    {
        let flush = session.flush().at_once(1).into_future();
        tokio::pin!(flush);
        tokio::select! {
            _ = &mut flush => panic!("the flush ended"),
            () = gate.reached() => {}
        }
    }
    assert_eq!(session.dirty(), 3);
    gate.release();
    let flushed = session.flush().await;
    // What was written without an answer is a conflict with ourselves; the others are written.
    assert_eq!((flushed.written(), flushed.failures().len(), session.dirty()), (2, 1, 1));
    assert!(flushed.failures()[0].error.is_conflict());
    for number in 1..=3 {
        assert_eq!(name(&db, number).await.as_deref(), Some("mine"));
    }
    session.discard();
    Ok(())
}

/// Keeps the number of items of each warning.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<u64>>>);

impl<S: tracing::Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::WARN && event.metadata().target() == "dynamap" {
            event.record(&mut Collect(&self.0));
        }
    }
}

struct Collect<'a>(&'a Mutex<Vec<u64>>);

impl Visit for Collect<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "items" {
            self.0.lock().expect("warnings").push(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[tokio::test]
async fn a_session_that_is_dropped_with_changes_warns_of_them_and_writes_nothing() -> Outcome {
    let (db, faults) = maps(2).await;
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(Registry::default().with(warnings.clone()));
    let warned = || std::mem::take(&mut *warnings.0.lock().expect("warnings"));
    let mut found = Vec::new();
    // Whether events are wanted is decided for the whole process, which another test may be about to do.
    for _ in 0..1_000 {
        let session = Session::of(&db);
        rename(&session, 1, "mine").await?;
        rename(&session, 2, "mine").await?;
        tracing::callsite::rebuild_interest_cache();
        drop(session);
        found = warned();
        if !found.is_empty() {
            break;
        }
    }
    assert_eq!(found, [2]);
    assert_eq!(faults.count("UpdateItem"), 0);

    let discarded = Session::of(&db);
    rename(&discarded, 1, "mine").await?;
    discarded.discard();
    let mut flushed = Session::of(&db);
    rename(&flushed, 1, "mine").await?;
    flushed.flush().await.into_result()?;
    drop(flushed);
    assert!(warned().is_empty());
    Ok(())
}
