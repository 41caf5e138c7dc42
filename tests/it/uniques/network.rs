//! Unique values on a network that loses things, and among writers at the same time.

use dynamap::faults::Fault;
use dynamap::{Record, Transaction, TransactionRecord};

use super::*;
use crate::support::Outcome;

#[tokio::test(start_paused = true)]
async fn an_insert_whose_answer_is_lost_is_made_once() -> Outcome {
    for fault in [
        Fault::LoseAnswer,
        Fault::LoseAnswerAs500,
        Fault::DropBefore,
        Fault::Hang,
        Fault::Duplicate,
        Fault::TransactionConflict,
        Fault::Throttle,
        Fault::TransactionInProgress,
    ] {
        let (db, faults) = store().await;
        faults.next("TransactWriteItems", fault.clone());
        let mut ann = User::new(1, "a@x").insert(&db).await?;
        assert_eq!(ann.version, 1, "{fault:?}");
        faults.next("TransactWriteItems", fault.clone());
        ann.email = Some("b@x".to_owned());
        ann.save(&db).await?;
        assert_guarded(&db).await;
        faults.next("TransactWriteItems", fault.clone());
        User::update(&db, 1).set(User::EMAIL, "c@x").await?;
        assert_guarded(&db).await;
        assert_eq!(user(&db, 1).await.version, 3, "{fault:?}");
        faults.next("TransactWriteItems", fault.clone());
        User::delete(&db, 1).unchecked().await?;
        assert_eq!(guards(&db).await.len(), 0, "{fault:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_busy_is_reported_by_the_items_and_not_by_their_guards() -> Outcome {
    let (db, faults) = store().await;
    faults.always("TransactWriteItems", Fault::TransactionConflict);
    let error = User::new(1, "a@x").insert(&db).await.expect_err("busy");
    let Error::Busy(busy) = &error else { panic!("{error:?}") };
    assert!(busy.failures.iter().all(|failure| failure.table() == "users"));
    faults.always("TransactWriteItems", Fault::DropBefore);
    let error = User::new(2, "b@x").insert(&db).await.expect_err("no answer");
    let Error::OutcomeUnknown(unknown) = &error else { panic!("{error:?}") };
    assert_eq!(unknown.targets.len(), 1);
    assert_eq!(unknown.targets[0].table, "users");
    Ok(())
}

#[tokio::test]
async fn of_many_inserts_of_one_value_exactly_one_wins() -> Outcome {
    let (db, _) = store().await;
    let inserts = (0..8).map(|id| {
        let db = db.clone();
        tokio::spawn(async move { User::new(id, "a@x").insert(&db).await.map(|user| user.id) })
    });
    let mut winners = Vec::new();
    for insert in inserts.collect::<Vec<_>>() {
        match insert.await? {
            Ok(id) => winners.push(id),
            Err(error) => assert_eq!(taken(&error).0, "email"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(guards(&db).await.into_values().collect::<Vec<_>>(), winners);
    Ok(())
}

#[tokio::test]
async fn writers_by_key_that_are_late_read_again() -> Outcome {
    let (db, _) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    let updates = (0..6_u32).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            User::update(&db, 1).set(User::EMAIL, format!("{number}@x").as_str()).await
        })
    });
    for update in updates.collect::<Vec<_>>() {
        update.await??;
    }
    assert_eq!(user(&db, 1).await.version, 7, "every one of them was made");
    assert_eq!(guards(&db).await.len(), 1);
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn a_write_by_key_goes_by_the_value_that_is_there_when_it_arrives() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    let gate = faults.pause("TransactWriteItems");
    let deleting = {
        let db = db.clone();
        tokio::spawn(async move { User::delete(&db, 1).unchecked().await })
    };
    gate.reached().await;
    // The delete has read a@x; by now the user has another address.
    let mut ann = user(&db, 1).await;
    ann.email = Some("b@x".to_owned());
    ann.save(&db).await?;
    drop(gate);
    deleting.await??;
    assert!(User::get(&db, 1).consistent().await?.is_none());
    assert_eq!(guards(&db).await, BTreeMap::new());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_recorded_transaction_has_its_guards_once() -> Outcome {
    let (db, faults) = store().await;
    Table::<TransactionRecord>::create(&db).await?;
    for _ in 0..2 {
        faults.next("TransactWriteItems", Fault::LoseAnswer);
        let run = Transaction::run(&db, |tx| async move {
            tx.insert(User::new(1, "a@x"))?;
            Ok::<_, Error>(())
        });
        run.recorded(Record::with_key("sign-up-1")).await?;
        assert_guarded(&db).await;
        assert_eq!(guards(&db).await.len(), 1);
        faults.clear();
    }
    // Done before, a write by key is a replay, and not the failure of a condition that it has itself made false.
    for again in [false, true] {
        let builder = Transaction::builder(&db).recorded(Record::with_key("hand-over-1"));
        let tx = builder.begin();
        tx.write(User::delete(&db, 1).when(User::EMAIL.eq("a@x")))?;
        tx.insert(User::new(2, "a@x"))?;
        assert_eq!(tx.commit().await?.is_replay(), again);
        assert_guarded(&db).await;
    }
    Ok(())
}
