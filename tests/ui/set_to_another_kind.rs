//! An attribute is set to one of its own DynamoDB type.

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
    let _ = Account::update(db, 1).set_to(Account::OWNER, Account::BALANCE);
    let _ = Account::update(db, 1).set_to(Account::OWNER, Account::BALANCE.plus(1));
}

fn main() {}
