//! Numbers without a width have no order in a text.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{number}", validate = false)]
struct Order {
    user: String,
    number: u32,
}

fn late(db: &Database) {
    let _ = Order::query(db, "ann").range(Order::SK.gt(9));
}

fn main() {}
