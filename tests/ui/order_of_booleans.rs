//! Booleans have no order.

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
    DoomMap::SECRET.gt(false)
}

fn main() {}
