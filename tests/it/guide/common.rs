//! The models that several chapters use, in a store of one's own.

use dynamap::Model;
use dynamap::testing::{TestDatabase, TestError};

#[derive(Debug, Clone, Default, PartialEq, Model)]
#[model(table = "accounts", validate = false)]
pub struct Account {
    #[model(hash_key, auto_increment)]
    pub id: u64,
    pub owner: String,
    pub balance: i64,
    #[model(version)]
    pub version: u64,
}

impl Account {
    pub fn of(owner: &str, balance: i64) -> Self {
        Self { owner: owner.to_owned(), balance, ..Self::default() }
    }
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "doom_maps", validate = false)]
pub struct DoomMap {
    #[model(hash_key)]
    pub episode: u32,
    #[model(range_key)]
    pub map: u32,
    pub name: String,
    #[model(version)]
    pub version: u64,
}

impl DoomMap {
    pub fn new(episode: u32, map: u32, name: &str) -> Self {
        Self { episode, map, name: name.to_owned(), version: 0 }
    }
}

/// Without a version.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "profiles", validate = false)]
pub struct Profile {
    #[model(hash_key)]
    pub login: String,
    pub city: String,
}

impl Profile {
    pub fn new(login: &str) -> Self {
        Self { login: login.to_owned(), city: "Bern".to_owned() }
    }
}

/// A store with their tables, and nothing in them.
pub async fn store() -> Result<TestDatabase, TestError> {
    TestDatabase::builder().with::<Account>().with::<DoomMap>().with::<Profile>().build().await
}

/// The same, with this many maps of the first episode.
pub async fn maps(count: u32) -> Result<TestDatabase, TestError> {
    let test = store().await?;
    let maps = (1..=count).map(|map| DoomMap::new(1, map, &format!("map {map}")));
    for stored in DoomMap::insert_many(test.database(), maps).await {
        stored.expect("a new map");
    }
    test.forget_requests();
    Ok(test)
}

/// The same, with accounts 1, 2, … of these balances.
pub async fn accounts(balances: &[i64]) -> Result<TestDatabase, TestError> {
    let test = store().await?;
    for balance in balances {
        Account::of("someone", *balance).insert(test.database()).await.expect("a new account");
    }
    test.forget_requests();
    Ok(test)
}
