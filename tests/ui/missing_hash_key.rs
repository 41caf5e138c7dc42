//! A model has a hash key.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    episode: u32,
    map: u32,
}

fn uses_are_no_errors(map: &DoomMap) -> impl std::fmt::Debug {
    (map.key(), DoomMap::EPISODE.gt(1))
}

fn main() {}
