//! A model names its table.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
