//! A first model: maps of a game, keyed by episode and map.
//!
//! Run it: `cargo run --example quickstart`

#![allow(missing_docs, clippy::print_stdout, reason = "a program, not a library")]

use std::collections::BTreeSet;

use dynamap::{Database, Model, Table};
use garde::Validate;

#[derive(Debug, Clone, Model, Validate)]
#[model(table = "doom_maps")]
struct DoomMap {
    #[model(hash_key)]
    #[garde(range(min = 1))]
    episode: u32,
    #[model(range_key)]
    #[garde(range(min = 1))]
    map: u32,
    #[garde(length(min = 1))]
    name: String,
    #[model(default = BTreeSet::from(["Konami".to_owned()]))]
    #[garde(skip)]
    cheats: BTreeSet<String>,
    #[model(version)]
    #[garde(skip)]
    version: u64,
}

impl DoomMap {
    fn new(episode: u32, map: u32, name: &str) -> Self {
        Self { episode, map, name: name.to_owned(), cheats: BTreeSet::new(), version: 0 }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `Database::from_env().await` instead, and the rest runs on AWS.
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<DoomMap>::create(&db).await?;

    for (map, name) in (1..).zip([
        "Hangar",
        "Nuclear Plant",
        "Toxin Refinery",
        "Command Control",
        "Phobos Lab",
        "Central Processing",
        "Computer Station",
        "Phobos Anomaly",
    ]) {
        DoomMap::new(1, map, name).insert(&db).await?;
    }

    let hangar = DoomMap::get(&db, (1, 1)).await?.ok_or("no such map")?;
    println!("E1M1 is {}, cheats {:?}, version {}", hangar.name, hangar.cheats, hangar.version);

    let episode = DoomMap::query(&db, 1).try_collect().await?;
    println!("episode 1 has {} maps", episode.len());

    let late = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(5)).try_collect().await?;
    println!(
        "after map 5: {}",
        late.iter().map(|map| map.name.as_str()).collect::<Vec<_>>().join(", ")
    );

    // Two writers load the same item; the second save finds that it was not first.
    let mut first = hangar.clone();
    let mut second = hangar;
    first.name.push_str(" (remastered)");
    first.save(&db).await?;
    second.cheats.insert("IDDQD".to_owned());
    match second.save(&db).await {
        Err(error) if error.is_conflict() => {
            let winner = error.winner::<DoomMap>()?.ok_or("the winner is gone")?;
            println!("conflict: {error}");
            println!("the winner wrote {:?}, version {}", winner.name, winner.version);
        }
        other => return Err(format!("expected a conflict, got {other:?}").into()),
    }
    Ok(())
}
