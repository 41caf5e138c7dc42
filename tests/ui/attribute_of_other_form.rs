//! An attribute is written in its form.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key = true)]
    episode: u32,
    #[model(rename)]
    name: String,
}

fn main() {}
