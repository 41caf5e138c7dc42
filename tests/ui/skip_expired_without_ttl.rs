//! Only items with a time to live expire.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

async fn read(db: &Database) {
    let _ = DoomMap::get(db, 1).skip_expired().await;
}

fn main() {}
