//! Two fields have two constants.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    id: u64,
    #[allow(non_snake_case)]
    ID: String,
}

fn main() {}
