//! `after_read` returns the value.

use dynamap::{Item, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false, after_read = complete)]
struct DoomMap {
    #[model(hash_key)]
    name: String,
}

fn complete(_map: DoomMap, _item: &Item) {}

fn main() {}
