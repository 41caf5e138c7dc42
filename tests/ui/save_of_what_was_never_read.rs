//! Only what came from the table is saved back.

use dynamap::{Database, Error, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
    name: String,
    secret: bool,
    #[model(version)]
    version: u64,
}

async fn save(db: &Database, mut map: DoomMap) -> Result<(), Error> {
    map.save(db).await?;
    Ok(())
}

fn main() {}
