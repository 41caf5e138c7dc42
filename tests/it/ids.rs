//! Auto-increment hash keys.

use std::collections::BTreeSet;

use dynamap::faults::Fault;
use dynamap::{Error, Model, Transaction};

use crate::support::{Account, Outcome, n, put_raw, s, store};

#[tokio::test]
async fn ids_count_from_1() -> Outcome {
    let (db, _) = store().await;
    for expected in 1..=3 {
        assert_eq!(Account::of("someone", 1).insert(&db).await?.id, expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ids_are_unique_under_concurrency() -> Outcome {
    let (db, _) = store().await;
    let tasks = (0..8).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..25 {
                ids.push(Account::of("someone", 1).insert(&db).await.expect("an insert").id);
            }
            ids
        })
    });
    let mut ids = BTreeSet::new();
    for task in tasks.collect::<Vec<_>>() {
        ids.extend(task.await?);
    }
    assert_eq!(ids.len(), 200);
    Ok(())
}

#[tokio::test]
async fn ids_are_not_used_again_after_a_delete() -> Outcome {
    let (db, _) = store().await;
    let first = Account::of("Ann", 1).insert(&db).await?;
    first.delete(&db).await?;
    assert_eq!(Account::of("Bob", 1).insert(&db).await?.id, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_id_whose_answer_is_lost_is_a_gap() -> Outcome {
    let (db, faults) = store().await;
    faults.next("UpdateItem", Fault::LoseAnswer);
    assert_eq!(Account::of("Ann", 1).insert(&db).await?.id, 2);
    Ok(())
}

#[tokio::test]
async fn a_key_given_explicitly_raises_the_counter() -> Outcome {
    let (db, _) = store().await;
    let ann = Account { id: 7, ..Account::of("Ann", 1) }.insert(&db).with_own_key().await?;
    assert_eq!(ann.id, 7);
    assert_eq!(Account::of("Bob", 1).insert(&db).await?.id, 8);
    let low = Account { id: 3, ..Account::of("Cid", 1) }.insert(&db).with_own_key().await?;
    assert_eq!(low.id, 3);
    assert_eq!(Account::of("Dan", 1).insert(&db).await?.id, 9);
    Ok(())
}

#[tokio::test]
async fn counters_are_apart_for_each_prefix() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let database = |prefix| dynamap::Database::builder(client.clone()).table_prefix(prefix).build();
    for db in [database("staging_"), database("test_")] {
        dynamap::Table::<Account>::create(&db).await?;
        assert_eq!(Account::of("Ann", 1).insert(&db).await?.id, 1);
    }
    let tables = client.list_tables().send().await?.table_names.unwrap_or_default();
    let expected =
        ["staging_accounts", "staging_dynamap_counters", "test_accounts", "test_dynamap_counters"];
    assert_eq!(tables, expected);
    Ok(())
}

#[tokio::test]
async fn a_counter_that_is_wrong_fails_loudly_and_overwrites_nothing() -> Outcome {
    let (db, _) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("old")), ("balance", n(5))]).await;
    let error = Account::of("Ann", 1).insert(&db).await.expect_err("taken");
    assert!(error.is_conflict());
    assert_eq!(error.winner::<Account>()?.expect("there").owner, "old");
    Ok(())
}

#[tokio::test]
async fn an_insert_in_a_transaction_takes_its_id_at_commit() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    let ann = tx.insert(Account::of("Ann", 1))?;
    let nested = tx.nested();
    let bob = nested.insert(Account::of("Bob", 2))?;
    nested.commit().await?;
    let lost = tx.nested();
    let cid = lost.insert(Account::of("Cid", 3))?;
    drop(lost);
    assert!(faults.requests().is_empty());
    let receipt = tx.commit().await?;
    let (ann, bob) = (receipt.take(ann)?, receipt.take(bob)?);
    assert_eq!((ann.id, ann.owner.as_str(), ann.version), (1, "Ann", 1));
    assert_eq!((bob.id, bob.owner.as_str()), (2, "Bob"));
    assert!(matches!(receipt.take(cid), Err(Error::Usage(_))));
    assert_eq!(Account::scan(&db).try_collect().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_key_given_in_a_transaction_is_never_given_out_again() -> Outcome {
    let (db, _) = store().await;
    let tx = Transaction::begin(&db);
    let child = tx.nested();
    child.insert_with_own_key(Account { id: 7, ..Account::of("Ann", 1) })?;
    assert_eq!(Account::get(&child, 7).await?.expect("its own write").owner, "Ann");
    child.commit().await?;
    tx.commit().await?;
    assert_eq!(Account::of("Bob", 1).insert(&db).await?.id, 8);
    let tx = Transaction::begin(&db);
    tx.insert_with_own_key(Account { id: 7, ..Account::of("Cid", 1) })?;
    assert!(tx.commit().await.expect_err("taken").is_conflict());
    Ok(())
}
