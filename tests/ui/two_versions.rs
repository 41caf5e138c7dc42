//! A model has at most one version.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(version)]
    version: u64,
    #[model(version)]
    revision: u64,
}

fn main() {}
