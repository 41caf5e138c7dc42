//! Items that were there before the constraint, and guards that other programs left behind.

use dynamap::Unique;
use dynamap::faults::Fault;

use super::*;
use crate::support::{Outcome, put_raw};

async fn put(db: &Database, id: u32, email: &str) {
    let raw = [("id", n(id)), ("email", s(email)), ("tenant", s("t")), ("note", s(""))];
    put_raw(db, "users", &raw).await;
}

#[tokio::test]
async fn a_backfill_makes_what_is_missing_and_reports_what_is_there_twice() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    for (id, email) in [(2, "a@x"), (3, "c@x"), (4, "d@x"), (5, "d@x")] {
        put(&db, id, email).await;
    }
    let report = Unique::<User>::backfill(&db).await?;
    assert_eq!((report.items, report.guards, report.duplicates.len()), (5, 2, 2));
    let of_two = report.duplicates.iter().find(|duplicate| Some(&duplicate.key) == key(2).as_ref());
    let of_two = of_two.expect("2 shares with 1");
    assert_eq!((of_two.constraint, &of_two.owner), ("email", &key(1)));
    User::delete(&db, 2).unchecked().await?;
    User::update(&db, 5).set(User::EMAIL, "e@x").await?;
    let before = guards(&db).await;
    sent(&faults);
    let report = Unique::<User>::backfill(&db).await?;
    // Which of 4 and 5 was first is the store's business; the other one may have had no guard until now.
    assert_eq!((report.items, report.duplicates.len()), (4, 0));
    assert!(report.guards + before.len() == 4);
    assert_guarded(&db).await;
    sent(&faults);
    assert_eq!(Unique::<User>::backfill(&db).await?.guards, 0);
    assert!(!sent(&faults).contains(&"TransactWriteItems".to_owned()), "nothing is missing");
    assert_eq!(Unique::<User>::verify(&db).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_backfill_beside_a_writer_makes_no_guard_of_a_value_that_is_no_more() -> Outcome {
    let (db, faults) = store().await;
    put(&db, 1, "a@x").await;
    let gate = faults.pause("TransactWriteItems");
    let filling = {
        let db = db.clone();
        tokio::spawn(async move { Unique::<User>::backfill(&db).await })
    };
    gate.reached().await;
    // The backfill has read a@x.
    User::update(&db, 1).set(User::EMAIL, "b@x").await?;
    drop(gate);
    assert_eq!(filling.await??.guards, 0, "the writer has made it");
    assert_guarded(&db).await;
    assert!(guards(&db).await.contains_key("5:users0:5:email4:Sb@x"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_backfill_on_a_bad_network_ends_with_every_guard() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::DropBefore, Fault::TransactionConflict, Fault::Throttle]
    {
        let (db, faults) = store().await;
        for id in 1..=3 {
            put(&db, id, &format!("{id}@x")).await;
        }
        faults.next("TransactWriteItems", fault.clone());
        faults.next("Scan", Fault::DropBefore);
        Unique::<User>::backfill(&db).await?;
        assert_guarded(&db).await;
        assert_eq!(guards(&db).await.len(), 3, "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn guards_that_another_program_left_behind_are_found_and_repaired() -> Outcome {
    let (db, _) = store().await;
    for (id, email) in [(1, "a@x"), (2, "b@x"), (3, "c@x")] {
        User::new(id, email).insert(&db).await?;
    }
    // Another program deletes 1, and changes 2.
    db.client().delete_item().table_name("users").key("id", n(1)).send().await?;
    put(&db, 2, "z@x").await;
    assert_eq!(
        taken(&User::new(4, "a@x").insert(&db).await.expect_err("orphan")),
        ("email", key(1))
    );
    let mut owners: Vec<_> =
        Unique::<User>::verify(&db).await?.into_iter().map(|orphan| orphan.owner).collect();
    owners.sort_by_key(|owner| format!("{owner:?}"));
    assert_eq!(owners, [key(1), key(2)]);
    assert_eq!(guards(&db).await.len(), 3, "verifying changes nothing");
    assert_eq!(Unique::<User>::repair(&db).await?.len(), 2);
    assert_eq!(Unique::<User>::verify(&db).await?, []);
    assert_eq!(guards(&db).await.len(), 1);
    Unique::<User>::backfill(&db).await?;
    User::new(4, "a@x").insert(&db).await?;
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn a_repair_leaves_a_guard_that_came_into_use_meanwhile() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    put(&db, 1, "z@x").await;
    let gate = faults.pause("TransactWriteItems");
    let repairing = {
        let db = db.clone();
        tokio::spawn(async move { Unique::<User>::repair(&db).await })
    };
    gate.reached().await;
    User::update(&db, 1).set(User::EMAIL, "a@x").await?;
    drop(gate);
    assert_eq!(repairing.await??, []);
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_item_is_found_by_its_unique_value() -> Outcome {
    let (db, faults) = store().await;
    let mut ann = User::new(1, "a@x").insert(&db).await?;
    User::with_login(2, "t", "bob").insert(&db).await?;
    sent(&faults);
    let found = Unique::find(&db, User::EMAIL, "a@x").await?.expect("it is hers");
    assert_eq!((found.id, sent(&faults)), (1, vec!["GetItem".to_owned(), "GetItem".to_owned()]));
    assert!(Unique::find(&db, User::EMAIL, "b@x").await?.is_none());
    assert!(matches!(Unique::find(&db, User::TENANT, "t").await, Err(Error::Usage(_))));
    assert!(matches!(Unique::find(&db, User::NOTE, "").await, Err(Error::Usage(_))));
    // The value moves between the read of the guard and that of the item: the new owner is found.
    let gate = faults.pause_answer("GetItem");
    let finding = {
        let db = db.clone();
        tokio::spawn(async move { Unique::find(&db, User::EMAIL, "a@x").await })
    };
    gate.reached().await;
    ann.email = None;
    ann.save(&db).await?;
    User::new(3, "a@x").insert(&db).await?;
    drop(gate);
    assert_eq!(finding.await??.expect("it is in use").id, 3);
    // Left behind by another program: the item that is named does not have it.
    put(&db, 3, "z@x").await;
    assert!(Unique::find(&db, User::EMAIL, "a@x").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_repair_that_is_late_leaves_the_guard_of_a_new_owner() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    db.client().delete_item().table_name("users").key("id", n(1)).send().await?;
    let gate = faults.pause("TransactWriteItems");
    let repairing = {
        let db = db.clone();
        tokio::spawn(async move { Unique::<User>::repair(&db).await })
    };
    gate.reached().await;
    assert_eq!(Unique::<User>::repair(&db).await?.len(), 1, "another one was faster");
    User::new(4, "a@x").insert(&db).await?;
    drop(gate);
    assert_eq!(repairing.await??, []);
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 1);
    Ok(())
}
