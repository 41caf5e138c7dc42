//! Requests that arrive late or twice, on the simulated service: what is reported is what is stored, for ever.
//!
//! Two of them are cases that a model check of the protocol found: an effect that happens twice because an attempt
//! without an answer was taken for one that had failed.

use std::sync::Arc;
use std::time::Duration;

use dynamap::{
    Database, Error, Model, Record, RetryPolicy, RunError, Table, Transaction, TransactionRecord,
};
use tokio::sync::Notify;

use crate::sim::{Plan, Sim};
use crate::support::{Account, DoomMap, Outcome, account};

async fn store(seed: u64) -> (Database, Sim) {
    let (sim, client) = Sim::new(seed);
    let mut policy = RetryPolicy::default();
    policy.deadline = Duration::from_mins(1);
    let db = Database::builder(client).seed(seed).retry(policy).build();
    Table::<Account>::create(&db).await.expect("accounts");
    Table::<DoomMap>::create(&db).await.expect("doom_maps");
    Table::<TransactionRecord>::create(&db).await.expect("records");
    for balance in [100, 0] {
        Account::of("someone", balance).insert(&db).await.expect("an account");
    }
    (db, sim)
}

/// A request that never gets an answer and arrives when it is released.
fn stray(sim: &Sim, operation: &str) -> Arc<Notify> {
    let released = Arc::new(Notify::new());
    sim.plan(operation, Plan::Stray(Arc::clone(&released)));
    released
}

async fn arrived(sim: &Sim, stray: &Notify) {
    stray.notify_one();
    while sim.copies() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn pay(tx: &Transaction) -> Result<(), Error> {
    for (id, amount) in [(1, -30), (2, 30)] {
        let mut account = Account::get(tx, id).await?.expect("the account");
        account.balance += amount;
        tx.save(account)?;
    }
    Ok(())
}

async fn balances(db: &Database) -> (i64, i64) {
    (account(db, 1).await.balance, account(db, 2).await.balance)
}

/// Case 10: the first attempt is under way, the second one is refused since another transaction is at the items. Taken for
/// a failure, the work would be done again with a new token, and the first attempt would take effect as well.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_arrives_after_its_repetition_was_refused_has_no_second_effect() -> Outcome
{
    for first_arrives_between in [false, true] {
        let (db, sim) = store(10).await;
        let first = stray(&sim, "TransactWriteItems");
        sim.plan("TransactWriteItems", Plan::Conflict);
        if first_arrives_between {
            first.notify_one();
        }
        let add = |tx: Transaction| {
            let db = &db;
            async move {
                // Nothing that a second effect would trip over.
                tx.write(Account::update(db, 1).add(Account::BALANCE, -30))?;
                tx.write(Account::update(db, 2).add(Account::BALANCE, 30))?;
                Ok::<_, Error>(())
            }
        };
        Transaction::run(&db, add).await?;
        arrived(&sim, &first).await;
        assert_eq!(balances(&db).await, (70, 30), "arrived between: {first_arrives_between}");
    }
    Ok(())
}

/// Case 11: the first attempt is under way when the key that it inserts is taken by somebody else, so that the second one
/// fails; then the key is free again, and the first attempt arrives. Taken for a failure, the work would be done again.
async fn absence_comes_back(
    db: &Database,
    sim: &Sim,
    record: Option<Record>,
) -> Result<(), RunError<Error>> {
    let first = stray(sim, "TransactWriteItems");
    let theirs = DoomMap::new(1, 1, "theirs").insert(db).await.expect("an insert");
    let work = |tx: Transaction| async move {
        let taken = DoomMap::get(&tx, (1, 1)).await?.is_some();
        if !taken {
            tx.insert(DoomMap::new(1, 1, "mine"))?;
        }
        let db = tx.clone();
        for (id, amount) in [(1, -30), (2, 30)] {
            tx.write(
                Account::update(dynamap::Reader::database(&db), id).add(Account::BALANCE, amount),
            )?;
        }
        Ok::<_, Error>(())
    };
    // The work begins before the key is taken.
    theirs.clone().delete(db).await.expect("a delete");
    let run = tokio::spawn({
        let (db, record) = (db.clone(), record);
        async move {
            let run = Transaction::run(&db, work);
            match record {
                Some(record) => run.recorded(record).await,
                None => run.await,
            }
        }
    });
    while sim.copies() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let theirs = DoomMap::new(1, 1, "theirs").insert(db).await.expect("an insert");
    let outcome = run.await.expect("no panic");
    theirs.delete(db).await.expect("a delete");
    arrived(sim, &first).await;
    outcome
}

#[tokio::test(start_paused = true)]
async fn an_insert_whose_key_was_free_again_is_unknown_unless_it_is_recorded() -> Outcome {
    let (db, sim) = store(11).await;
    let outcome = absence_comes_back(&db, &sim, None).await;
    assert!(outcome.as_ref().is_err_and(RunError::is_outcome_unknown), "{outcome:?}");
    // It did arrive: unknown was the truth.
    assert_eq!(balances(&db).await, (70, 30));

    for record in [Record::new(), Record::with_key("order-42")] {
        let (db, sim) = store(11).await;
        absence_comes_back(&db, &sim, Some(record)).await?;
        // Done again, by the second round of the work: the first attempt found the record and had no effect.
        assert_eq!(balances(&db).await, (70, 30));
        assert!(DoomMap::get(&db, (1, 1)).consistent().await?.is_none());
        assert_eq!(TransactionRecord::scan(&db).try_collect().await?.len(), 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn lost_answers_in_a_row_never_lead_to_a_second_effect() -> Outcome {
    for lost in 1..=5 {
        let (db, sim) = store(5).await;
        for _ in 0..lost {
            sim.plan("TransactWriteItems", Plan::Lost);
        }
        let tx = Transaction::begin(&db);
        pay(&tx).await?;
        tx.commit().await?;
        assert_eq!(balances(&db).await, (70, 30), "{lost} commits lost");

        let mut loaded = account(&db, 1).await;
        loaded.balance -= 1;
        for _ in 0..lost {
            sim.plan("UpdateItem", Plan::Lost);
        }
        loaded.save(&db).await?;
        assert_eq!((loaded.balance, loaded.version), (69, 3), "{lost} saves lost");
        assert_eq!(account(&db, 1).await.version, 3);

        for _ in 0..lost {
            sim.plan("PutItem", Plan::Lost);
        }
        let map = DoomMap::new(1, lost, "Hangar").insert(&db).await?;
        assert_eq!(map.version, 1);
    }
    Ok(())
}

/// A copy that arrives after the service has forgotten the token: nine minutes and 59 seconds are within, ten and one not.
#[tokio::test(start_paused = true)]
async fn a_copy_without_its_token_changes_nothing_that_a_version_or_a_record_protects() -> Outcome {
    for seconds in [599, 601] {
        // By version.
        let (db, sim) = store(6).await;
        let late = stray(&sim, "TransactWriteItems");
        let tx = Transaction::begin(&db);
        pay(&tx).await?;
        tx.commit().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        arrived(&sim, &late).await;
        assert_eq!(balances(&db).await, (70, 30), "by version, after {seconds} s");

        // By record: the writes alone could be made twice.
        let (db, sim) = store(6).await;
        let late = stray(&sim, "TransactWriteItems");
        let tx = Transaction::builder(&db).recorded(Record::new()).begin();
        tx.write(Account::update(&db, 1).add(Account::BALANCE, -30))?;
        tx.write(Account::update(&db, 2).add(Account::BALANCE, 30))?;
        tx.commit().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        arrived(&sim, &late).await;
        assert_eq!(balances(&db).await, (70, 30), "by record, after {seconds} s");

        // By token: only while it is known. AWS takes a request for five minutes after it was signed, so that no copy of
        // the real service's is as late as this one.
        let (db, sim) = store(6).await;
        let late = stray(&sim, "TransactWriteItems");
        let tx = Transaction::begin(&db);
        tx.write(Account::update(&db, 1).add(Account::BALANCE, -30))?;
        tx.write(Account::update(&db, 2).add(Account::BALANCE, 30))?;
        tx.commit().await?;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        arrived(&sim, &late).await;
        let twice = seconds > 600;
        assert_eq!(balances(&db).await, if twice { (40, 60) } else { (70, 30) });
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_record_fences_a_copy_that_arrives_after_the_process_has_died() -> Outcome {
    for resolved in [false, true] {
        let (db, sim) = store(7).await;
        let late = stray(&sim, "TransactWriteItems");
        let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
        pay(&tx).await?;
        let dying = tokio::spawn(tx.commit());
        while sim.copies() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        dying.abort();
        // Another process asks, before the copy arrives or after.
        if resolved {
            assert!(!Transaction::resolve(&db, "order-42").await?.is_committed());
        }
        arrived(&sim, &late).await;
        assert_eq!(Transaction::resolve(&db, "order-42").await?.is_committed(), !resolved);
        assert_eq!(balances(&db).await, if resolved { (100, 0) } else { (70, 30) });
    }
    Ok(())
}

/// What read-only transactions beside one transfer saw: how many of a whole were committed, how many of halves were, and
/// how many of halves were refused.
async fn looks(torn_reads: bool) -> Result<(u32, u32, u32), Box<dyn std::error::Error>> {
    let (mut whole, mut half, mut refused) = (0, 0, 0);
    for seed in 0..60 {
        let (db, sim) = store(seed).await;
        sim.apply_slowly(300);
        if torn_reads {
            sim.tear_reads();
        }
        let writer = tokio::spawn({
            let db = db.clone();
            async move {
                let tx = Transaction::begin(&db);
                pay(&tx).await?;
                tx.commit().await
            }
        });
        while !writer.is_finished() {
            let tx = Transaction::begin(&db);
            let mut sum = 0;
            for id in [1, 2] {
                sum += Account::get(&tx, id).await?.expect("the account").balance;
            }
            match tx.commit().await {
                Ok(_) if sum == 100 => whole += 1,
                Ok(_) => half += 1,
                Err(error) => {
                    assert!(error.is_conflict(), "{error}");
                    refused += u32::from(sum != 100);
                }
            }
        }
        writer.await??;
    }
    Ok((whole, half, refused))
}

/// A single read sees an item before or after a transaction is applied to it, so that two can see halves. Whatever the
/// moment, a read-only transaction that was committed has seen a whole.
#[tokio::test(start_paused = true)]
async fn reads_of_a_transaction_that_is_half_applied_are_not_committed() -> Outcome {
    let (whole, half, refused) = looks(false).await?;
    assert!(whole > 0 && half == 0 && refused > 0, "{whole} {half} {refused}");
    // Checked by single reads, they would be: the model's case 5b.
    let (_, half, _) = looks(true).await?;
    assert!(half > 0, "the test is blind");
    Ok(())
}

/// Each takes 100 if 100 are left then, by what it read of both: one of them must fail.
#[tokio::test(start_paused = true)]
async fn two_that_each_write_by_what_they_read_of_the_other_are_not_both_committed() -> Outcome {
    let mut both_tried = 0;
    for seed in 0..30 {
        let (db, _sim) = store(seed).await;
        let mut second = account(&db, 2).await;
        second.balance = 100;
        second.save(&db).await?;
        let withdraw = |from: u64, other: u64| {
            let db = db.clone();
            async move {
                let tx = Transaction::begin(&db);
                let spare = Account::get(&tx, other).await?.expect("the account").balance;
                let mut own = Account::get(&tx, from).await?.expect("the account");
                if own.balance + spare < 200 {
                    return Err(Error::Usage("not enough"));
                }
                own.balance -= 100;
                tx.save(own)?;
                tx.commit().await
            }
        };
        let outcomes = tokio::join!(withdraw(1, 2), withdraw(2, 1));
        let (one, two) = balances(&db).await;
        assert_eq!(one + two, 100, "seed {seed}: {outcomes:?}");
        let conflicts = [
            outcomes.0.is_err_and(|e| e.is_conflict()),
            outcomes.1.is_err_and(|e| e.is_conflict()),
        ];
        both_tried += u32::from(conflicts.contains(&true));
    }
    assert!(both_tried > 5, "{both_tried}");
    Ok(())
}
