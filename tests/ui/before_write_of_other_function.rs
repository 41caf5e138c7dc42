//! `before_write` is told the verb.

use dynamap::{Model, Report};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false, before_write = complete)]
struct DoomMap {
    #[model(hash_key)]
    name: String,
}

fn complete(map: DoomMap) -> Result<DoomMap, Report> {
    Ok(map)
}

fn main() {}
