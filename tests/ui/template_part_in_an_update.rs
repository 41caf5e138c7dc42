//! What the key is composed of cannot be updated.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", validate = false)]
struct User {
    user: String,
}

fn rename(db: &Database) {
    let _ = User::update(db, "ann").set(User::USER, "bob");
}

fn main() {}
