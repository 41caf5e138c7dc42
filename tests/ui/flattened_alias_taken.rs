//! An alias of what is stored beside the others is no other field's name.

use dynamap::{Attribute, Model};

#[derive(Debug, Clone, Attribute)]
struct Address {
    #[model(alias = "name")]
    city: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    name: String,
    #[model(flatten)]
    address: Address,
}

fn main() {}
