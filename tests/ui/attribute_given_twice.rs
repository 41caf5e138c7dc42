//! An attribute is given once.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, rename = "a", rename = "b")]
    episode: u32,
}

fn main() {}
