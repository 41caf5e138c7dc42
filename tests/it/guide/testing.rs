//! A program and its tests, as a user writes them: `docs/guide/testing.md` shows this file.

use dynamap::faults::Fault;
use dynamap::testing::{TestDatabase, TestError};
use dynamap::{Database, Error, Loaded, Model, RunError, Transaction};

use crate::support::Outcome;

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "wallets", validate = false)]
struct Wallet {
    #[model(hash_key)]
    owner: String,
    coins: u64,
    #[model(version)]
    version: u64,
}

/// The program: it is given a database, and knows nothing of tests. Whether there were enough coins.
async fn pay(db: &Database, from: &str, to: &str, coins: u64) -> Result<bool, RunError<Error>> {
    Transaction::run(db, |tx| async move {
        let mut payer = wallet(&tx, from).await?;
        let mut receiver = wallet(&tx, to).await?;
        let Some(left) = payer.coins.checked_sub(coins) else { return Ok(false) };
        payer.coins = left;
        receiver.coins += coins;
        tx.save(payer)?;
        tx.save(receiver)?;
        Ok::<_, Error>(true)
    })
    .await
}

async fn wallet(tx: &Transaction, owner: &str) -> Result<Loaded<Wallet>, Error> {
    Ok(Wallet::get(tx, owner).await?.expect("a wallet"))
}

async fn coins(test: &TestDatabase) -> Result<Vec<u64>, Error> {
    let found = Wallet::get_many(test.database(), ["ann", "bob"]).await?;
    Ok(found.into_iter().flatten().map(|wallet| wallet.coins).collect())
}

/// Each test has a store of its own, so all of them run side by side.
async fn wallets() -> Result<TestDatabase, TestError> {
    let test = TestDatabase::builder().with::<Wallet>().build().await?;
    let json = r#"[{"owner": "ann", "coins": 100}, {"owner": "bob", "coins": 0}]"#;
    test.insert_json::<Wallet>(json).await?;
    Ok(test)
}

#[tokio::test]
async fn paying_takes_two_reads_and_one_transaction() -> Outcome {
    let test = wallets().await?;
    assert!(pay(test.database(), "ann", "bob", 30).await?);
    assert_eq!(
        test.requests(),
        ["GetItem wallets", "GetItem wallets", "TransactWriteItems wallets"]
    );
    assert_eq!(coins(&test).await?, [70, 30]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_pays_once() -> Outcome {
    let test = wallets().await?;
    test.faults().next("TransactWriteItems", Fault::LoseAnswer);
    assert!(pay(test.database(), "ann", "bob", 30).await?);
    assert_eq!(test.requests().count("TransactWriteItems"), 2);
    assert_eq!(coins(&test).await?, [70, 30]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_is_slower_pays_from_what_is_left_or_not_at_all() -> Outcome {
    let test = wallets().await?; // Ann has 100 coins
    let db = test.database();
    let (slower, faster) = test
        .race("TransactWriteItems", pay(db, "ann", "bob", 80), pay(db, "ann", "bob", 50))
        .await?;
    assert!(faster? && !slower?);
    assert_eq!(coins(&test).await?, [50, 50]);
    Ok(())
}

#[tokio::test]
async fn what_is_stored_is_what_it_was_in_the_last_release() -> Outcome {
    let test = wallets().await?;
    let expected = r#"[
  {
    "_schema": {"S":"1.0.0"},
    "coins": {"N":"100"},
    "owner": {"S":"ann"},
    "version": {"N":"1"}
  },
  {
    "_schema": {"S":"1.0.0"},
    "coins": {"N":"0"},
    "owner": {"S":"bob"},
    "version": {"N":"1"}
  }
]
"#;
    assert_eq!(test.dump("wallets").await?.without("_write").to_string(), expected);
    Ok(())
}
