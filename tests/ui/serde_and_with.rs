//! A field is stored in one form.

use dynamap::{BoolAsNumber, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(serde, with = BoolAsNumber)]
    active: bool,
}

fn main() {}
