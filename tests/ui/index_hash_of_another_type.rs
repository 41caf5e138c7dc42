//! The hash key of an index is written as its own type.

use dynamap::{Database, Model};

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

fn open(db: &Database) {
    let _ = Order::BY_STATUS.query(db, 7);
}

fn main() {}
