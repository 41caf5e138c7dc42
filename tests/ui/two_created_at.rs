//! An item was created once.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(created_at)]
    made: u64,
    #[model(created_at)]
    found: u64,
}

fn main() {}
