//! UUIDs are random, or begin with the time.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(uuid = "v1")]
    id: uuid::Uuid,
}

fn main() {}
