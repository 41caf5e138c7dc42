//! A model describes one table.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap<T> {
    #[model(hash_key)]
    episode: u32,
    things: T,
}

fn main() {}
