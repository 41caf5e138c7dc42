//! Only entries with names can be stored beside others.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(flatten)]
    address: Vec<String>,
}

fn main() {}
