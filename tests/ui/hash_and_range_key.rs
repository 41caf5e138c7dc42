//! A field is one of the keys.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, range_key)]
    episode: u32,
}

fn main() {}
