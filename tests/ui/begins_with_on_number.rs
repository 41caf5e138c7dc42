//! Only strings and binary begin with something.

use dynamap::{Condition, Model};

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

fn condition() -> Condition<DoomMap> {
    DoomMap::EPISODE.begins_with(1)
}

fn main() {}
