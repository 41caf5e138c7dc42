//! Recorded transactions: idempotency keys, decided outcomes, the audit trail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Database, Error, Gapless, Loaded, Model, Outcome as Decided, Record, RetryPolicy, RunError,
    Snapshot, Table, Transaction, TransactionRecord, TransactionStatus,
};

use crate::support::{Account, DoomMap, Outcome, account, get};

async fn store_with(policy: RetryPolicy) -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    let db = Database::builder(client).seed(7).retry(policy).build();
    Table::<Account>::create(&db).await.expect("accounts");
    Table::<DoomMap>::create(&db).await.expect("doom_maps");
    Table::<TransactionRecord>::create(&db).await.expect("records");
    Account::of("ann", 100).insert(&db).await.expect("ann");
    Account::of("bob", 0).insert(&db).await.expect("bob");
    faults.clear_log();
    (db, faults)
}

async fn store() -> (Database, Faults) {
    store_with(RetryPolicy::default()).await
}

async fn pay(tx: &Transaction, amount: i64) -> Result<i64, Error> {
    let (mut from, mut to) = (get(tx, 1).await?, get(tx, 2).await?);
    from.balance -= amount;
    to.balance += amount;
    let left = from.balance;
    tx.save(from)?;
    tx.save(to)?;
    Ok(left)
}

async fn balances(db: &Database) -> (i64, i64) {
    (account(db, 1).await.balance, account(db, 2).await.balance)
}

async fn record(db: &Database, id: &str) -> Option<Loaded<TransactionRecord>> {
    TransactionRecord::get(db, id).consistent().await.expect("a read")
}

/// A deadline that a test can wait for, in tokio's time.
fn soon() -> RetryPolicy {
    let mut policy = RetryPolicy::default();
    policy.deadline = Duration::from_secs(3);
    policy
}

#[tokio::test]
async fn work_with_an_idempotency_key_happens_once_and_its_result_comes_back() -> Outcome {
    let (db, faults) = store().await;
    let runs = AtomicU32::new(0);
    for _ in 0..3 {
        let left = Transaction::run(&db, |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            async move { pay(&tx, 30).await }
        })
        .recorded(Record::with_key("order-42"))
        .await?;
        assert_eq!(left, 70);
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(balances(&db).await, (70, 30));
    // The first run looks the key up and writes the record with the rest; the others only look it up.
    assert_eq!(faults.count("TransactWriteItems"), 1);
    let written = record(&db, "order-42").await.expect("the record");
    assert_eq!(written.status, TransactionStatus::Committed);
    assert_eq!(written.result.as_deref(), Some("70"));
    Ok(())
}

#[tokio::test]
async fn a_key_that_was_used_for_another_request_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let run = |amount: i64| {
        Transaction::run(&db, move |tx| async move { pay(&tx, amount).await })
            .recorded(Record::with_key("order-42").for_request(&("pay", amount)))
    };
    run(30).await?;
    run(30).await?;
    faults.clear_log();
    let error = run(31).await.expect_err("another amount");
    assert!(matches!(&error, RunError::Failed(Error::KeyReused(key)) if &**key == "order-42"));
    assert_eq!(faults.count("TransactWriteItems"), 0);
    // The result of other work does not read as this work's.
    let other =
        Transaction::run(&db, |tx| async move { pay(&tx, 1).await.map(|_| "text".to_owned()) })
            .recorded(Record::with_key("order-42").for_request(&("pay", 30)))
            .await;
    assert!(matches!(other, Err(RunError::Failed(Error::ResultUnreadable(_)))));
    // Without `run`, the record itself refuses the commit.
    let tx = Transaction::builder(&db)
        .recorded(Record::with_key("order-42").for_request("other"))
        .begin();
    pay(&tx, 1).await?;
    assert!(matches!(tx.commit().await, Err(Error::KeyReused(_))));
    assert_eq!(balances(&db).await, (70, 30));
    Ok(())
}

#[tokio::test]
async fn an_explicit_commit_with_a_key_that_was_committed_is_a_replay() -> Outcome {
    let (db, _) = store().await;
    for replay in [false, true] {
        let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
        pay(&tx, 30).await?;
        let receipt = tx.commit().await?;
        assert_eq!(receipt.is_replay(), replay);
    }
    assert_eq!(balances(&db).await, (70, 30));
    Ok(())
}

/// Both accounts and the record, or none of them.
async fn assert_decided(db: &Database, id: &str, committed: bool) {
    let expected = if committed { (70, 30) } else { (100, 0) };
    assert_eq!(balances(db).await, expected);
    let record = record(db, id).await.expect("a decision");
    assert_eq!(record.status == TransactionStatus::Committed, committed);
}

#[tokio::test(start_paused = true)]
async fn a_recorded_commit_that_never_gets_an_answer_is_decided_by_its_record() -> Outcome {
    for (fault, committed) in [
        (Fault::LoseAnswer, true),
        (Fault::LoseAnswerAs500, true),
        (Fault::Hang, true),
        (Fault::DropBefore, false),
        (Fault::HangBefore, false),
        (Fault::ServerError, false),
    ] {
        let (db, faults) = store_with(soon()).await;
        let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
        let mut from = get(&tx, 1).await?;
        from.balance -= 30;
        let from = tx.save(from)?;
        let mut to = get(&tx, 2).await?;
        to.balance += 30;
        tx.save(to)?;
        faults.always("TransactWriteItems", fault.clone());
        let outcome = tx.commit().await;
        faults.clear();
        if committed {
            // It was this very commit, so its items are known.
            let receipt = outcome?;
            assert!(!receipt.is_replay());
            assert_eq!(receipt.take(from)?.balance, 70, "{fault:?}");
        } else {
            // Its own fence: `run` can begin anew with the key.
            assert!(matches!(outcome, Err(Error::Fenced(_))), "{fault:?}: {outcome:?}");
        }
        assert_decided(&db, "order-42", committed).await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_unrecorded_commit_that_never_gets_an_answer_is_unknown() -> Outcome {
    let (db, faults) = store_with(soon()).await;
    let tx = Transaction::begin(&db);
    pay(&tx, 30).await?;
    faults.always("TransactWriteItems", Fault::LoseAnswer);
    let error = tx.commit().await.expect_err("no answer");
    assert!(error.is_outcome_unknown());
    assert!(!error.to_string().contains("resolve"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn where_the_store_cannot_be_reached_to_decide_the_error_names_the_id() -> Outcome {
    let (db, faults) = store_with(soon()).await;
    let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
    pay(&tx, 30).await?;
    faults.always("TransactWriteItems", Fault::LoseAnswer);
    faults.always("GetItem", Fault::DropBefore);
    let error = tx.commit().await.expect_err("no way to know");
    assert!(error.to_string().contains("`Transaction::resolve` of `order-42`"), "{error}");
    let Error::OutcomeUnknown(unknown) = error else { panic!("{error:?}") };
    faults.clear();
    let id = unknown.transaction.expect("an id");
    assert!(Transaction::resolve(&db, &id).await?.is_committed());
    assert_decided(&db, "order-42", true).await;
    Ok(())
}

#[tokio::test]
async fn resolving_fences_what_is_still_under_way() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
    pay(&tx, 30).await?;
    // The commit is on its way when somebody asks.
    let gate = faults.pause("TransactWriteItems");
    let commit = tokio::spawn(tx.commit());
    gate.reached().await;
    assert!(matches!(Transaction::resolve(&db, "order-42").await?, Decided::Aborted));
    gate.release();
    let error = commit.await?.expect_err("fenced");
    assert!(matches!(&error, Error::Fenced(id) if &**id == "order-42"), "{error:?}");
    assert_decided(&db, "order-42", false).await;
    // It stays so, and another `run` with the key begins anew.
    assert!(matches!(Transaction::resolve(&db, "order-42").await?, Decided::Aborted));
    Transaction::run(&db, |tx| async move { pay(&tx, 30).await })
        .recorded(Record::with_key("order-42"))
        .await?;
    assert_decided(&db, "order-42", true).await;
    assert!(Transaction::resolve(&db, "order-42").await?.is_committed());
    Ok(())
}

#[tokio::test]
async fn resolving_an_aborted_key_fences_the_attempt_that_began_on_top_of_it() -> Outcome {
    let (db, faults) = store().await;
    Transaction::resolve(&db, "order-42").await?;
    let gate = faults.pause("TransactWriteItems");
    let again = tokio::spawn({
        let db = db.clone();
        async move {
            Transaction::run(&db, |tx| async move { pay(&tx, 30).await })
                .recorded(Record::with_key("order-42"))
                .await
        }
    });
    gate.reached().await;
    assert!(matches!(Transaction::resolve(&db, "order-42").await?, Decided::Aborted));
    gate.release();
    assert!(matches!(again.await?, Err(RunError::Failed(Error::Fenced(_)))));
    assert_decided(&db, "order-42", false).await;
    Ok(())
}

/// Runs `work` recorded; its first attempt gets lost, and before the second one arrives somebody inserts map (1, 1).
async fn doubtful<F, Fut>(db: &Database, faults: &Faults, work: F) -> Result<i64, RunError<Error>>
where
    F: FnMut(Transaction) -> Fut + Send + 'static,
    Fut: Future<Output = Result<i64, Error>> + Send + 'static,
{
    faults.next("TransactWriteItems", Fault::DropBefore);
    let gate = faults.pause("TransactWriteItems");
    let run = tokio::spawn({
        let db = db.clone();
        async move { Transaction::run(&db, work).recorded(Record::with_key("order-42")).await }
    });
    gate.reached().await;
    DoomMap::new(1, 1, "theirs").insert(db).await.expect("an insert");
    gate.release();
    run.await.expect("no panic")
}

#[tokio::test(start_paused = true)]
async fn a_conflict_after_a_lost_attempt_is_reported_when_no_copy_can_take_effect_any_more()
-> Outcome {
    let (db, faults) = store().await;
    let insert = |tx: Transaction| async move {
        tx.insert(DoomMap::new(1, 1, "mine"))?;
        pay(&tx, 30).await
    };
    let failed = doubtful(&db, &faults, insert).await;
    assert!(matches!(&failed, Err(RunError::Failed(error)) if error.is_conflict()), "{failed:?}");
    assert_decided(&db, "order-42", false).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_conflict_after_a_lost_attempt_can_be_cured_by_doing_the_work_again() -> Outcome {
    let (db, faults) = store().await;
    let insert_if_absent = |tx: Transaction| async move {
        if DoomMap::get(&tx, (1, 1)).await?.is_none() {
            tx.insert(DoomMap::new(1, 1, "mine"))?;
        }
        pay(&tx, 30).await
    };
    assert_eq!(doubtful(&db, &faults, insert_if_absent).await?, 70);
    assert_decided(&db, "order-42", true).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_attempt_is_not_forgotten_when_the_work_was_done_again() -> Outcome {
    let (db, faults) = store().await;
    let runs = AtomicU32::new(0);
    // The first attempt gets lost and then meets a taken key; the second one meets a change; there is no third.
    let work = {
        let other = db.clone();
        move |tx: Transaction| {
            let (other, run) = (other.clone(), runs.fetch_add(1, Ordering::Relaxed));
            async move {
                if DoomMap::get(&tx, (1, 1)).await?.is_none() {
                    tx.insert(DoomMap::new(1, 1, "mine"))?;
                }
                let left = pay(&tx, 30).await?;
                if run > 0 {
                    let mut from = account(&other, 1).await;
                    from.owner = format!("owner {run}");
                    from.save(&other).await?;
                }
                Ok(left)
            }
        }
    };
    let failed = doubtful(&db, &faults, work).await;
    assert!(matches!(&failed, Err(RunError::Failed(error)) if error.is_conflict()), "{failed:?}");
    // So nothing that is still under way can take effect.
    assert_decided(&db, "order-42", false).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn work_that_gives_up_after_a_lost_attempt_is_rolled_back_for_good() -> Outcome {
    let (db, faults) = store().await;
    let insert_or_give_up = |tx: Transaction| async move {
        if DoomMap::get(&tx, (1, 1)).await?.is_some() {
            return Err(Error::Usage("taken"));
        }
        tx.insert(DoomMap::new(1, 1, "mine"))?;
        pay(&tx, 30).await
    };
    let refused = doubtful(&db, &faults, insert_or_give_up).await;
    assert!(matches!(&refused, Err(RunError::Aborted(Error::Usage("taken")))), "{refused:?}");
    assert_decided(&db, "order-42", false).await;
    Ok(())
}

#[tokio::test]
async fn a_recorded_transaction_is_found_by_who_asked_for_it_and_a_transient_one_leaves_nothing()
-> Outcome {
    let noon = UNIX_EPOCH + Duration::from_hours(12);
    let client = dynamap::embedded::memory()?;
    let db = Database::builder(client).seed(7).clock(move || noon).build();
    Table::<Account>::create(&db).await?;
    Table::<TransactionRecord>::create(&db).await?;
    Account::of("ann", 100).insert(&db).await?;
    Account::of("bob", 0).insert(&db).await?;

    Transaction::run(&db, |tx| async move { pay(&tx, 10).await })
        .recorded(Record::new().requester("ann").keep_for(Duration::from_hours(24)))
        .await?;
    Transaction::run(&db, |tx| async move { pay(&tx, 10).await }).await?;
    // Work that rolls itself back leaves nothing either.
    let refused = Transaction::run(&db, |tx| async move {
        pay(&tx, 10).await?;
        Err::<(), _>(Error::Usage("changed my mind"))
    });
    assert!(matches!(
        refused.recorded(Record::new().requester("ann")).await,
        Err(RunError::Aborted(_))
    ));

    let all = TransactionRecord::scan(&db).try_collect().await?;
    assert_eq!(all.len(), 1);
    let of_ann = TransactionRecord::BY_REQUESTER.query(&db, "ann").reverse().try_collect().await?;
    let [record] = of_ann.as_slice() else { panic!("one record") };
    assert_eq!((record.status, record.at), (TransactionStatus::Committed, noon));
    assert_eq!(record.expires.map(dynamap::Ttl::epoch_seconds), Some(36 * 3600));
    Ok(())
}

#[tokio::test]
async fn a_record_is_one_action_of_the_hundred() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::builder(&db).recorded(Record::new()).begin();
    for map in 0..100 {
        tx.insert(DoomMap::new(2, map, "m"))?;
    }
    faults.clear_log();
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn without_the_table_of_records_nothing_is_written_and_the_error_names_it() -> Outcome {
    let (db, _) = store().await;
    Table::<TransactionRecord>::delete(&db).with_all_items().await?;
    let tx = Transaction::builder(&db).recorded(Record::new()).begin();
    pay(&tx, 30).await?;
    let error = tx.commit().await.expect_err("no table");
    assert!(
        matches!(&error, Error::NoSuchTable(tables) if tables.contains("dynamap_transactions")),
        "{error}"
    );
    assert_eq!(balances(&db).await, (100, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_dropped_at_the_deadline() -> Outcome {
    let (db, faults) = store().await;
    let never = Transaction::run(&db, |tx| async move {
        pay(&tx, 30).await?;
        std::future::pending::<()>().await;
        Ok::<_, Error>(())
    });
    let error = never.deadline(Duration::from_secs(7)).await.expect_err("too slow");
    assert!(
        matches!(&error, RunError::Failed(Error::DeadlineExceeded(time)) if time.as_secs() == 7)
    );
    assert_eq!(faults.count("TransactWriteItems"), 0);

    let tx = Transaction::builder(&db).deadline(Duration::from_secs(1)).begin();
    pay(&tx, 30).await?;
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(matches!(tx.commit().await, Err(Error::DeadlineExceeded(_))));
    assert_eq!(faults.count("TransactWriteItems"), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_about_transactions_can_be_spawned() -> Outcome {
    let (db, _) = store().await;
    Gapless::create_table(&db).await?;
    let tasks: Vec<_> = (0..8)
        .map(|order| {
            let db = db.clone();
            tokio::spawn(async move {
                let key = format!("order {order}");
                let left = Transaction::run(&db, |tx| async move {
                    Gapless::new("orders").next(&tx).await?;
                    DoomMap::query(&tx, 1).try_collect().await?;
                    pay(&tx, 1).await
                })
                .attempts(1000)
                .recorded(Record::with_key(&key).requester("ann"))
                .await
                .map_err(|error| error.to_string())?;
                let tx = Transaction::begin(&db);
                tx.require::<Account>(1, Account::BALANCE.le(left)).map_err(|e| e.to_string())?;
                tx.commit().await.map_err(|error| error.to_string())?;
                let mut snapshot = Snapshot::of(&db);
                let one = snapshot.get::<Account>(1);
                let found = snapshot.read().await.map_err(|error| error.to_string())?;
                found.take(one).map_err(|error| error.to_string())?;
                let decided = Transaction::resolve(&db, &key).await;
                decided.map(|decided| decided.is_committed()).map_err(|error| error.to_string())
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await??);
    }
    assert_eq!(balances(&db).await, (92, 8));
    Ok(())
}

#[tokio::test]
async fn work_cannot_commit_by_itself_and_a_result_that_does_not_read_back_is_not_kept() -> Outcome
{
    let (db, faults) = store().await;
    let early = Transaction::run(&db, |tx| async move {
        pay(&tx, 30).await?;
        tx.commit().await.map(drop)
    });
    assert!(matches!(early.await, Err(RunError::Aborted(Error::Usage(_)))));
    // Nor can a task that outlives the work.
    let left = std::sync::Mutex::new(None);
    let aborted = Transaction::run(&db, |tx| {
        *left.lock().expect("no panic") = Some(tx.clone());
        async move { pay(&tx, 30).await.and(Err::<(), _>(Error::Usage("no"))) }
    });
    assert!(aborted.await.is_err());
    let tx = left.lock().expect("no panic").take().expect("the transaction");
    assert!(matches!(tx.insert(DoomMap::new(1, 1, "late")), Err(Error::Usage(_))));
    let not_a_number = Transaction::run(&db, |tx| async move {
        pay(&tx, 30).await?;
        Ok::<_, Error>(f64::NAN)
    });
    let refused = not_a_number.recorded(Record::new()).await;
    assert!(matches!(refused, Err(RunError::Failed(Error::Usage(_)))));
    assert_eq!(faults.count("TransactWriteItems"), 0);
    assert_eq!(balances(&db).await, (100, 0));
    Ok(())
}

#[tokio::test]
async fn work_that_fails_by_what_was_never_there_together_is_done_again() -> Outcome {
    let (db, _) = store().await;
    let runs = AtomicU32::new(0);
    let other = db.clone();
    let sum = Transaction::run(&db, |tx| {
        let (first, other) = (runs.fetch_add(1, Ordering::Relaxed) == 0, other.clone());
        async move {
            let one = get(&tx, 1).await?.balance;
            if first {
                // Between the two reads somebody moves money.
                let theirs = Transaction::begin(&other);
                pay(&theirs, 30).await?;
                theirs.commit().await?;
            }
            let two = get(&tx, 2).await?.balance;
            if one + two == 100 { Ok(one + two) } else { Err(Error::Usage("the books are wrong")) }
        }
    });
    assert_eq!(sum.await?, 100);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    Ok(())
}
