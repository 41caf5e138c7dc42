//! A table has a name that AWS takes.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "my maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
