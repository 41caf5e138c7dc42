//! What belongs on the struct does not go on a field.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key, table = "maps")]
    episode: u32,
}

fn main() {}
