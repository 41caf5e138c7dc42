//! A put has no condition: it would ignore the version.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(version)]
    version: u64,
}

async fn fill(db: &Database, accounts: Vec<Account>) {
    let _ = Account::put_many(db, accounts).await;
}

fn main() {}
