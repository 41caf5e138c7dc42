//! Only numbers have sums.

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

fn set(db: &Database) {
    let _ = Account::update(db, 1).set_to(Account::BALANCE, Account::OWNER.plus("x"));
}

fn main() {}
