//! A schema is MAJOR.MINOR.PATCH.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "2.0.0-rc.1", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

fn main() {}
