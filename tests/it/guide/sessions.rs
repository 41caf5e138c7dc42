//! `docs/guide/sessions.md`: its programs.

use dynamap::{Model, Session};

use super::common::{Account, DoomMap, accounts, maps};
use crate::support::Outcome;

#[tokio::test]
async fn each_account_is_read_once_and_written_once() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();

    let orders = [(1, 30), (2, 5), (1, 20)]; // account and price
    let mut session = Session::of(&db);
    for (account, price) in orders {
        let mut account = Account::get(&session, account).await?.ok_or("no account")?; // read once
        account.balance -= price;
        session.save(account)?; // nothing is sent
    }
    let flushed = session.flush().await; // one conditional write for each account that changed
    assert_eq!((flushed.written(), flushed.failures().len()), (2, 0));

    let counted = test.requests();
    assert_eq!((counted.count("GetItem"), counted.count("UpdateItem")), (2, 2));
    assert_eq!(Account::get(&db, 1).await?.map(|ann| ann.balance), Some(50));
    Ok(())
}

#[tokio::test]
async fn what_was_preloaded_is_asked_for_no_more() -> Outcome {
    let test = maps(9).await?;
    let db = test.database().clone();
    let session = Session::of(&db);

    session.preload(DoomMap::query(&db, 1)).await?; // all of a hash key
    session.preload(Account::scan(&db).segments(8)).await?; // all of a table
    let after = DoomMap::query(&session, 1).range(DoomMap::MAP.gt(5));
    let last = after.reverse().first().await?; // from memory
    assert_eq!(last.map(|map| map.map), Some(9));

    assert_eq!(test.requests().count("Query"), 1);
    session.discard();
    Ok(())
}

#[tokio::test]
async fn what_was_not_written_is_changed_anew_and_flushed_again() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();
    let mut session = Session::of(&db);
    for id in [1, 2] {
        let mut account = Account::get(&session, id).await?.ok_or("no account")?;
        account.balance -= 30;
        session.save(account)?;
    }

    // Somebody else takes 80 from the first account.
    Account::update(&db, 1).decrement(Account::BALANCE, 80).await?;

    let flushed = session.flush().await;
    assert_eq!((flushed.written(), flushed.failures().len()), (1, 1));
    assert!(flushed.failures()[0].error.is_conflict());

    session.refresh::<Account>(1).await?; // as it is now, without the session's change
    let account = Account::get(&session, 1).await?.ok_or("no account")?;
    assert_eq!(account.balance, 20); // too little
    assert!(!session.is_dirty());

    Ok(())
}
