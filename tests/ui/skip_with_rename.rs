//! What is not stored has no name.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(skip, rename = "cached")]
    cache: Option<String>,
}

fn main() {}
