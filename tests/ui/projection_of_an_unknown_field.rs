//! A projection has fields of the model, with their types.

use dynamap::{Model, Projection};

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status, range_key = day))]
#[model(gsi(by_day, hash_key = day, include = [status]))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
    day: String,
    total: i64,
}

#[derive(Debug, Projection)]
#[model(of = Order)]
struct Total {
    sum: i64,
}

#[derive(Debug, Projection)]
#[model(of = Order)]
struct Text {
    total: String,
}

#[derive(Debug, Projection)]
struct OfNothing {
    total: i64,
}

fn main() {}
