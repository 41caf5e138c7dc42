//! Two fields are stored under two names.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    map: u32,
    #[model(rename = "map")]
    number: u32,
}

fn main() {}
