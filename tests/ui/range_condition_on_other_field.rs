//! A query selects a range of the range key only.

use dynamap::{Database, Model};

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

fn query(db: &Database) -> impl std::fmt::Debug {
    DoomMap::query(db, 1).range(DoomMap::NAME.eq("Hangar"))
}

fn main() {}
