//! An alias must not be the name of another field, and a key has none.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, alias = "chapter")]
    episode: u32,
    #[model(alias = "title")]
    name: String,
    title: String,
}

fn main() {}
