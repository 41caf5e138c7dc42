//! A validation takes the model and returns garde's report.

use dynamap::Model;

fn check(map: &DoomMap) -> bool {
    map.episode > 0
}

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate_with = check)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
