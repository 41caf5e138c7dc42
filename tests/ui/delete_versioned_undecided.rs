//! Deleting a versioned item by key needs a decision.

use dynamap::{Database, Error, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
    name: String,
    secret: bool,
    #[model(version)]
    version: u64,
}

async fn delete(db: &Database) -> Result<(), Error> {
    DoomMap::delete(db, (1, 1)).await
}

fn main() {}
