//! A key does not change.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key, updated_at)]
    changed: u64,
}

fn main() {}
