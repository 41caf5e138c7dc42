//! A model says how it is validated.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps")]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
