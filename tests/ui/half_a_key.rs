//! A key has all its parts.

use dynamap::{Database, Error, Loaded, Model};

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

async fn get(db: &Database) -> Result<Option<Loaded<DoomMap>>, Error> {
    DoomMap::get(db, 1).await
}

fn main() {}
