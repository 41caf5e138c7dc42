//! Unknown attributes are kept or refused, and nothing else.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "customers", unknown = "drop", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
}

fn main() {}
