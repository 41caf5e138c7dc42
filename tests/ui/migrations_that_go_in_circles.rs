//! A step leads to a higher schema, and so a chain has no circles; the way back is `.down(…)`.

use dynamap::{Item, Migrations, Model, Step, StepError};

fn step(_: &mut Item) -> Result<(), StepError> {
    Ok(())
}

static MAPS: Migrations = Migrations::new(&[
    Step::new("1.0.0", "3.0.0", step),
    Step::new("3.0.0", "1.0.0", step),
    Step::new("1.0.0", "3.0.0", step),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "maps", schema = "3.0.0", migrations = MAPS, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
