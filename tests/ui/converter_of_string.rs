//! A converter is for a type.

use dynamap::{BoolAsNumber, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(with = BoolAsNumber)]
    name: String,
}

fn main() {}
