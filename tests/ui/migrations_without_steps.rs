//! A model without migrations names none.

use dynamap::{Migrations, Model};

static MAPS: Migrations = Migrations::new(&[]);

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "3.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
