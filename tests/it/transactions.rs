//! Transactions: all or nothing, what they see, nesting, conflicts, re-running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dynamap::error::Reason;
use dynamap::faults::Fault;
use dynamap::{Database, Error, Model, RunError, Transaction};

use crate::support::{Account, DoomMap, Outcome, Profile, account, accounts, add, get, store};

async fn balances(db: &Database) -> Vec<i64> {
    let mut all = Account::scan(db).consistent().try_collect().await.expect("a scan");
    all.sort_by_key(|account| account.id);
    all.iter().map(|account| account.balance).collect()
}

#[tokio::test]
async fn nothing_is_sent_before_commit_and_everything_in_one_request() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0, 7]).await?;
    let tx = Transaction::begin(&db);
    let mut from = get(&tx, 1).await?;
    faults.clear_log();
    from.balance -= 10;
    tx.save(from)?;
    tx.insert(DoomMap::new(1, 1, "Hangar"))?;
    let mut to = get(&tx, 2).await?;
    to.balance += 10;
    tx.save(to)?;
    tx.delete(get(&tx, 3).await?)?;
    assert_eq!(balances(&db).await, [100, 0, 7]);
    faults.clear_log();
    tx.commit().await?;
    let requests = faults.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].operation, "TransactWriteItems");
    assert_eq!(requests[0].body["TransactItems"].as_array().map(Vec::len), Some(4));
    assert_eq!(balances(&db).await, [90, 10]);
    assert!(DoomMap::get(&db, (1, 1)).consistent().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn one_conflict_undoes_everything_and_is_found_on_its_handle() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0, 0]).await?;
    let tx = Transaction::begin(&db);
    let (mut one, mut two, mut three) =
        (get(&tx, 1).await?, get(&tx, 2).await?, get(&tx, 3).await?);
    one.balance -= 20;
    two.balance += 10;
    three.balance += 10;
    let (one, two, three) = (tx.save(one)?, tx.save(two)?, tx.save(three)?);
    let map = tx.insert(DoomMap::new(1, 1, "mine"))?;

    let mut other = account(&db, 2).await;
    other.balance = 5;
    other.save(&db).await?;
    account(&db, 3).await.delete(&db).await?;
    DoomMap::new(1, 1, "theirs").insert(&db).await?;

    let error = tx.commit().await.expect_err("three conflicts");
    assert!(one.failure(&error).is_none());
    let failure = two.failure(&error).expect("changed");
    assert_eq!(failure.reason(), &Reason::Changed { expected: Some(1), actual: Some(2) });
    assert_eq!(failure.stored::<Account>()?.expect("there").balance, 5);
    let failure = three.failure(&error).expect("deleted");
    assert_eq!(failure.reason(), &Reason::Deleted);
    assert!(failure.stored::<Account>()?.is_none());
    let failure = map.failure(&error).expect("taken");
    assert_eq!(failure.reason(), &Reason::AlreadyExists);
    assert_eq!(failure.stored::<DoomMap>()?.expect("there").name, "theirs");
    assert_eq!(error.winner::<DoomMap>()?.expect("there").name, "theirs");
    assert_eq!(balances(&db).await, [100, 5]);
    Ok(())
}

#[tokio::test]
async fn what_was_only_read_is_checked_at_commit() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    // Write skew: each writes one account by what it read of the other.
    let tx = Transaction::begin(&db);
    let limit = get(&tx, 2).await?.balance;
    add(&tx, 1, limit + 1).await?;
    let absent = DoomMap::get(&tx, (9, 9)).await?;
    assert!(absent.is_none());
    let mut other = account(&db, 2).await;
    other.balance = 50;
    other.save(&db).await?;
    faults.clear_log();
    let error = tx.commit().await.expect_err("account 2 was read");
    assert_eq!(error.winner::<Account>()?.expect("there").balance, 50);
    let checks = faults.requests()[0].body["TransactItems"].to_string();
    assert_eq!(checks.matches("\"ConditionCheck\":").count(), 2, "{checks}");

    // Also what was read as absent.
    let tx = Transaction::begin(&db);
    assert!(DoomMap::get(&tx, (1, 1)).await?.is_none());
    add(&tx, 1, 1).await?;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    assert!(tx.commit().await.expect_err("it is there now").is_conflict());
    assert_eq!(balances(&db).await, [100, 50]);
    Ok(())
}

#[tokio::test]
async fn a_transaction_of_one_write_is_a_plain_conditional_write() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, 1).await?;
    faults.clear_log();
    tx.commit().await?;
    assert_eq!(faults.count("UpdateItem"), 1);
    assert_eq!(faults.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn reads_see_own_writes_and_are_repeatable() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, -10).await?;
    assert_eq!(get(&tx, 1).await?.balance, 90);
    add(&tx, 1, -10).await?;
    assert_eq!(get(&tx, 1).await?.balance, 80);
    let two = get(&tx, 2).await?;
    let mut other = account(&db, 2).await;
    other.balance = 5;
    other.save(&db).await?;
    faults.clear_log();
    assert_eq!(get(&tx, 2).await?.balance, two.balance);
    assert!(faults.requests().is_empty());

    // Insert, change, delete: seen at every step, and folded into nothing.
    tx.insert(DoomMap::new(1, 1, "Hangar"))?;
    let mut map = DoomMap::get(&tx, (1, 1)).await?.expect("own insert");
    map.name = "Other".to_owned();
    tx.save(map)?;
    let map = DoomMap::get(&tx, (1, 1)).await?.expect("own save");
    assert_eq!(map.name, "Other");
    tx.delete(map)?;
    assert!(DoomMap::get(&tx, (1, 1)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn several_writes_of_one_item_are_folded_into_one() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 1]).await?;
    DoomMap::new(2, 1, "old").insert(&db).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, 1).await?;
    add(&tx, 1, 1).await?;
    tx.insert(DoomMap::new(1, 1, "Hangar"))?;
    let mut map = DoomMap::get(&tx, (1, 1)).await?.expect("own insert");
    map.name = "Other".to_owned();
    let map = tx.save(map)?;
    // A delete and an insert of the same key: one put, another life of the key.
    tx.delete(DoomMap::get(&tx, (2, 1)).await?.expect("there"))?;
    tx.insert(DoomMap::new(2, 1, "new"))?;
    let receipt = tx.commit().await?;
    let one = account(&db, 1).await;
    assert_eq!((one.balance, one.version), (102, 2));
    let map = receipt.take(map)?;
    assert_eq!((map.name.as_str(), map.version), ("Other", 1));
    let map = DoomMap::get(&db, (2, 1)).consistent().await?.expect("there");
    assert_eq!((map.name.as_str(), map.version), ("new", 1));
    Ok(())
}

#[tokio::test]
async fn an_object_loaded_twice_cannot_overwrite_itself() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    let (mut a, mut b) = (get(&tx, 1).await?, get(&tx, 1).await?);
    a.balance += 1;
    b.balance += 2;
    tx.save(a)?;
    assert!(tx.save(b).expect_err("it started from another state").is_conflict());
    assert!(tx.insert(DoomMap::new(1, 1, "a")).is_ok());
    let error = tx.insert(DoomMap::new(1, 1, "b")).expect_err("taken in this transaction");
    assert!(error.is_conflict());
    Ok(())
}

#[tokio::test]
async fn the_receipt_gives_what_is_stored_ready_to_save_again() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    let mut one = get(&tx, 1).await?;
    one.balance = 1;
    let one = tx.save(one)?;
    let gone = tx.insert(DoomMap::new(1, 1, "a"))?;
    tx.delete(DoomMap::get(&tx, (1, 1)).await?.expect("own insert"))?;
    let receipt = tx.commit().await?;
    let mut one = receipt.take(one)?;
    assert_eq!((one.balance, one.version), (1, 2));
    one.balance = 2;
    one.save(&db).await?;
    assert!(receipt.take(gone).is_err());
    Ok(())
}

#[tokio::test]
async fn a_nested_rollback_keeps_the_parents_writes() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, -10).await?;
    let fee = tx.nested();
    add(&fee, 1, -50).await?;
    assert_eq!(get(&fee, 1).await?.balance, 40);
    drop(fee);
    assert_eq!(get(&tx, 1).await?.balance, 90);
    let other = tx.nested();
    add(&other, 2, 10).await?;
    other.rollback();
    add(&tx, 2, 5).await?;
    tx.commit().await?;
    assert_eq!(balances(&db).await, [90, 5]);
    Ok(())
}

#[tokio::test]
async fn nested_transactions_merge_at_any_depth() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0, 0]).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, -1).await?;
    let one = tx.nested();
    add(&one, 1, -1).await?;
    let two = one.nested();
    add(&two, 1, -1).await?;
    add(&two, 2, 3).await?;
    faults.clear_log();
    two.commit().await?;
    let lost = one.nested();
    add(&lost, 3, 77).await?;
    drop(lost);
    one.commit().await?;
    assert_eq!(faults.count("TransactWriteItems") + faults.count("UpdateItem"), 0);
    assert_eq!(get(&tx, 2).await?.balance, 3);
    tx.commit().await?;
    assert_eq!(balances(&db).await, [97, 3, 0]);
    Ok(())
}

#[tokio::test]
async fn what_a_rolled_back_nested_transaction_read_is_still_checked() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    assert_eq!(get(&nested, 2).await?.balance, 0);
    drop(nested);
    add(&tx, 1, 1).await?;
    let mut other = account(&db, 2).await;
    other.balance = 1;
    other.save(&db).await?;
    assert!(tx.commit().await.expect_err("the decision rests on account 2").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_parent_waits_for_its_nested_transaction() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    let error = add(&tx, 1, 1).await.expect_err("nested is open");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    assert!(matches!(tx.clone().commit().await, Err(Error::Usage(_))));
    nested.commit().await?;
    add(&tx, 1, 1).await?;
    let late = tx.clone();
    tx.commit().await?;
    let error = get(&late, 1).await.expect_err("finished");
    assert!(error.to_string().contains("begin a new one"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_dropped_transaction_writes_nothing() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100]).await?;
    let tx = Transaction::begin(&db);
    add(&tx, 1, 1).await?;
    faults.clear_log();
    drop(tx);
    Transaction::begin(&db).rollback();
    assert!(faults.requests().is_empty());
    assert_eq!(balances(&db).await, [100]);
    Ok(())
}

#[tokio::test]
async fn check_requires_what_was_loaded_before_the_transaction() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    let seen = account(&db, 2).await;
    let profile = Profile::new("ann").insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.check(&seen)?;
    let profile = tx.check(&profile)?;
    add(&tx, 1, 1).await?;
    let mut other = Profile::get(&db, "ann").consistent().await?.expect("there");
    other.name = Some("Ann".to_owned());
    other.save(&db).await?;
    let error = tx.commit().await.expect_err("the profile was changed");
    assert!(profile.failure(&error).is_some());

    let tx = Transaction::begin(&db);
    tx.check(&seen)?;
    add(&tx, 1, 1).await?;
    tx.commit().await?;
    assert_eq!(balances(&db).await, [101, 0]);
    Ok(())
}

#[tokio::test]
async fn more_than_100_items_are_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    for (count, fits) in [(100, true), (101, false)] {
        let tx = Transaction::begin(&db);
        for map in 1..=count {
            tx.insert(DoomMap::new(count, map, "many"))?;
        }
        faults.clear_log();
        match tx.commit().await {
            Ok(_) => assert!(fits),
            Err(error) => {
                assert!(matches!(error, Error::Limit { limit: 100, found: 101, .. }), "{error:?}");
                assert!(!fits && faults.requests().is_empty());
            }
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn run_reads_again_and_retries_when_somebody_was_first() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let runs = AtomicU32::new(0);
    let left = Transaction::run(&db, |tx| {
        let (db, runs) = (&db, &runs);
        async move {
            let mut mine = get(&tx, 1).await?;
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                let mut theirs = account(db, 1).await;
                theirs.balance = 50;
                theirs.save(db).await?;
            }
            mine.balance -= 10;
            let left = mine.balance;
            tx.save(mine)?;
            Ok::<_, Error>(left)
        }
    })
    .await?;
    assert_eq!((left, runs.into_inner()), (40, 2));
    assert_eq!(balances(&db).await, [40]);
    Ok(())
}

#[tokio::test]
async fn run_rolls_back_and_returns_the_works_own_error() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let result = Transaction::run(&db, |tx| async move {
        add(&tx, 1, -10).await.map_err(|error| error.to_string())?;
        Err::<(), _>("overdraft".to_owned())
    })
    .await;
    assert!(matches!(result, Err(RunError::Aborted(text)) if text == "overdraft"));
    assert_eq!(balances(&db).await, [100]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn run_gives_up_after_its_attempts_and_at_once_where_retrying_is_no_use() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100]).await?;
    let runs = AtomicU32::new(0);
    let result = Transaction::run(&db, |tx| {
        let (db, runs) = (&db, &runs);
        async move {
            add(&tx, 1, -10).await?;
            runs.fetch_add(1, Ordering::Relaxed);
            account(db, 1).await.save(db).await
        }
    })
    .attempts(3)
    .await;
    assert!(matches!(result, Err(RunError::Failed(error)) if error.is_conflict()));
    assert_eq!(runs.swap(0, Ordering::Relaxed), 3);

    DoomMap::new(1, 1, "theirs").insert(&db).await?;
    let result = Transaction::run(&db, |tx| {
        runs.fetch_add(1, Ordering::Relaxed);
        async move { tx.insert(DoomMap::new(1, 1, "mine")).map(drop) }
    })
    .await;
    assert!(matches!(result, Err(RunError::Failed(error)) if error.is_conflict()));
    assert_eq!(runs.into_inner(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn spawned_transfers_on_one_pair_of_accounts_never_change_the_sum() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[1_000, 1_000]).await?;
    let done = Arc::new(AtomicU32::new(0));
    let tasks = (0..8_i64).map(|task| {
        let (db, done) = (db.clone(), done.clone());
        tokio::spawn(async move {
            for round in 0..10 {
                let amount = task + round;
                let (from, to) = if task % 2 == 0 { (1, 2) } else { (2, 1) };
                let run = Transaction::run(&db, |tx| async move {
                    let (mut a, mut b) = (get(&tx, from).await?, get(&tx, to).await?);
                    a.balance -= amount;
                    b.balance += amount;
                    tx.save(a)?;
                    tx.save(b)?;
                    Ok::<_, Error>(())
                });
                run.attempts(200).await.expect("a transfer");
                done.fetch_add(1, Ordering::Relaxed);
                // Every committed state that anyone can see has the same sum.
                let tx = Transaction::begin(&db);
                let seen = (get(&tx, 1).await, get(&tx, 2).await);
                if let (Ok(a), Ok(b)) = seen
                    && tx.commit().await.is_ok()
                {
                    assert_eq!(a.balance + b.balance, 2_000);
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await?;
    }
    assert_eq!(done.load(Ordering::Relaxed), 80);
    let (one, two) = (account(&db, 1).await, account(&db, 2).await);
    assert_eq!(one.balance + two.balance, 2_000);
    // Each transfer is two writes, applied exactly once: the insert and 80 saves.
    assert_eq!((one.version, two.version), (81, 81));
    // Four tasks of each direction cancel out but for their amounts.
    let moved: i64 =
        (0..8).map(|t| (0..10).map(|r| if t % 2 == 0 { t + r } else { -t - r }).sum::<i64>()).sum();
    assert_eq!(one.balance, 1_000 - moved);
    Ok(())
}

/// Every public entry point can be spawned on a runtime with several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_future_can_be_spawned() -> Outcome {
    let (db, _) = store().await;
    tokio::spawn(async move {
        let mut ann = Account::of("Ann", 1).insert(&db).await?;
        Account { id: 5, ..Account::of("Bob", 1) }.insert(&db).with_own_key().await?;
        ann.balance = 2;
        ann.save(&db).await?;
        Account::get(&db, 1).consistent().await?;
        Account::delete(&db, 5).when(Account::BALANCE.gt(0)).await?;
        Profile::new("ann").insert(&db).await?.delete(&db).await?;
        DoomMap::query(&db, 1).range(DoomMap::MAP.gt(0)).try_collect().await?;
        Account::scan(&db).filter(Account::OWNER.begins_with("A")).try_collect().await?;
        let tx = Transaction::begin(&db);
        let nested = tx.nested();
        Account::get(&nested, 1).await?;
        nested.commit().await?;
        tx.commit().await?;
        let id = String::from("x");
        Transaction::run(&db, |tx| {
            let id = &id;
            async move {
                Profile::get(&tx, id).await?;
                Ok::<_, Error>(())
            }
        })
        .attempts(2)
        .await
        .expect("nothing to conflict with");
        DoomMap::new(1, 1, "a").upsert(&db).await?;
        let mut map = DoomMap::new(1, 1, "a").replace(&db).await?;
        map.reload(&db).await?;
        map.save_if_unchanged(&db).await?;
        DoomMap::new(1, 1, "a").get_or_insert(&db).await?;
        DoomMap::new(1, 2, "a").insert(&db).exactly_once().await?;
        DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "b").returning_new().await?;
        DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "b").exactly_once().await?;
        DoomMap::delete(&db, (1, 1)).unchecked().returning_old().await?;
        DoomMap::new(1, 3, "a").insert(&db).into_sdk().await?;
        DoomMap::new(1, 3, "a").upsert(&db).into_sdk().await?;
        dynamap::Table::<Account>::exists(&db).await?;
        dynamap::Table::<Account>::create_if_missing(&db).await?;
        dynamap::Table::<Account>::delete(&db).with_all_items().await
    })
    .await??;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn reads_alone_are_checked_at_one_moment_and_at_the_price_of_reads() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    // One read was as it was at one moment.
    let tx = Transaction::begin(&db);
    get(&tx, 1).await?;
    faults.clear_log();
    tx.commit().await?;
    assert!(faults.requests().is_empty());

    let tx = Transaction::begin(&db);
    get(&tx, 1).await?;
    get(&tx, 2).await?;
    assert!(DoomMap::get(&tx, (9, 9)).await?.is_none());
    faults.clear_log();
    for fault in [Fault::TransactionConflict, Fault::Throttle, Fault::LoseAnswer] {
        faults.next("TransactGetItems", fault);
    }
    tx.commit().await?;
    let operations: Vec<_> = faults.requests().into_iter().map(|r| r.operation).collect();
    assert_eq!(operations, ["TransactGetItems"; 4]);

    // A sum of two states is no sum.
    let tx = Transaction::begin(&db);
    get(&tx, 1).await?;
    let mut two = account(&db, 2).await;
    two.balance = 7;
    two.save(&db).await?;
    get(&tx, 2).await?;
    let mut one = account(&db, 1).await;
    one.balance = 93;
    one.save(&db).await?;
    let error = tx.commit().await.expect_err("account 1 changed since");
    assert_eq!(error.winner::<Account>()?.expect("there").balance, 93);
    Ok(())
}

#[tokio::test]
async fn a_nested_transaction_of_a_finished_one_is_finished_too() -> Outcome {
    let (db, faults) = store().await;
    Account::of("Ann", 1).insert(&db).await?;
    let outer = Transaction::begin(&db);
    let handle = outer.clone();
    outer.commit().await?;
    let late = handle.nested();
    let mut ann = account(&db, 1).await;
    ann.balance = 9;
    assert!(matches!(late.save(ann), Err(Error::Usage(_))));
    assert!(matches!(late.commit().await, Err(Error::Usage(_))));

    // One that was open when the transaction around it was rolled back does not vanish with an `Ok`.
    let outer = Transaction::begin(&db);
    let child = outer.nested();
    let grandchild = child.nested();
    let mut ann = account(&db, 1).await;
    ann.balance = 9;
    grandchild.save(ann)?;
    child.rollback();
    assert!(matches!(grandchild.commit().await, Err(Error::Usage(_))));
    faults.clear_log();
    assert!(Account::get(&outer.nested(), 1).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn too_many_inserts_take_no_ids() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    for _ in 0..101 {
        tx.insert(Account::of("somebody", 1))?;
    }
    faults.clear_log();
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    assert!(faults.requests().is_empty());
    Ok(())
}
