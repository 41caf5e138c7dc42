//! How long ago what a read finds in a cache may have been put there.

use std::time::Duration;

use dynamap::{Gets, Loaded, Model};

use super::scripted::Trouble;
use super::{MINUTE, Place, settle};
use crate::support::{DoomMap, Outcome};

const SOON: Duration = Duration::from_secs(20);
const SOONER: Duration = Duration::from_millis(19_999);

/// Two maps that were put into the cache so long ago, and changed since by a program without it.
async fn changed_since(place: &Place, time: Duration) -> Result<(), dynamap::Error> {
    for map in 1..=2 {
        let mut map = DoomMap::new(1, map, "old").insert(&place.db).await?.into_inner();
        "new".clone_into(&mut map.name);
        map.replace(&place.stranger()).await?;
    }
    place.pass(time);
    place.clear();
    Ok(())
}

fn name(found: Option<Loaded<DoomMap>>) -> String {
    found.expect("there").name.clone()
}

#[tokio::test]
async fn a_read_takes_nothing_that_was_put_longer_ago_than_it_says() -> Outcome {
    let place = Place::new().await;
    changed_since(&place, SOONER).await?;
    let map = || DoomMap::get(&place.db, (1, 1));
    assert_eq!(name(map().cached_for(SOON).await?), "old");
    assert_eq!(name(map().cached_for(SOONER).await?), "new");
    assert_eq!(name(map().await?), "new");

    let place = Place::new().await;
    changed_since(&place, SOON).await?;
    let mut gets = Gets::of(&place.db).cached_for(SOON);
    let (one, two) = (gets.get::<DoomMap>((1, 1)), gets.get::<DoomMap>((1, 2)));
    let found = gets.read().await?;
    assert_eq!((name(found.take(one)?), name(found.take(two)?)), ("new".into(), "new".into()));
    assert_eq!(place.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn what_was_too_old_for_a_read_is_put_anew() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.pass(SOON);
    place.clear();
    for requests in [1, 0] {
        let map = DoomMap::get(&place.db, (1, 1)).cached_for(SOON).await?;
        assert_eq!((name(map).as_str(), place.requests()), ("Hangar", requests));
    }
    assert_eq!(place.told(), ["doom_maps Miss", "doom_maps Put", "doom_maps Hit"]);
    // For those who take what is older, too.
    place.pass(SOON);
    assert_eq!(name(DoomMap::get(&place.db, (1, 1)).await?), "Hangar");
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn what_is_too_old_and_not_in_the_store_any_more_goes() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(MINUTE)).await;
    let map = || DoomMap::get(&place.db, (1, 1));
    DoomMap::new(1, 1, "deleted").insert(&place.db).await?;
    DoomMap::delete(&place.stranger(), (1, 1)).unchecked().await?;
    assert_eq!(name(map().await?), "deleted");
    place.pass(SOON);
    assert!(map().cached_for(SOON).await?.is_none());
    assert!(map().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn what_was_put_by_a_clock_that_is_ahead_is_fresh() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.back(MINUTE);
    place.clear();
    assert_eq!(name(DoomMap::get(&place.db, (1, 1)).cached_for(SOON).await?), "Hangar");
    assert_eq!(place.requests(), 0);
    // Nothing is as fresh as a read that takes nothing wants it.
    assert_eq!(name(DoomMap::get(&place.db, (1, 1)).cached_for(Duration::ZERO).await?), "Hangar");
    assert_eq!((place.requests(), place.told().pop()), (1, Some("doom_maps Miss".to_owned())));
    Ok(())
}

#[tokio::test]
async fn that_there_was_no_item_is_taken_for_as_long_as_is_set_and_no_longer_than_an_item()
-> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(SOON)).await;
    let map = || DoomMap::get(&place.db, (1, 1));
    assert!(map().await?.is_none());
    DoomMap::new(1, 1, "new").insert(&place.stranger()).await?;
    place.pass(SOON / 2);
    // Who remembers no such thing asks the store.
    assert_eq!(name(DoomMap::get(&place.neighbour(), (1, 1)).cached_for(SOON).await?), "new");

    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(SOON)).await;
    let map = || DoomMap::get(&place.db, (1, 1));
    assert!(map().await?.is_none());
    DoomMap::new(1, 1, "new").insert(&place.stranger()).await?;
    place.pass(SOON / 2);
    assert!(map().await?.is_none());
    assert_eq!(name(map().cached_for(SOON / 2).await?), "new");

    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(SOON)).await;
    let map = || DoomMap::get(&place.db, (1, 1));
    assert!(map().await?.is_none());
    DoomMap::new(1, 1, "new").insert(&place.stranger()).await?;
    place.pass(SOON);
    assert_eq!(name(map().await?), "new");
    Ok(())
}

#[tokio::test]
async fn who_waits_for_the_read_of_another_takes_nothing_that_is_too_old_either() -> Outcome {
    let place = Place::new().await;
    changed_since(&place, SOON).await?;
    place.cache.next("get", Trouble::Held);
    let read = |live| {
        let db = place.db.clone();
        tokio::spawn(async move { DoomMap::get(&db, (1, 1)).cached_for(live).await })
    };
    let first = read(MINUTE);
    place.cache.held().await;
    let (second, third) = (read(SOON), read(2 * SOON));
    settle().await;
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    place.cache.release();
    assert_eq!(name(first.await??), "old");
    assert_eq!(name(second.await??), "new");
    assert_eq!(name(third.await??), "old");
    assert_eq!(place.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn that_there_still_is_no_item_is_put_anew() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(MINUTE)).await;
    let map = || DoomMap::get(&place.db, (1, 1));
    assert!(map().await?.is_none());
    place.pass(SOON);
    for requests in [1, 0] {
        place.requests();
        assert!(map().cached_for(SOON).await?.is_none());
        assert_eq!(place.requests(), requests);
    }
    Ok(())
}
