//! A target moves into its transaction.

use dynamap::{Error, Loaded, Model, Transaction};

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

fn rename(tx: &Transaction, map: Loaded<DoomMap>) -> Result<String, Error> {
    tx.save(map)?;
    Ok(map.name.clone())
}

fn main() {}
