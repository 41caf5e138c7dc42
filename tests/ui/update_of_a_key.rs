//! A key is immutable: an update cannot set it, nor the version.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(version)]
    version: u64,
}

async fn change(db: &Database) {
    let _ = DoomMap::update(db, 1).set(DoomMap::EPISODE, 2).set(DoomMap::VERSION, 1).await;
}

fn main() {}
