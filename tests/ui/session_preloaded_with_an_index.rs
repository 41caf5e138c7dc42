//! A session is preloaded with parts of tables: an index lags behind.

use dynamap::{Database, Error, Model, Session};

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
}

async fn preload(db: &Database, session: &Session) -> Result<(), Error> {
    session.preload(Order::BY_STATUS.query(db, "open")).await
}

fn main() {}
