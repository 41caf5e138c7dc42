//! A chain of migrations is a `Migrations`.

use dynamap::Model;

static MAPS: &str = "1.0.0 to 2.0.0";

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "2.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
