//! The unit of work beyond the main path: isolation levels, merging, numbers without gaps, limits, budgets, failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dynamap::error::{BusyCause, Reason};
use dynamap::faults::Fault;
use dynamap::{
    Database, Error, Gapless, Isolation, Model, RetryPolicy, RunError, Table, Transaction,
};

use crate::support::{
    Account, DoomMap, Outcome, Profile, account, accounts, add, get, n, put_raw, s, store, stored,
};

#[tokio::test]
async fn the_weaker_level_checks_only_what_is_written() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 100]).await?;
    // Each takes from one account by what it read of the other.
    let begin = || Transaction::builder(&db).isolation(Isolation::WriteConflict).begin();
    let (one, two) = (begin(), begin());
    for (tx, read, write) in [(&one, 2, 1), (&two, 1, 2)] {
        let other = get(tx, read).await?.balance;
        add(tx, write, -other).await?;
    }
    faults.clear_log();
    one.commit().await?;
    two.commit().await?;
    // One write and nothing else: half the price.
    assert_eq!(faults.count("UpdateItem"), 2);
    assert_eq!(account(&db, 1).await.balance + account(&db, 2).await.balance, 0);

    // What is written is checked here too.
    let tx = begin();
    add(&tx, 1, 1).await?;
    account(&db, 1).await.save(&db).await?;
    assert!(tx.commit().await.expect_err("changed").is_conflict());
    Ok(())
}

/// The program has checked all of the item, and writes one attribute of it; another program, which knows no nonces, changes
/// another one.
#[tokio::test]
async fn a_check_stays_one_where_the_same_item_is_saved_too() -> Outcome {
    for checks_first in [true, false] {
        let (db, _) = store().await;
        Profile::new("ann").insert(&db).await?;
        let tx = Transaction::builder(&db).isolation(Isolation::WriteConflict).begin();
        let mut ann = Profile::get(&db, "ann").await?.expect("there");
        if checks_first {
            tx.check(&ann)?;
        }
        ann.name = Some("Ann".to_owned());
        tx.save(ann)?;
        if !checks_first {
            tx.check(&Profile::get(&tx, "ann").await?.expect("as it is saved"))?;
        }
        let change = db.client().update_item().table_name("profiles").key("login", s("ann"));
        let change = change.update_expression("SET avatar = :a");
        change.expression_attribute_values(":a", n(7)).send().await?;
        assert!(tx.commit().await.expect_err("it was changed").is_conflict(), "{checks_first}");
        let there = stored(&db, "profiles", &[("login", s("ann"))]).await.expect("there");
        assert!(!there.contains("display-name"), "nothing was written");
    }
    Ok(())
}

#[tokio::test]
async fn a_model_without_a_version_is_protected_by_all_that_was_read() -> Outcome {
    let (db, _) = store().await;
    // Programs that know neither version nor nonce.
    let mut item = Profile::new("ann").encode()?;
    item.remove("_schema");
    let raw: Vec<_> = item.iter().map(|(name, value)| (name, value.clone())).collect();
    for (isolation, conflict) in
        [(Isolation::Serializable, true), (Isolation::WriteConflict, false)]
    {
        put_raw(&db, "profiles", &raw).await;
        let tx = Transaction::builder(&db).isolation(isolation).begin();
        let mut ann = Profile::get(&tx, "ann").await?.expect("there");
        ann.name = Some(format!("{} of {}", ann.login, ann.address.city));
        tx.save(ann)?;
        // The program decided by the city.
        let mut moved = Profile::new("ann");
        moved.address.city = "Basel".to_owned();
        let mut moved = moved.encode()?;
        moved.remove("_schema");
        let moved: Vec<_> = moved.iter().map(|(name, value)| (name, value.clone())).collect();
        put_raw(&db, "profiles", &moved).await;
        assert_eq!(tx.commit().await.is_err(), conflict, "{isolation:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_was_begun_apart_can_be_merged() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0, 0]).await?;
    let order = Transaction::begin(&db);
    add(&order, 1, -30).await?;
    let shipping = Transaction::begin(&db);
    add(&shipping, 2, 30).await?;
    let map = shipping.insert(DoomMap::new(1, 1, "Hangar"))?;
    let read = get(&shipping, 3).await?.balance;
    order.merge(shipping.clone())?;
    // It sees what it took over, and the other one is finished.
    assert_eq!(get(&order, 2).await?.balance, 30);
    assert!(matches!(shipping.commit().await, Err(Error::Usage(_))));
    faults.clear_log();
    let receipt = order.commit().await?;
    assert_eq!(receipt.take(map)?.name, "Hangar");
    let items = faults.requests()[0].body["TransactItems"].as_array().map(Vec::len);
    assert_eq!((items, read), (Some(4), 0));
    Ok(())
}

#[tokio::test]
async fn what_a_merged_transaction_read_is_checked() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    let (tx, other) = (Transaction::begin(&db), Transaction::begin(&db));
    let read = get(&other, 2).await?;
    add(&tx, 1, 1).await?;
    tx.merge(other)?;
    let mut winner = read;
    winner.balance = 7;
    winner.save(&db).await?;
    assert!(tx.commit().await.expect_err("account 2 was read").is_conflict());
    Ok(())
}

#[tokio::test]
async fn transactions_that_know_an_item_differently_are_not_merged() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[100, 0]).await?;
    // One read it before a change of somebody else, one after.
    let (before, after) = (Transaction::begin(&db), Transaction::begin(&db));
    get(&before, 1).await?;
    let mut changed = account(&db, 1).await;
    changed.balance = 5;
    changed.save(&db).await?;
    get(&after, 1).await?;
    add(&before, 2, 1).await?;
    assert!(before.merge(after).expect_err("two states").is_conflict());
    // Both wrote it.
    let (one, two) = (Transaction::begin(&db), Transaction::begin(&db));
    add(&one, 2, 1).await?;
    add(&two, 2, 2).await?;
    assert!(one.merge(two).expect_err("two writes").is_conflict());
    assert_eq!(get(&one, 2).await?.balance, 1);
    one.commit().await?;
    assert_eq!(account(&db, 2).await.balance, 1);

    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    let open = Transaction::begin(&db);
    assert!(matches!(open.merge(nested), Err(Error::Usage(_))));
    let (elsewhere, _) = store().await;
    assert!(matches!(open.merge(Transaction::begin(&elsewhere)), Err(Error::Usage(_))));
    Ok(())
}

const INVOICES: Gapless = Gapless::new("invoices");

#[tokio::test]
async fn numbers_without_gaps_are_given_back_with_a_rollback() -> Outcome {
    let (db, _) = store().await;
    Gapless::create_table(&db).await?;
    let tx = Transaction::begin(&db);
    assert_eq!(INVOICES.next(&tx).await?, 1);
    let nested = tx.nested();
    assert_eq!(INVOICES.next(&nested).await?, 2);
    drop(nested);
    assert_eq!(INVOICES.next(&tx).await?, 2);
    assert_eq!(Gapless::new("orders").next(&tx).await?, 1);
    drop(tx);
    let tx = Transaction::begin(&db);
    assert_eq!((INVOICES.next(&tx).await?, INVOICES.next(&tx).await?), (1, 2));
    tx.commit().await?;
    let tx = Transaction::begin(&db);
    assert_eq!(INVOICES.next(&tx).await?, 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_without_gaps_stay_so_under_concurrency() -> Outcome {
    let (db, _) = store().await;
    // All are in each other's way: they may repeat as often as they must.
    let mut policy = RetryPolicy::default();
    policy.budget = u32::MAX;
    let db = Database::builder(db.client().clone()).retry(policy).build();
    Gapless::create_table(&db).await?;
    let failed = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..8u32)
        .map(|task| {
            let (db, failed) = (db.clone(), Arc::clone(&failed));
            tokio::spawn(async move {
                for round in 0..5u32 {
                    let done = Transaction::run(&db, |tx| async move {
                        let number = INVOICES.next(&tx).await?;
                        let episode = u32::try_from(number).unwrap_or_default();
                        tx.insert(DoomMap::new(episode, 0, &format!("{task} {round}")))?;
                        // Some change their mind.
                        if round == 3 { Err(Error::Usage("no")) } else { Ok(number) }
                    });
                    match done.attempts(1000).await {
                        Ok(_) => {}
                        Err(RunError::Aborted(_)) => drop(failed.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    assert_eq!(failed.load(Ordering::Relaxed), 8);
    let mut numbers: Vec<u32> =
        DoomMap::scan(&db).try_collect().await?.iter().map(|map| map.episode).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=32).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn items_that_are_too_large_together_are_refused_and_the_largest_is_named() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    for map in 1..=11 {
        let size = if map == 7 { 390_000 } else { 380_500 };
        tx.insert(DoomMap::new(1, map, &"x".repeat(size)))?;
    }
    faults.clear_log();
    let error = tx.commit().await.expect_err("4 MB");
    assert!(matches!(&error, Error::Limit { limit: 4_194_304, .. }), "{error}");
    assert!(error.to_string().contains("map = 7"), "{error}");
    assert!(faults.requests().is_empty());

    // One item alone, named too; what is there before counts as well.
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 1, "small"))?;
    tx.insert(DoomMap::new(1, 2, &"x".repeat(410_000)))?;
    let error = tx.commit().await.expect_err("400 KB");
    assert!(error.to_string().contains("map = 2"), "{error}");
    for map in 1..=11 {
        DoomMap::new(2, map, &"x".repeat(385_000)).insert(&db).await?;
    }
    let tx = Transaction::begin(&db);
    for map in 1..=11 {
        let mut loaded = DoomMap::get(&tx, (2, map)).await?.expect("there");
        loaded.name = "short".to_owned();
        tx.save(loaded)?;
    }
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 4_194_304, .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_names_the_items_and_their_handles() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    let tx = Transaction::begin(&db);
    let mut one = get(&tx, 1).await?;
    one.balance = 1;
    let one = tx.save(one)?;
    let mut two = get(&tx, 2).await?;
    two.balance = 1;
    let two = tx.save(two)?;
    faults.always("TransactWriteItems", Fault::TransactionConflict);
    let error = tx.commit().await.expect_err("never free");
    let Error::Busy(busy) = &error else { panic!("{error:?}") };
    assert_eq!(busy.cause, BusyCause::Contended);
    assert_eq!(one.failure(&error).map(|f| f.reason().clone()), Some(Reason::TransactionConflict));
    assert!(two.failure(&error).is_none());
    assert!(error.to_string().contains("item (id = 1) of table accounts"), "{error}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_nothing_is_repeated_but_what_may_have_been_applied() -> Outcome {
    let faults = dynamap::faults::Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.budget = 11;
    let db = Database::builder(client).seed(7).retry(policy).build();
    Table::<Account>::create(&db).await?;
    accounts(&db, &[100]).await?;
    // Successes never bring more than the budget: two repetitions.
    faults.always("UpdateItem", Fault::Throttle);
    let mut loaded = account(&db, 1).await;
    faults.clear_log();
    loaded.balance += 1;
    let error = loaded.save(&db).await.expect_err("throttled");
    assert!(matches!(&error, Error::Busy(busy) if busy.cause == BusyCause::Throttled));
    assert_eq!(faults.count("UpdateItem"), 3);
    // Nothing left: not even one, nor work done again.
    faults.clear_log();
    assert!(matches!(loaded.save(&db).await, Err(Error::Busy(_))));
    assert_eq!(faults.count("UpdateItem"), 1);
    faults.clear();
    let runs = AtomicU32::new(0);
    let contended = Transaction::run(&db, |tx| {
        runs.fetch_add(1, Ordering::Relaxed);
        let db = &db;
        async move {
            add(&tx, 1, 1).await?;
            let mut other = account(db, 1).await;
            other.balance += 10;
            other.save(db).await
        }
    });
    assert!(matches!(contended.await, Err(RunError::Failed(error)) if error.is_conflict()));
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    // What may have been applied is repeated all the same, and its success pays back.
    let mut loaded = account(&db, 1).await;
    loaded.balance = 7;
    for _ in 0..4 {
        faults.next("UpdateItem", Fault::LoseAnswer);
    }
    loaded.save(&db).await?;
    assert_eq!(account(&db, 1).await.balance, 7);
    Ok(())
}

#[tokio::test]
async fn several_labelled_conditions_on_one_item_are_told_apart() -> Outcome {
    let (db, _) = store().await;
    accounts(&db, &[5]).await?;
    for (owner, least, failed) in [
        ("someone", 10, vec!["solvent"]),
        ("nobody", 5, vec!["known"]),
        ("nobody", 10, vec!["known", "solvent"]),
    ] {
        let error = Account::update(&db, 1)
            .add(Account::BALANCE, 1)
            .when(Account::OWNER.eq(owner).label("known"))
            .when((Account::BALANCE.ge(least) | Account::BALANCE.lt(0)).label("solvent"))
            .await
            .expect_err("refused");
        let Error::Conflict(conflict) = &error else { panic!("{error:?}") };
        assert_eq!(conflict.failures()[0].labels(), failed);
        assert!(error.to_string().contains(&failed.join(", ")), "{error}");
    }
    // Labels inside labels, alternatives, and negations, which have no failing part.
    let error = Account::delete(&db, 1)
        .when(
            (Account::BALANCE.gt(9).label("rich") | Account::OWNER.eq("ann").label("ann"))
                .label("either")
                & !Account::BALANCE.eq(5).label("five"),
        )
        .await
        .expect_err("refused");
    let Error::Conflict(conflict) = error else { panic!("{error:?}") };
    assert_eq!(conflict.failures()[0].labels(), ["either", "rich", "ann"]);
    Account::update(&db, 1)
        .add(Account::BALANCE, 1)
        .when(Account::BALANCE.eq(5).label("five"))
        .await?;
    assert_eq!(account(&db, 1).await.balance, 6);
    Ok(())
}

/// What a program can do wrong with a transaction: each is a typed error, and nothing is sent.
#[tokio::test]
async fn misuse_is_a_typed_error_and_sends_nothing() -> Outcome {
    let (db, faults) = store().await;
    accounts(&db, &[100, 0]).await?;
    let is_usage = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Usage(_))), "{result:?}");
    };
    // Committed twice, used after the commit.
    let tx = Transaction::begin(&db);
    add(&tx, 1, 1).await?;
    let finished = tx.clone();
    tx.commit().await?;
    let loaded = account(&db, 2).await;
    faults.clear_log();
    is_usage(finished.clone().commit().await.map(drop));
    is_usage(get(&finished, 1).await.map(drop));
    is_usage(finished.check(&loaded).map(drop));
    is_usage(finished.insert(DoomMap::new(1, 1, "m")).map(drop));
    is_usage(finished.write(Account::update(&db, 1).add(Account::BALANCE, 1)).map(drop));
    is_usage(finished.require::<Account>(1, Account::BALANCE.gt(0)).map(drop));
    is_usage(finished.merge(Transaction::begin(&db)));
    is_usage(finished.nested().commit().await.map(drop));
    is_usage(finished.save(loaded).map(drop));

    // The parent while a nested one is open; the nested one after its parent.
    let parent = Transaction::begin(&db);
    let nested = parent.nested();
    is_usage(parent.insert(DoomMap::new(1, 1, "m")).map(drop));
    is_usage(parent.require::<Account>(1, Account::BALANCE.gt(0)).map(drop));
    is_usage(parent.clone().commit().await.map(drop));
    parent.rollback();
    is_usage(nested.insert(DoomMap::new(1, 1, "m")).map(drop));
    is_usage(nested.commit().await.map(drop));
    assert!(faults.requests().is_empty());

    // Conditions that contradict each other: no item fulfils both, and the labels say so.
    let tx = Transaction::begin(&db);
    let one = tx.require::<Account>(1, Account::BALANCE.lt(50).label("poor"))?;
    tx.require::<Account>(1, Account::BALANCE.gt(50).label("rich"))?;
    tx.write(Account::update(&db, 2).add(Account::BALANCE, 1))?;
    let error = tx.commit().await.expect_err("both");
    assert_eq!(one.failure(&error).expect("its failure").labels(), ["poor"]);
    assert_eq!(account(&db, 2).await.balance, 0);
    Ok(())
}
