//! What writes leave in a cache.

use dynamap::faults::Fault;
use dynamap::{Database, Gets, Model, Transaction};

use super::{MINUTE, Place};
use crate::support::{Account, DoomMap, Outcome, Profile};

/// What a reader finds, and how many requests the store was sent for it.
async fn name(place: &Place) -> Result<(Option<String>, usize), dynamap::Error> {
    place.requests();
    let found = DoomMap::get(&place.db, (1, 1)).await?;
    Ok((found.map(|map| map.name.clone()), place.requests()))
}

fn hit(name: &str) -> (Option<String>, usize) {
    (Some(name.to_owned()), 0)
}

fn read(name: &str) -> (Option<String>, usize) {
    (Some(name.to_owned()), 1)
}

#[tokio::test]
async fn what_an_insert_a_save_and_a_commit_left_is_read_from_the_cache() -> Outcome {
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    assert_eq!(name(&place).await?, hit("Hangar"));
    map.name = "Nuclear Plant".to_owned();
    map.save(&place.db).await?;
    assert_eq!(name(&place).await?, hit("Nuclear Plant"));
    // What is in the cache can be saved: it is the image that the store has.
    let mut map = DoomMap::get(&place.db, (1, 1)).await?.expect("there");
    map.name = "Toxin Refinery".to_owned();
    map.save(&place.db).await?;
    assert_eq!(name(&place).await?, hit("Toxin Refinery"));
    let tx = Transaction::begin(&place.db);
    let mut map = DoomMap::get(&tx, (1, 1)).await?.expect("there");
    map.name = "Command Control".to_owned();
    tx.save(map)?;
    tx.insert(DoomMap::new(1, 2, "Phobos Lab"))?;
    tx.commit().await?;
    assert_eq!(name(&place).await?, hit("Command Control"));
    assert!(DoomMap::get(&place.db, (1, 2)).await?.is_some());
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn a_write_by_key_that_returns_nothing_evicts_and_one_that_returns_the_item_puts_it()
-> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    let rename = |name: &str| DoomMap::update(&place.db, (1, 1)).set(DoomMap::NAME, name);
    rename("old").returning_old().await?;
    assert_eq!(name(&place).await?, read("old"));
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    let rename = |name: &str| DoomMap::update(&place.db, (1, 1)).set(DoomMap::NAME, name);
    rename("new").returning_new().await?;
    assert_eq!(name(&place).await?, hit("new"));
    rename("nothing").await?;
    // Nothing is put into its place for a while.
    assert_eq!(name(&place).await?, read("nothing"));
    assert_eq!(name(&place).await?, read("nothing"));
    Ok(())
}

#[tokio::test]
async fn a_delete_is_seen_at_once_and_its_place_stays_free_for_some_seconds() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    map.delete(&place.db).await?;
    assert_eq!(name(&place).await?, (None, 1));
    DoomMap::new(1, 1, "again").insert(&place.db).await?;
    assert_eq!(name(&place).await?, read("again"));
    tokio::time::pause();
    tokio::time::advance(MINUTE / 6).await;
    tokio::time::resume();
    assert_eq!(name(&place).await?, read("again"));
    assert_eq!(name(&place).await?, hit("again"));
    DoomMap::delete(&place.db, (1, 1)).unchecked().await?;
    assert_eq!(name(&place).await?, (None, 1));
    Ok(())
}

#[tokio::test]
async fn an_item_without_a_version_is_evicted_by_every_write() -> Outcome {
    let place = Place::new().await;
    let avatar = async || {
        place.requests();
        let found = Profile::get(&place.db, "ann").await?.expect("there");
        Ok::<_, dynamap::Error>((found.avatar.clone(), place.requests()))
    };
    let mut ann = Profile::new("ann").insert(&place.stranger()).await?;
    assert_eq!(avatar().await?, (vec![1, 2, 3], 1));
    assert_eq!(avatar().await?, (vec![1, 2, 3], 0));
    ann.avatar = vec![4];
    ann.save(&place.db).await?;
    assert_eq!(avatar().await?, (vec![4], 1));
    assert_eq!(avatar().await?, (vec![4], 1));
    Ok(())
}

#[tokio::test]
async fn batches_of_puts_and_deletes_evict() -> Outcome {
    let place = Place::new().await;
    let stranger = place.stranger();
    for login in ["ann", "bob"] {
        Profile::new(login).insert(&stranger).await?;
        assert!(Profile::get(&place.db, login).await?.is_some());
    }
    let ann = Profile { avatar: vec![9], ..Profile::new("ann") };
    let mut batch = dynamap::Batch::of(&place.db);
    let (put, deleted) = (batch.put(ann), batch.delete::<Profile>("bob"));
    let mut results = batch.run().await;
    results.take(put)?;
    results.take(deleted)?;
    assert_eq!(Profile::get(&place.db, "ann").await?.expect("there").avatar, [9]);
    assert!(Profile::get(&place.db, "bob").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_update_that_finds_no_item_evicts_the_one_that_was_there() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    DoomMap::delete(&place.stranger(), (1, 1)).unchecked().await?;
    assert_eq!(name(&place).await?, hit("Hangar"));
    let update = DoomMap::update(&place.db, (1, 1)).set(DoomMap::NAME, "lost");
    assert!(matches!(update.await, Err(dynamap::Error::NotFound(_))));
    assert_eq!(name(&place).await?, (None, 1));
    Ok(())
}

#[tokio::test]
async fn a_batch_that_fails_evicts_since_nobody_knows_how_far_it_came() -> Outcome {
    let place = Place::new().await;
    Profile::new("ann").insert(&place.stranger()).await?;
    assert!(Profile::get(&place.db, "ann").await?.is_some());
    place.clear();
    place.faults.next("BatchWriteItem", Fault::service("AccessDeniedException"));
    let ann = Profile { avatar: vec![9], ..Profile::new("ann") };
    assert!(Profile::put_many(&place.db, [ann]).await.is_err());
    assert_eq!(place.told(), ["profiles Evicted"]);
    Ok(())
}

#[tokio::test]
async fn a_conflict_evicts_what_the_program_started_from() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    let stranger = place.stranger();
    let mut map = DoomMap::get(&stranger, (1, 1)).await?.expect("there");
    map.name = "Nuclear Plant".to_owned();
    map.save(&stranger).await?;
    let mut stale = DoomMap::get(&place.db, (1, 1)).await?.expect("there");
    assert_eq!(stale.name, "Hangar");
    stale.name = "lost".to_owned();
    assert!(stale.save(&place.db).await.expect_err("stale").is_conflict());
    assert_eq!(name(&place).await?, read("Nuclear Plant"));
    Ok(())
}

#[tokio::test]
async fn a_conflict_of_a_commit_evicts_the_items_that_were_not_as_expected() -> Outcome {
    let place = Place::new().await;
    for map in 1..=2 {
        DoomMap::new(1, map, "new").insert(&place.db).await?;
    }
    let (mut one, two) = (
        DoomMap::get(&place.db, (1, 1)).await?.expect("there"),
        DoomMap::get(&place.db, (1, 2)).await?.expect("there"),
    );
    let stranger = place.stranger();
    let mut theirs = DoomMap::get(&stranger, (1, 1)).await?.expect("there");
    theirs.name = "theirs".to_owned();
    theirs.save(&stranger).await?;
    one.name = "ours".to_owned();
    let tx = Transaction::begin(&place.db);
    tx.save(one)?;
    tx.check(&two)?;
    assert!(tx.commit().await.expect_err("stale").is_conflict());
    assert_eq!(name(&place).await?, read("theirs"));
    DoomMap::get(&place.db, (1, 2)).await?;
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn a_write_whose_outcome_is_unknown_evicts() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.faults.next("UpdateItem", Fault::LoseAnswer);
    place.faults.always("GetItem", Fault::service("AccessDeniedException"));
    let update = DoomMap::update(&place.db, (1, 1)).set(DoomMap::NAME, "perhaps");
    assert!(update.returning_new().await.expect_err("lost").is_outcome_unknown());
    place.faults.clear();
    assert_eq!(name(&place).await?, read("perhaps"));
    Ok(())
}

#[tokio::test]
async fn a_write_that_is_dropped_half_way_evicts() -> Outcome {
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    let db = place.db.clone();
    let gate = place.faults.pause_answer("UpdateItem");
    let save = tokio::spawn(async move {
        map.name = "Nuclear Plant".to_owned();
        map.save(&db).await
    });
    gate.reached().await;
    save.abort();
    assert!(save.await.is_err());
    gate.release();
    place.evicts("doom_maps").await;
    assert_eq!(name(&place).await?, read("Nuclear Plant"));
    Ok(())
}

#[tokio::test]
async fn a_write_that_is_refused_leaves_the_cache_as_it_is() -> Outcome {
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.clear();
    place.faults.next("UpdateItem", Fault::service("AccessDeniedException"));
    map.name = "lost".to_owned();
    assert!(map.save(&place.db).await.is_err());
    assert_eq!(place.cache.take_asked(), []);
    assert_eq!(name(&place).await?, hit("Hangar"));
    Ok(())
}

#[tokio::test]
async fn a_program_that_keeps_nothing_of_a_model_evicts_what_others_keep() -> Outcome {
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    let caching = dynamap::Caching::new(place.cache.clone());
    let other = Database::builder(place.db.client().clone()).cache(caching).build();
    map.name = "Nuclear Plant".to_owned();
    map.save(&other).await?;
    assert_eq!(name(&place).await?, read("Nuclear Plant"));
    Ok(())
}

#[tokio::test]
async fn every_write_is_told_to_the_cache_once() -> Outcome {
    let place = Place::new().await;
    let mut ann = Account::of("ann", 5).insert(&place.db).await?;
    assert_eq!(place.told(), ["accounts Put"]);
    ann.balance = 7;
    ann.save(&place.db).await?;
    assert_eq!(place.told(), ["accounts Put"]);
    Account::update(&place.db, ann.id).add(Account::BALANCE, 1).await?;
    assert_eq!(place.told(), ["accounts Evicted"]);
    let mut gets = Gets::of(&place.db);
    let slot = gets.get::<Account>(ann.id);
    assert_eq!(gets.read().await?.take(slot)?.expect("there").balance, 8);
    assert_eq!(place.told(), ["accounts Miss"]);
    Ok(())
}
