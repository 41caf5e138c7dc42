//! Whole tables copied, exported and imported, on networks and in processes that fail.

mod again;
mod copies;
mod elsewhere;
mod files;
mod killed;

use dynamap::transfer::{Digest, Transfer as _};
use dynamap::{AttributeValue, Database, Item, Model, NamedTable, Table};

use crate::support::{n, put_raw, s, store, stored};

/// Only its keys matter: what is copied needs no type.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "orders", validate = false)]
struct Order {
    #[model(hash_key)]
    customer: u32,
    #[model(range_key)]
    number: u32,
    text: String,
}

const ORDERS: &str = "orders";

/// The same store under another prefix, with an empty table.
async fn prefixed(db: &Database) -> Database {
    let other = Database::builder(db.client().clone()).table_prefix("other_").seed(9).build();
    Table::<Order>::create(&other).await.expect("other_orders");
    other
}

/// A store with so many orders.
async fn with_orders(count: u32) -> (Database, dynamap::faults::Faults) {
    let (db, faults) = store().await;
    Table::<Order>::create(&db).await.expect("orders");
    fill(&db, 0..count).await;
    faults.clear_log();
    (db, faults)
}

async fn fill(db: &Database, numbers: std::ops::Range<u32>) {
    let text = |number| format!("order {number}");
    let order = |number| Order { customer: number % 7, number, text: text(number) };
    Order::put_many(db, numbers.map(order)).await.expect("orders");
}

fn orders(db: &Database) -> NamedTable<'_> {
    db.table(ORDERS)
}

async fn digest(db: &Database) -> Digest {
    orders(db).digest().await.expect("a digest")
}

fn key(number: u32) -> [(&'static str, AttributeValue); 2] {
    [("customer", n(number % 7)), ("number", n(number))]
}

/// The order of this number, as it is stored.
async fn order(db: &Database, number: u32) -> Option<Item> {
    stored(db, &full(db), &key(number)).await
}

fn full(db: &Database) -> String {
    db.table_name(Order::layout())
}

/// An order as another program would store it.
async fn put(db: &Database, number: u32, text: &str) {
    let [customer, id] = key(number);
    put_raw(db, &full(db), &[customer, id, ("text", s(text))]).await;
}
