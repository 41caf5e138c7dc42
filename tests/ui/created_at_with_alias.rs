//! An upsert sets the time of creation where it is absent.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(created_at, alias = "Made")]
    made: u64,
}

fn main() {}
