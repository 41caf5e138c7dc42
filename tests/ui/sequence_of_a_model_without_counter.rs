//! Only a model with an auto-increment key has a sequence of its own.

use dynamap::{Database, Model, Sequence};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
}

fn peek(db: &Database) {
    let _ = Sequence::<Account>::of(db);
}

fn main() {}
