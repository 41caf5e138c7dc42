//! An index of some attributes has no whole models, plain or loaded.

use dynamap::{Database, Error, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_day, hash_key = day, include = [status]))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
    day: String,
    total: i64,
}

async fn today(db: &Database) -> Result<(), Error> {
    Order::BY_DAY.query(db, "today").plain().try_collect().await?;
    Ok(())
}

fn main() {}
