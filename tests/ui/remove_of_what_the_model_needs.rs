//! An attribute that the struct cannot do without cannot be removed.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

async fn change(db: &Database) {
    let _ = DoomMap::update(db, 1).remove(DoomMap::NAME).await;
}

fn main() {}
