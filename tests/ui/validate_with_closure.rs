//! A validation has a name.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate_with = |map| Ok(()))]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
