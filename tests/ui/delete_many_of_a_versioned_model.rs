//! A delete of many has no condition: it would ignore the version.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(version)]
    version: u64,
}

async fn clear(db: &Database) {
    let _ = Account::delete_many(db, [1, 2]).await;
}

fn main() {}
