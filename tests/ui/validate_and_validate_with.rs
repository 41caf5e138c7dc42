//! A model is validated in one way.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false, validate_with = check)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
