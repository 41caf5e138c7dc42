//! What stands in the way of older items, and for how long.

use std::time::Duration;

use dynamap::Model;

use super::Place;
use super::races::{late, name, reader, renamed};
use super::scripted::Trouble;
use crate::support::{DoomMap, Outcome};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_a_program_keeps_for_a_moment_is_in_the_way_of_older_items_for_longer() -> Outcome {
    let place = Place::with(|caching| caching.every_model(SECOND)).await;
    let map = DoomMap::new(1, 1, "version 1").insert(&place.stranger()).await?;
    // It keeps items for a minute.
    let neighbour = place.neighbour();
    place.cache.next("swap", Trouble::Held);
    let read = reader(&neighbour);
    place.cache.held().await;
    renamed(map, "version 2", &place.db).await?;
    late(2 * SECOND).await;
    place.pass(2 * SECOND);
    place.cache.release();
    assert_eq!(read.await??.expect("there").name, "version 1");
    place.requests();
    assert_eq!(name(&neighbour).await?.as_deref(), Some("version 2"));
    assert_eq!(place.requests(), 0);
    // Whoever keeps it for a moment takes nothing older all the same.
    assert_eq!(name(&place.db).await?.as_deref(), Some("version 2"));
    assert_eq!(place.requests(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_place_stays_free_from_the_last_write_on() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "version 1").insert(&place.stranger()).await?;
    DoomMap::update(&place.db, (1, 1)).set(DoomMap::NAME, "version 2").await?;
    let map = DoomMap::get(&place.db, (1, 1)).consistent().await?.expect("there");
    tokio::time::advance(9 * SECOND).await;
    place.clear();
    renamed(map, "version 3", &place.db).await?;
    assert_eq!(place.told(), ["doom_maps Evicted"]);
    // A read does not make it last any longer.
    for (passed, asked) in [(9, &[("get", 1)][..]), (1, &[("get", 1), ("swap", 1)])] {
        tokio::time::advance(passed * SECOND).await;
        place.cache.take_asked();
        assert_eq!(name(&place.db).await?.as_deref(), Some("version 3"));
        assert_eq!(place.cache.take_asked(), asked, "after {passed} seconds");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_read_is_not_put_where_the_cache_was_asked_long_ago() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.cache.next("get", Trouble::Held);
    let read = reader(&place.db);
    place.cache.held().await;
    late(5 * SECOND).await;
    place.cache.release();
    assert!(read.await??.is_some());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    // One that asked a moment ago is.
    assert_eq!(name(&place.db).await?.as_deref(), Some("Hangar"));
    assert_eq!(place.cache.take_asked(), [("get", 1), ("swap", 1)]);
    Ok(())
}

#[tokio::test]
async fn neither_are_many_that_are_read_at_once() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.cache.next("get", Trouble::Held);
    let db = place.db.clone();
    let read = tokio::spawn(async move { DoomMap::get_many(&db, [(1, 1)]).await });
    place.cache.held().await;
    late(5 * SECOND).await;
    place.cache.release();
    assert!(read.await??[0].is_some());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    assert_eq!(place.told(), ["doom_maps Miss"]);
    Ok(())
}
