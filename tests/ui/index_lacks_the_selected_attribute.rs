//! What is selected from an index must be in it.

use dynamap::{Database, Model, Projection};

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
    id: u64,
    total: i64,
}

fn today(db: &Database) {
    let _ = Order::BY_DAY.query(db, "today").select::<Total>();
}

fn main() {}
