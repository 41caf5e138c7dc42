//! A put in the place of an item would lose the time of its creation.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(created_at)]
    created: u64,
}

async fn fill(db: &Database, accounts: Vec<Account>) {
    let _ = Account::put_many(db, accounts).await;
}

fn main() {}
