//! What is stored beside the others has a name of its own.

use dynamap::{Attribute, Model};

#[derive(Debug, Clone, Attribute)]
struct Address {
    city: String,
    name: String,
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
