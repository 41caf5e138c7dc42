//! Only lists have elements by number.

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

fn remove(db: &Database) {
    let _ = Account::update(db, 1).remove_at(Account::TAGS, 0);
    let _ = Account::update(db, 1).remove_entry(Account::TAGS, "a");
}

fn main() {}
