//! A key is a string, a number or binary.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    secret: bool,
    name: String,
}

fn main() {}
