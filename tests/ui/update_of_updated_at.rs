//! The library sets `updated_at`: an update cannot.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(updated_at)]
    changed: u64,
}

async fn change(db: &Database) {
    let _ = DoomMap::update(db, 1).set(DoomMap::CHANGED, 2).await;
}

fn main() {}
