//! An index is declared on the model.

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

fn query(db: &Database) {
    let _ = Account::BY_OWNER.query(db, "ann");
}

fn main() {}
