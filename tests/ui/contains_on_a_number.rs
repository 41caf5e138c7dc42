//! Only strings, sets and lists contain something.

use dynamap::{Condition, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    area: f64,
}

fn large() -> Condition<DoomMap> {
    DoomMap::AREA.contains(3)
}

fn main() {}
