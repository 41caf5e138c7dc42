//! A number has no size.

use dynamap::{Condition, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn large() -> Condition<DoomMap> {
    DoomMap::EPISODE.size().gt(3)
}

fn main() {}
