//! `docs/guide/models.md`: its programs.

use std::collections::BTreeSet;

use dynamap::{Database, Error, Loaded, Model, Table};
use garde::Validate;

use crate::support::Outcome;

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

#[derive(Debug, Clone, Model)]
#[model(table = "players", validate = false, normalize = lower_case)]
struct Player {
    #[model(hash_key)]
    login: String,
}

fn lower_case(player: &mut Player) {
    player.login = player.login.to_lowercase();
}

/// A map of the first episode.
fn map(map: u32, name: &str) -> DoomMap {
    DoomMap { episode: 1, map, name: name.to_owned(), cheats: BTreeSet::new(), version: 0 }
}

#[tokio::test]
async fn what_is_invalid_is_named_and_not_written() -> Outcome {
    let db = Database::new(dynamap::embedded::memory()?); // or Database::from_env().await
    Table::<DoomMap>::create(&db).await?;

    let mut hangar: Loaded<DoomMap> = map(1, "Hangar").insert(&db).await?;
    assert_eq!(hangar.version, 1); // whatever the field held
    assert!(hangar.cheats.contains("Konami")); // it was empty: the default
    hangar.cheats.insert("IDDQD".to_owned());
    hangar.save(&db).await?; // sends the difference
    assert_eq!(hangar.version, 2);

    let error = map(0, "").insert(&db).await.expect_err("no such map");
    let Error::Invalid(invalid) = error else { return Err(error.into()) };
    let wrong: Vec<String> = invalid.attributes().map(|(name, _)| name).collect();
    assert_eq!(wrong, ["map", "name"]); // as they are stored
    assert_eq!(DoomMap::scan(&db).count().await?, 1);

    DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "").await?;
    let mut hangar = DoomMap::get(&db, (1, 1)).await?.ok_or("no map")?; // it can be read
    hangar.cheats.clear();
    assert!(hangar.save(&db).await.is_err_and(|error| error.is_invalid())); // and not be saved so
    Ok(())
}

#[tokio::test]
async fn a_hook_brings_a_key_into_its_normal_form() -> Outcome {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Player>::create(&db).await?;

    let ann = Player { login: "Ann".to_owned() }.insert(&db).await?;
    assert_eq!(ann.login, "ann");

    assert!(Player::get(&db, "ann").await?.is_some());
    Ok(())
}
