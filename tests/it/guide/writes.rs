//! `docs/guide/writes.md`: its programs.

use dynamap::faults::Fault;
use dynamap::{Database, Error, Model};

use super::common::{Account, DoomMap, Profile, accounts, store};
use crate::support::Outcome;

#[tokio::test]
async fn a_save_is_refused_where_somebody_was_faster() -> Outcome {
    let test = store().await?;
    let db = test.database().clone();

    let mut ann = Account::of("Ann", 100).insert(&db).await?;
    ann.balance -= 30;
    ann.save(&db).await?; // sends the difference

    Account::update(&db, ann.id).add(Account::BALANCE, 5).await?; // somebody else, without a read

    ann.balance -= 30;
    let error = ann.save(&db).await.expect_err("somebody was faster");
    let mut ann = error.winner::<Account>()?.ok_or("it is gone")?; // the item as it is now
    assert_eq!(ann.balance, 75);
    ann.balance -= 30;
    ann.save(&db).await?;

    assert_eq!(Account::get(&db, ann.id).await?.map(|ann| ann.balance), Some(45));
    Ok(())
}

#[tokio::test]
async fn each_verb_says_where_it_fails() -> Outcome {
    let test = store().await?;
    let db = test.database();
    let map = DoomMap::new(1, 1, "Hangar").insert(db).await?;
    let taken = DoomMap::new(1, 1, "Hangar").insert(db).await;
    assert!(taken.is_err_and(|error| error.is_conflict()));
    let missing = DoomMap::update(db, (1, 9)).set(DoomMap::NAME, "none").await;
    assert!(missing.is_err_and(|error| error.is_not_found()));
    let refused = DoomMap::delete(db, (1, 1)).when(DoomMap::NAME.eq("Plant")).await;
    assert!(refused.is_err_and(|error| error.is_conflict()));
    assert!(Profile::new("ann").replace(db).await.is_err_and(|error| error.is_not_found()));
    Profile::new("ann").upsert(db).await?;
    Profile::new("ann").replace(db).await?;
    map.delete(db).await?;
    assert_eq!(DoomMap::scan(db).count().await?, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_once_whatever_answers_are_lost() -> Outcome {
    let test = accounts(&[100]).await?;
    let db = test.database().clone();
    test.faults().next("TransactWriteItems", Fault::LoseAnswer);

    Account::update(&db, 1).add(Account::BALANCE, 5).exactly_once().await?;

    assert_eq!(test.requests().count("TransactWriteItems"), 2);
    assert_eq!(Account::get(&db, 1).await?.map(|ann| ann.balance), Some(105));
    Ok(())
}

async fn pay(db: &Database, id: u64) -> Result<&'static str, Error> {
    match Account::update(db, id).add(Account::BALANCE, 5).await {
        Ok(()) => Ok("paid"),
        // Paid or not: nobody knows.
        Err(Error::OutcomeUnknown(_)) => Ok("read the account, and decide"),
        // Not paid.
        Err(error) => Err(error),
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_unknown_where_the_item_does_not_tell() -> Outcome {
    let test = accounts(&[100]).await?;
    let db = test.database();
    // The answer is lost, and somebody overwrites what would have told.
    test.faults().next("UpdateItem", Fault::LoseAnswer);
    let theirs = Account::update(db, 1).add(Account::BALANCE, 1);
    let (ours, theirs) = test.race("GetItem", pay(db, 1), theirs).await?;
    theirs?;
    assert_eq!(ours?, "read the account, and decide");
    assert_eq!(pay(db, 1).await?, "paid");
    assert!(matches!(pay(db, 9).await, Err(error) if error.is_not_found()));
    Ok(())
}
