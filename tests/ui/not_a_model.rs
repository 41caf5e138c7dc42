//! A struct becomes a model by its derive.

use dynamap::{Database, Error, Table};

struct Plain {
    id: u64,
}

async fn create(db: &Database) -> Result<(), Error> {
    Table::<Plain>::create(db).await
}

fn main() {}
