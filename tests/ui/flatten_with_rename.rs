//! What has no attribute of its own has no name.

use dynamap::{Attribute, Model};

#[derive(Debug, Clone, Attribute)]
struct Address {
    city: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(flatten, rename = "home")]
    address: Address,
}

fn main() {}
