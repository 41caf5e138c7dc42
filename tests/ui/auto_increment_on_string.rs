//! A counted key is an integer.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, auto_increment)]
    name: String,
}

fn main() {}
