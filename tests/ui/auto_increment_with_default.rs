//! A counted key has no default.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, auto_increment, default = 7)]
    id: u64,
}

fn main() {}
