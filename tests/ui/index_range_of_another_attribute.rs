//! `range` on an index takes its own range key.

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
    let _ = Order::BY_STATUS.query(db, "open").range(Order::TOTAL.gt(5));
    let _ = Order::BY_DAY.query(db, "today").range(Order::DAY.gt("a"));
}

fn main() {}
