//! A batch takes a delete by key of a versioned model only once it says what it expects.

use dynamap::{Batch, Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(version)]
    version: u64,
}

async fn clear(db: &Database) {
    let mut batch = Batch::of(db);
    let _ = batch.add(Account::delete(db, 1));
}

fn main() {}
