//! An item has one time of its last change.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(updated_at)]
    changed: u64,
    #[model(updated_at)]
    played: u64,
}

fn main() {}
