//! Reads and writes that meet at the cache in the wrong order: what is newer stays.

use std::time::Duration;

use dynamap::{Database, Loaded, Model, Transaction};
use tokio::task::JoinHandle;

use super::scripted::Trouble;
use super::{MINUTE, Place};
use crate::support::{DoomMap, Outcome, Profile, n, put_raw, s};

pub type Read<M> = JoinHandle<Result<Option<Loaded<M>>, dynamap::Error>>;

pub fn reader(db: &Database) -> Read<DoomMap> {
    let db = db.clone();
    tokio::spawn(async move { DoomMap::get(&db, (1, 1)).await })
}

pub async fn renamed(
    mut map: Loaded<DoomMap>,
    name: &str,
    db: &Database,
) -> Result<Loaded<DoomMap>, dynamap::Error> {
    map.name = name.into();
    map.save(db).await?;
    Ok(map)
}

pub async fn name(db: &Database) -> Result<Option<String>, dynamap::Error> {
    Ok(DoomMap::get(db, (1, 1)).await?.map(|map| map.name.clone()))
}

/// A reader has read an item and not put it yet; somebody else writes meanwhile.
async fn late_fill(place: &Place) -> Result<Read<DoomMap>, dynamap::Error> {
    place.cache.next("swap", Trouble::Held);
    let read = reader(&place.db);
    place.cache.held().await;
    Ok(read)
}

#[tokio::test]
async fn an_older_version_that_arrives_late_does_not_replace_a_newer_one() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "version 1").insert(&place.stranger()).await?;
    let read = late_fill(&place).await?;
    let neighbour = place.neighbour();
    renamed(map, "version 2", &neighbour).await?;
    place.cache.release();
    assert_eq!(read.await??.expect("there").name, "version 1");
    place.requests();
    assert_eq!(name(&place.db).await?.as_deref(), Some("version 2"));
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn of_two_writes_that_arrive_in_the_wrong_order_the_later_one_stays() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "version 1").insert(&place.db).await?;
    place.cache.next("swap", Trouble::Held);
    let db = place.db.clone();
    let second = tokio::spawn(async move { renamed(map, "version 2", &db).await });
    place.cache.held().await;
    let neighbour = place.neighbour();
    let map = DoomMap::get(&neighbour, (1, 1)).consistent().await?.expect("there");
    renamed(map, "version 3", &neighbour).await?;
    place.cache.release();
    second.await??;
    place.requests();
    assert_eq!(name(&place.db).await?.as_deref(), Some("version 3"));
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn an_item_that_was_deleted_does_not_come_back_with_a_late_read_or_write() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "deleted").insert(&place.stranger()).await?;
    let read = late_fill(&place).await?;
    map.delete(&place.neighbour()).await?;
    place.cache.release();
    assert!(read.await??.is_some());
    assert_eq!(name(&place.db).await?, None);

    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "version 1").insert(&place.stranger()).await?;
    place.cache.next("swap", Trouble::Held);
    let db = place.db.clone();
    let save = tokio::spawn(async move { renamed(map, "version 2", &db).await });
    place.cache.held().await;
    DoomMap::delete(&place.neighbour(), (1, 1)).unchecked().await?;
    place.cache.release();
    save.await??;
    assert_eq!(name(&place.db).await?, None);
    Ok(())
}

#[tokio::test]
async fn an_item_without_a_version_does_not_come_back_with_a_late_read() -> Outcome {
    let place = Place::new().await;
    let mut ann = Profile::new("ann").insert(&place.stranger()).await?;
    place.cache.next("swap", Trouble::Held);
    let db = place.db.clone();
    let read = tokio::spawn(async move { Profile::get(&db, "ann").await });
    place.cache.held().await;
    ann.avatar = vec![9];
    ann.save(&place.neighbour()).await?;
    place.cache.release();
    assert_eq!(read.await??.expect("there").avatar, [1, 2, 3]);
    assert_eq!(Profile::get(&place.db, "ann").await?.expect("there").avatar, [9]);
    Ok(())
}

#[tokio::test]
async fn that_there_was_no_item_does_not_replace_one() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(MINUTE)).await;
    let read = late_fill(&place).await?;
    DoomMap::new(1, 1, "new").insert(&place.neighbour()).await?;
    place.cache.release();
    assert!(read.await??.is_none());
    assert_eq!(name(&place.db).await?.as_deref(), Some("new"));
    Ok(())
}

#[tokio::test]
async fn of_two_items_that_nobody_can_order_none_stays() -> Outcome {
    let place = Place::new().await;
    let map = |name: &str| [("episode", n(1)), ("map", n(1)), ("name", s(name)), ("version", n(1))];
    put_raw(&place.db, "doom_maps", &map("one")).await;
    let read = late_fill(&place).await?;
    // Deleted and inserted again by a program without a cache: a version 1 as before.
    put_raw(&place.db, "doom_maps", &map("two")).await;
    assert_eq!(name(&place.neighbour()).await?.as_deref(), Some("two"));
    place.cache.release();
    assert_eq!(read.await??.expect("there").name, "one");
    for _ in 0..2 {
        place.requests();
        assert_eq!(name(&place.db).await?.as_deref(), Some("two"));
        assert_eq!(place.requests(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn an_entry_that_keeps_changing_is_evicted() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.cache.spoil(|value| value.push(0));
    place.told();
    let mut read = late_fill(&place).await?;
    for _ in 0..4 {
        // Something else stands there, and nothing that could be read.
        place.cache.spoil(|value| value.push(0));
        place.cache.next("swap", Trouble::Held);
        place.cache.release();
        tokio::select! {
            () = place.cache.held() => {}
            found = &mut read => {
                assert_eq!(found??.expect("there").name, "Hangar");
                assert_eq!(place.told(), ["doom_maps Unreadable", "doom_maps Evicted"]);
                return Ok(());
            }
        }
    }
    panic!("it still tries");
}

/// An item of version 3 that the cache holds, and that a program without it deletes.
async fn deleted_unseen(place: &Place) -> Result<(), dynamap::Error> {
    let map = DoomMap::new(1, 1, "version 1").insert(&place.db).await?;
    let map = renamed(map, "version 2", &place.db).await?;
    renamed(map, "deleted", &place.db).await?;
    DoomMap::delete(&place.stranger(), (1, 1)).unchecked().await?;
    assert_eq!(name(&place.db).await?.as_deref(), Some("deleted"));
    place.clear();
    Ok(())
}

#[tokio::test]
async fn a_new_item_takes_the_place_of_one_that_was_deleted_unseen_whatever_its_version() -> Outcome
{
    let place = Place::new().await;
    deleted_unseen(&place).await?;
    DoomMap::new(1, 1, "new").insert(&place.db).await?;
    assert_eq!(place.told(), ["doom_maps Evicted"]);
    assert_eq!(name(&place.db).await?.as_deref(), Some("new"));

    // By an update that makes the item.
    let place = Place::new().await;
    deleted_unseen(&place).await?;
    DoomMap::new(1, 1, "new").upsert(&place.db).await?;
    assert_eq!(place.told(), ["doom_maps Evicted"]);
    assert_eq!(name(&place.db).await?.as_deref(), Some("new"));
    Ok(())
}

#[tokio::test]
async fn an_item_that_one_transaction_deletes_and_inserts_again_is_not_older_than_before() -> Outcome
{
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "version 1").insert(&place.db).await?;
    renamed(map, "version 2", &place.db).await?;
    let tx = Transaction::begin(&place.db);
    let map = DoomMap::get(&tx, (1, 1)).await?.expect("there");
    tx.delete(map)?;
    tx.insert(DoomMap::new(1, 1, "again"))?;
    tx.commit().await?;
    assert_eq!(name(&place.db).await?.as_deref(), Some("again"));
    Ok(())
}

#[tokio::test]
async fn what_is_put_late_is_given_up_before_free_places_end() -> Outcome {
    let seconds = Duration::from_secs;
    let place = Place::with(|caching| caching.every_model(MINUTE).buried_for(seconds(2))).await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    let read = late_fill(&place).await?;
    // From here on the clock moves to the next moment that somebody waits for, and not by itself.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    assert!(read.await??.is_some());
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    assert_eq!(place.told(), ["doom_maps Miss", "doom_maps Failed: no answer in time"]);
    Ok(())
}

#[tokio::test]
async fn what_the_store_answered_late_is_not_put() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    let gate = place.faults.pause_answer("GetItem");
    let read = reader(&place.db);
    gate.reached().await;
    late(HALF).await;
    gate.release();
    assert!(read.await??.is_some());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    // Nor what it was left by a write that took so long.
    let gate = place.faults.pause_answer("UpdateItem");
    let db = place.db.clone();
    let save = tokio::spawn(async move { renamed(map, "Nuclear Plant", &db).await });
    gate.reached().await;
    late(HALF).await;
    gate.release();
    save.await??;
    assert_eq!(place.cache.take_asked(), [("set", 1)]);
    Ok(())
}

/// Half of the time for which places stay free.
const HALF: Duration = Duration::from_secs(5);

pub async fn late(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
