//! A step between two structs is a conversion, and so is its way back.

use dynamap::{Attribute, Migrations, Model, Step};

#[derive(Attribute)]
struct Before {
    name: String,
}

#[derive(Attribute)]
struct After {
    names: Vec<String>,
}

static MAPS: Migrations = Migrations::new(&[
    Step::typed::<Before, After>("1.0.0", "3.0.0").down_typed::<After, Before>(),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "3.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
