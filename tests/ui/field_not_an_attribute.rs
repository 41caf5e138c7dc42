//! The type of a field can be stored.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    place: Place,
}

#[derive(Debug, Clone)]
struct Place {
    name: String,
}

fn main() {}
