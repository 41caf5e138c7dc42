//! An index knows nothing of what a transaction has written.

use dynamap::{Model, Transaction};

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
}

fn open(tx: &Transaction) {
    let _ = Order::BY_STATUS.query(tx, "open");
    let _ = Order::BY_STATUS.scan(tx);
}

fn main() {}
