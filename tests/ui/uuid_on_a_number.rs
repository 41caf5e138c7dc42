//! An insert fills UUIDs.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(uuid)]
    id: u64,
}

fn main() {}
