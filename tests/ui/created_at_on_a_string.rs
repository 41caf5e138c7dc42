//! A time is made from the clock.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(created_at)]
    made: String,
}

fn main() {}
