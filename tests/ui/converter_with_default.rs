//! A converter and a default do not go together yet.

use dynamap::{BoolAsNumber, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(with = BoolAsNumber, default)]
    secret: bool,
}

fn main() {}
