//! Index keys are strings, numbers or binary.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false, gsi(by_paid, hash_key = paid))]
struct Order {
    #[model(hash_key)]
    id: u64,
    paid: bool,
}

fn main() {}
