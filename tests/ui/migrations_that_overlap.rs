//! Two steps do not start at the same schema, and so a chain has no branches.

use dynamap::{Item, Migrations, Model, Step, StepError};

fn step(_: &mut Item) -> Result<(), StepError> {
    Ok(())
}

static MAPS: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", step),
    Step::new("1.0.0", "3.0.0", step),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "3.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
