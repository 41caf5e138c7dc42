//! Unique values inside transactions.

use dynamap::Transaction;

use super::*;
use crate::support::Outcome;

#[tokio::test]
async fn two_users_swap_their_emails_in_one_transaction() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    User::new(2, "b@x").insert(&db).await?;
    let tx = Transaction::begin(&db);
    let (mut one, mut two) =
        (User::get(&tx, 1).await?.expect("there"), User::get(&tx, 2).await?.expect("there"));
    std::mem::swap(&mut one.email, &mut two.email);
    tx.save(one)?;
    tx.save(two)?;
    sent(&faults);
    tx.commit().await?;
    assert_eq!(sent(&faults), ["TransactWriteItems"]);
    assert_eq!(user(&db, 1).await.email.as_deref(), Some("b@x"));
    assert_guarded(&db).await;
    // By key too, and back.
    let tx = Transaction::begin(&db);
    tx.write(User::update(&db, 1).set(User::EMAIL, "a@x"))?;
    tx.write(User::update(&db, 2).set(User::EMAIL, "b@x"))?;
    tx.commit().await?;
    assert_eq!(user(&db, 1).await.email.as_deref(), Some("a@x"));
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn a_value_given_up_in_a_transaction_can_be_taken_in_it() -> Outcome {
    let (db, _) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.write(User::delete(&db, 1).unchecked())?;
    tx.insert(User::new(2, "a@x"))?;
    tx.commit().await?;
    assert_guarded(&db).await;
    let tx = Transaction::begin(&db);
    let two = User::get(&tx, 2).await?.expect("there");
    tx.insert(User::new(3, "a@x"))?;
    tx.delete(two)?;
    let receipt = tx.commit().await?;
    assert!(!receipt.is_replay());
    assert_eq!(guards(&db).await.into_values().collect::<Vec<_>>(), [3]);
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn two_inserts_of_one_value_are_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    tx.insert(User::new(1, "a@x"))?;
    let second = tx.insert(User::new(2, "a@x"))?;
    sent(&faults);
    let error = tx.commit().await.expect_err("twice");
    assert_eq!(sent(&faults), [""; 0]);
    assert_eq!(taken(&error), ("email", key(1)));
    assert!(second.failure(&error).is_some());
    assert_eq!(guards(&db).await.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_taken_value_is_the_failure_of_its_item_and_the_work_is_not_repeated() -> Outcome {
    let (db, _) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    let tx = Transaction::begin(&db);
    let fine = tx.insert(User::new(2, "b@x"))?;
    let taken_one = tx.insert(User::new(3, "a@x"))?;
    let error = tx.commit().await.expect_err("taken");
    assert!(fine.failure(&error).is_none());
    let failure = taken_one.failure(&error).expect("its failure");
    assert_eq!((failure.reason(), failure.owner().cloned()), (&NOT_UNIQUE, key(1)));
    assert_eq!((failure.table(), failure.key()), ("users", &key(3).expect("a key")));
    let works = std::sync::atomic::AtomicU32::new(0);
    let run = Transaction::run(&db, |tx| {
        works.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            let mut one = User::get(&tx, 1).await?.expect("there");
            one.note = "x".to_owned();
            tx.save(one)?;
            tx.insert(User::new(3, "a@x")).map(drop)
        }
    });
    assert!(run.await.is_err());
    assert_eq!(works.into_inner(), 1);
    assert_guarded(&db).await;
    Ok(())
}

const NOT_UNIQUE: Reason = Reason::NotUnique { constraint: "email" };

#[tokio::test]
async fn what_a_nested_transaction_rolled_back_takes_no_value() -> Outcome {
    let (db, _) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    let tx = Transaction::begin(&db);
    let nested = tx.nested();
    nested.insert(User::new(2, "b@x"))?;
    nested.write(User::delete(&db, 1).unchecked())?;
    nested.rollback();
    let nested = tx.nested();
    nested.insert(User::new(3, "c@x"))?;
    nested.commit().await?;
    // Inserted and deleted in one transaction: never there.
    tx.insert(User::new(4, "d@x"))?;
    let four = User::get(&tx, 4).await?.expect("its own write");
    tx.delete(four)?;
    tx.commit().await?;
    assert_eq!(guards(&db).await.len(), 2);
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn guards_count_among_the_actions_of_a_transaction() -> Outcome {
    let (db, _) = store().await;
    for (users, fits) in [(50, true), (51, false)] {
        let tx = Transaction::begin(&db);
        for id in 0..users {
            tx.insert(User::new(1000 * users + id, &format!("{id}@{users}")))?;
        }
        match tx.commit().await {
            Ok(_) => assert!(fits),
            Err(Error::Limit { what, limit, found, .. }) => {
                assert!(what.contains("guards") && !fits, "{what}");
                assert_eq!((limit, found), (100, 102));
            }
            Err(error) => return Err(error.into()),
        }
    }
    assert_guarded(&db).await;
    Ok(())
}
