//! `normalize` changes the value in place.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false, normalize = lower)]
struct DoomMap {
    #[model(hash_key)]
    name: String,
}

fn lower(map: DoomMap) -> DoomMap {
    map
}

fn main() {}
