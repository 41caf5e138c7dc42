//! `docs/guide/caches.md`: its programs.

use std::time::Duration;

use dynamap::cache::Memory;
use dynamap::{Caching, Database, Model};

use super::common::{Account, accounts};
use crate::support::Outcome;

#[tokio::test]
async fn what_was_read_once_is_read_from_the_cache() -> Outcome {
    let test = accounts(&[100]).await?;
    let client = test.database().client().clone();

    let memory = Memory::new(64 << 20); // in bytes
    let caching = Caching::new(memory).model::<Account>(Duration::from_mins(1));
    let db = Database::builder(client).cache(caching).build();

    let first = Account::get(&db, 1).await?; // asks the store
    let second = Account::get(&db, 1).await?; // asks the cache alone, for a minute
    assert_eq!(first.as_deref(), second.as_deref());

    assert_eq!(test.requests(), ["GetItem accounts"]);
    assert!(Account::get(&db, 1).uncached().await?.is_some());
    assert_eq!(test.requests().count("GetItem"), 2);
    Ok(())
}

#[tokio::test]
async fn an_old_item_from_the_cache_is_a_conflict_and_is_read_anew() -> Outcome {
    let test = accounts(&[100]).await?;
    let client = test.database().client().clone();
    let caching = Caching::new(Memory::new(64 << 20)).model::<Account>(Duration::from_mins(1));
    let db = Database::builder(client).cache(caching).build();
    assert!(Account::get(&db, 1).await?.is_some());
    let elsewhere = test.database();

    // Another program, which does not know this cache, takes 80.
    Account::update(elsewhere, 1).decrement(Account::BALANCE, 80).await?;

    let mut old = Account::get(&db, 1).await?.ok_or("no account")?;
    assert_eq!(old.balance, 100); // from the cache
    old.balance -= 30;
    assert!(old.save(&db).await.is_err_and(|error| error.is_conflict()));
    let now = Account::get(&db, 1).await?.ok_or("no account")?;
    assert_eq!(now.balance, 20); // the conflict has evicted what was old
    Ok(())
}
