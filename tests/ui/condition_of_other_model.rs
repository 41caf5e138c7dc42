//! A condition is about one model.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
    name: String,
    secret: bool,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    balance: i64,
}

fn scan(db: &Database) -> impl std::fmt::Debug {
    DoomMap::scan(db).filter(Account::BALANCE.gt(0))
}

fn main() {}
