//! ADD works on numbers and sets.

use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    name: String,
}

async fn change(db: &Database) {
    let _ = DoomMap::update(db, 1).add(DoomMap::NAME, "!").await;
}

fn main() {}
