//! The key of an index names a field.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false, gsi(by_status, hash_key = state))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
}

fn main() {}
