//! A field is filled in one way.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(created_at, updated_at)]
    time: u64,
}

fn main() {}
