//! Only the hash key is counted.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(auto_increment)]
    number: u64,
}

fn main() {}
