//! A step between two structs knows their attributes.

use dynamap::{Migrations, Model, Step};

struct Before;

struct After;

impl From<Before> for After {
    fn from(_: Before) -> Self {
        Self
    }
}

static MAPS: Migrations = Migrations::new(&[Step::typed::<Before, After>("1.0.0", "3.0.0")]);

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "3.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
