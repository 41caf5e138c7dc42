//! A model has at most one range key.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
    #[model(range_key)]
    name: String,
}

fn main() {}
