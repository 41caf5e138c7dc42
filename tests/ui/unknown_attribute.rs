//! What is not known is not ignored.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(defualt)]
    name: String,
    #[model(primary)]
    map: u32,
}

fn main() {}
