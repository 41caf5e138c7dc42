//! A crate is named by a path.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false, crate = "my facade")]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
