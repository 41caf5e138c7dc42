//! The version is counted by the library.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(version, default = 1)]
    version: u64,
}

fn main() {}
