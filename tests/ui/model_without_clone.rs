//! A model is `Clone`.

use dynamap::Model;

#[derive(Debug, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
