//! A put would leave the guards of unique values as they are.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: String,
}

async fn fill(db: &Database, accounts: Vec<Account>) {
    let _ = Account::put_many(db, accounts).await;
}

fn main() {}
