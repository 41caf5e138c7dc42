//! A transaction of one write brings no item back.

use std::collections::BTreeSet;

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    balance: i64,
    owner: String,
    tags: BTreeSet<String>,
}

fn update(db: &Database) {
    let _ = Account::update(db, 1).add(Account::BALANCE, 1).exactly_once().returning_new();
}

fn main() {}
