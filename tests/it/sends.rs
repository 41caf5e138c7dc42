//! One write on a network that loses things: what was sent, how often, and what is true afterwards.
//!
//! The clock is paused: back-off takes no time.

use dynamap::faults::Fault;
use dynamap::{Error, Model, Table, Transaction};

use crate::support::{Account, DoomMap, Outcome, account, store};

#[tokio::test(start_paused = true)]
async fn a_save_whose_answer_is_lost_is_applied_once_and_succeeds() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::LoseAnswerAs500, Fault::Hang, Fault::Duplicate] {
        let (db, faults) = store().await;
        let mut ann = Account::of("Ann", 1).insert(&db).await?;
        faults.clear_log();
        faults.next("UpdateItem", fault.clone());
        ann.balance = 2;
        ann.save(&db).await?;
        assert_eq!(ann.version, 2, "{fault:?}");
        let now = account(&db, ann.id).await;
        assert_eq!((now.balance, now.version), (2, 2), "{fault:?}");
        ann.balance = 3;
        ann.save(&db).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_insert_whose_answer_is_lost_is_recognised_and_not_sent_again() -> Outcome {
    let (db, faults) = store().await;
    for (map, fault) in Fault::LOST.into_iter().enumerate() {
        faults.clear_log();
        faults.next("PutItem", fault);
        let map = DoomMap::new(1, u32::try_from(map)?, "Hangar").insert(&db).await?;
        assert_eq!(map.version, 1);
        assert_eq!((faults.count("PutItem"), faults.count("GetItem")), (1, 1));
    }
    Ok(())
}

/// Sent again, it would bring back an item that somebody took and deleted.
#[tokio::test(start_paused = true)]
async fn an_insert_that_somebody_deleted_before_its_answer_was_found_lost_is_unknown() -> Outcome {
    let (db, faults) = store().await;
    let gate = faults.pause_answer("PutItem");
    let inserting = {
        let db = db.clone();
        tokio::spawn(async move { DoomMap::new(1, 1, "Hangar").insert(&db).await })
    };
    gate.reached().await;
    DoomMap::delete(&db, (1, 1)).unchecked().await?;
    assert!(inserting.await?.expect_err("nobody can tell").is_outcome_unknown());
    drop(gate);
    assert!(DoomMap::get(&db, (1, 1)).consistent().await?.is_none(), "it is not back");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_exactly_once_is_repeated_with_its_token() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::DropBefore, Fault::Hang, Fault::HangBefore] {
        let (db, faults) = store().await;
        let again = || faults.next("TransactWriteItems", fault.clone());
        again();
        let map = DoomMap::new(1, 1, "Hangar").insert(&db).exactly_once().await?;
        assert_eq!(map.version, 1, "{fault:?}");
        again();
        let update = DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "E1M1");
        update.when(DoomMap::NAME.eq("Hangar")).exactly_once().await?;
        assert_eq!(DoomMap::get(&db, (1, 1)).consistent().await?.expect("there").version, 2);
        again();
        DoomMap::delete(&db, (1, 1)).when(DoomMap::NAME.eq("E1M1")).exactly_once().await?;
        assert!(DoomMap::get(&db, (1, 1)).consistent().await?.is_none(), "{fault:?}");
        assert_eq!(faults.count("TransactWriteItems"), 6, "{fault:?}");
        let update = DoomMap::update(&db, (9, 9)).set(DoomMap::NAME, "x").exactly_once().await;
        assert!(update.expect_err("there is none").is_not_found());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn requests_that_never_arrive_or_are_refused_for_a_moment_are_sent_again() -> Outcome {
    for fault in [
        Fault::DropBefore,
        Fault::ServerError,
        Fault::Throttle,
        Fault::TransactionConflict,
        Fault::HangBefore,
    ] {
        let (db, faults) = store().await;
        let mut ann = Account::of("Ann", 1).insert(&db).await?;
        faults.clear_log();
        for _ in 0..3 {
            faults.next("UpdateItem", fault.clone());
        }
        ann.balance = 2;
        ann.save(&db).await?;
        assert_eq!(faults.count("UpdateItem"), 4, "{fault:?}");
        let bodies: Vec<_> = faults.requests().into_iter().map(|r| r.body).collect();
        assert!(bodies.windows(2).all(|two| two[0] == two[1]), "the request is frozen");
        assert_eq!(account(&db, ann.id).await.version, 2);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_that_somebody_overwrote_is_unknown_and_never_a_false_conflict() -> Outcome {
    let (db, faults) = store().await;
    let mut mine = Account::of("Ann", 1).insert(&db).await?;
    let gate = faults.pause_answer("UpdateItem");
    let mut theirs = mine.clone();
    let saving = {
        let db = db.clone();
        tokio::spawn(async move {
            mine.balance = 2;
            mine.save(&db).await
        })
    };
    gate.reached().await;
    // The first save is stored and its answer held back until it counts as lost; another writer goes on from it.
    theirs = {
        let mut now = account(&db, theirs.id).await;
        assert_eq!(now.balance, 2);
        now.balance = 3;
        now.save(&db).await?;
        now
    };
    let error = saving.await?.expect_err("nobody can tell");
    drop(gate);
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert!(!error.is_conflict());
    assert!(error.to_string().contains("(id = 1) of table accounts"), "{error}");
    assert_eq!(account(&db, theirs.id).await.balance, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_is_lost_is_unknown_when_the_item_is_gone() -> Outcome {
    let (db, faults) = store().await;
    let ann = Account::of("Ann", 1).insert(&db).await?;
    let id = ann.id;
    faults.next("DeleteItem", Fault::LoseAnswer);
    assert!(ann.delete(&db).await.expect_err("unknown").is_outcome_unknown());
    assert!(Account::get(&db, id).consistent().await?.is_none());

    // A delete that asks for nothing can be repeated.
    faults.next("DeleteItem", Fault::LoseAnswer);
    Account::delete(&db, id).unchecked().await?;
    Ok(())
}

/// The first attempt may have deleted the item, and the one that is there be another.
#[tokio::test(start_paused = true)]
async fn a_delete_by_key_whose_answer_is_lost_is_never_a_conflict() -> Outcome {
    let (db, faults) = store().await;
    Account::of("Ann", 1).insert(&db).await?;
    for fault in [Fault::DropBefore, Fault::LoseAnswer] {
        faults.next("DeleteItem", fault);
        let delete = Account::delete(&db, 1).when(Account::BALANCE.eq(1));
        let error = delete.await.expect_err("nobody can tell");
        assert!(error.is_outcome_unknown(), "{error:?}");
    }
    assert_eq!(faults.count("DeleteItem"), 2);
    Ok(())
}

/// The lost copy may still be under way, and its condition come true.
#[tokio::test(start_paused = true)]
async fn an_exactly_once_update_that_is_refused_after_a_lost_answer_is_unknown() -> Outcome {
    let (db, faults) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let update =
        || DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "x").when(DoomMap::NAME.eq("y"));
    assert!(update().exactly_once().await.expect_err("refused").is_conflict());
    faults.next("TransactWriteItems", Fault::DropBefore);
    assert!(update().exactly_once().await.expect_err("nobody can tell").is_outcome_unknown());
    Ok(())
}

/// A read can be repeated as often as it takes.
#[tokio::test(start_paused = true)]
async fn a_check_whose_answer_is_lost_is_asked_again() -> Outcome {
    let (db, faults) = store().await;
    Account::of("Ann", 1).insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.check(&account(&db, 1).await)?;
    for fault in [Fault::DropBefore, Fault::HangBefore] {
        faults.next("TransactGetItems", fault);
    }
    tx.commit().await?;
    assert_eq!(faults.count("TransactGetItems"), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_ends_in_unknown_and_one_that_refuses_in_busy() -> Outcome {
    let (db, faults) = store().await;
    let mut ann = Account::of("Ann", 1).insert(&db).await?;
    ann.balance = 2;
    faults.always("UpdateItem", Fault::DropBefore);
    assert!(ann.save(&db).await.expect_err("no answer").is_outcome_unknown());
    faults.clear();
    faults.always("UpdateItem", Fault::Throttle);
    let error = ann.save(&db).await.expect_err("throttled");
    assert!(matches!(&error, Error::Busy(busy) if busy.attempts > 3), "{error:?}");
    faults.clear();
    // Nothing was written, and the model is as it was: the save can be made again.
    ann.save(&db).await?;
    assert_eq!((ann.balance, ann.version), (2, 2));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_final_is_not_repeated() -> Outcome {
    let (db, faults) = store().await;
    faults.next("PutItem", Fault::service("ValidationException"));
    let error = DoomMap::new(1, 1, "Hangar").insert(&db).await.expect_err("refused");
    assert!(matches!(&error, Error::Service(error) if error.code == "ValidationException"));
    assert_eq!(faults.count("PutItem"), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn reads_survive_a_bad_network() -> Outcome {
    let (db, faults) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    for fault in [Fault::DropBefore, Fault::LoseAnswer, Fault::Throttle, Fault::Hang] {
        faults.next("GetItem", fault.clone());
        faults.next("Query", fault);
        assert!(DoomMap::get(&db, (1, 1)).await?.is_some());
        assert_eq!(DoomMap::query(&db, 1).try_collect().await?.len(), 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_is_lost_is_applied_exactly_once() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::LoseAnswerAs500, Fault::Hang, Fault::Duplicate] {
        let (db, faults) = store().await;
        for balance in [100, 0] {
            Account::of("someone", balance).insert(&db).await?;
        }
        let tx = Transaction::begin(&db);
        for (id, change) in [(1, -10), (2, 10)] {
            let mut account = Account::get(&tx, id).await?.expect("there");
            account.balance += change;
            tx.save(account)?;
        }
        faults.clear_log();
        faults.next("TransactWriteItems", fault.clone());
        tx.commit().await?;
        let requests = faults.requests();
        let tokens: Vec<_> = requests.iter().filter_map(|request| request.token()).collect();
        assert!(tokens.windows(2).all(|two| two[0] == two[1]), "one token: {tokens:?}");
        if fault != Fault::Duplicate {
            assert_eq!(tokens.len(), 2, "{fault:?}");
        }
        let (from, to) = (account(&db, 1).await, account(&db, 2).await);
        assert_eq!((from.balance, from.version), (90, 2), "{fault:?}");
        assert_eq!((to.balance, to.version), (10, 2), "{fault:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_meets_contention_is_sent_again_with_the_same_token() -> Outcome {
    for fault in [Fault::TransactionConflict, Fault::TransactionInProgress, Fault::Throttle] {
        let (db, faults) = store().await;
        let tx = Transaction::begin(&db);
        tx.insert(DoomMap::new(1, 1, "a"))?;
        tx.insert(DoomMap::new(1, 2, "b"))?;
        faults.next("TransactWriteItems", fault.clone());
        faults.next("TransactWriteItems", fault.clone());
        tx.commit().await?;
        let requests = faults.requests();
        assert_eq!(requests.len(), 3, "{fault:?}");
        assert!(requests.windows(2).all(|two| two[0].body == two[1].body), "{fault:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_never_gets_an_answer_is_unknown_and_names_its_items() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 1, "a"))?;
    tx.insert(DoomMap::new(1, 2, "b"))?;
    faults.always("TransactWriteItems", Fault::DropBefore);
    let error = tx.commit().await.expect_err("no answer");
    let Error::OutcomeUnknown(unknown) = &error else { panic!("{error:?}") };
    assert_eq!(unknown.targets.len(), 2);
    Ok(())
}

/// An insert's condition can come true again, so a failure after a lost attempt is not final: it must not be reported
/// as a conflict, since the lost copy might still be applied.
#[tokio::test(start_paused = true)]
async fn an_insert_that_fails_after_a_lost_attempt_is_unknown() -> Outcome {
    let (db, faults) = store().await;
    DoomMap::new(1, 2, "theirs").insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 1, "mine"))?;
    tx.insert(DoomMap::new(1, 2, "mine"))?;
    faults.next("TransactWriteItems", Fault::DropBefore);
    assert!(tx.commit().await.expect_err("unknown").is_outcome_unknown());

    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 1, "mine"))?;
    tx.insert(DoomMap::new(1, 2, "mine"))?;
    assert!(tx.commit().await.expect_err("taken").is_conflict());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_whose_creation_or_deletion_lost_its_answer_was_created_or_deleted() -> Outcome {
    let (db, faults) = store().await;
    Table::<DoomMap>::delete(&db).with_all_items().await?;
    faults.next("CreateTable", Fault::LoseAnswer);
    Table::<DoomMap>::create(&db).await?;
    assert!(Table::<DoomMap>::create(&db).await.is_err(), "there already, made by somebody else");
    faults.next("DeleteTable", Fault::LoseAnswer);
    Table::<DoomMap>::delete(&db).with_all_items().await?;
    assert!(!Table::<DoomMap>::exists(&db).await?);
    assert!(matches!(Table::<DoomMap>::delete(&db).await, Err(Error::NoSuchTable(_))));
    Ok(())
}
