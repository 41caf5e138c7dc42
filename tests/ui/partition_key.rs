//! AWS's console says partition key and sort key; its protocol says HASH and RANGE.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(partition_key)]
    episode: u32,
    #[model(sort_key)]
    map: u32,
}

fn main() {}
