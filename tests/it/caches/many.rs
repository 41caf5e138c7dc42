//! Many items, and a cache that hangs: it delays them once.

use std::time::Duration;

use dynamap::{Batch, Model};

use super::scripted::Trouble;
use super::{MINUTE, Place};
use crate::support::{DoomMap, Outcome, Profile};

/// Kept for a minute, in a cache that is waited for so long that nobody would wait for it twice.
async fn place() -> Place {
    Place::with(|caching| caching.every_model(MINUTE).timeout(Duration::from_millis(5))).await
}

#[tokio::test]
async fn a_cache_that_hangs_is_waited_for_once_by_a_batch_of_writes() -> Outcome {
    let place = place().await;
    place.cache.always(Trouble::Silent);
    let profiles = (0..100).map(|number| Profile::new(&format!("{number}")));
    let put = Profile::put_many(&place.db, profiles).await?;
    assert_eq!(put.len(), 100);
    assert_eq!(place.cache.take_asked(), [("set", 1); 8]);
    // All of them are told to have failed.
    assert_eq!(place.told(), vec!["profiles Failed: no answer in time"; 100]);

    // One refusal is no silence.
    place.cache.always(Trouble::Dead);
    let mut batch = Batch::of(&place.db);
    for number in 0..100 {
        let _ = batch.delete::<Profile>(&format!("{number}"));
    }
    let _ = batch.run().await;
    assert_eq!(place.cache.take_asked(), [("set", 1); 100]);
    Ok(())
}

#[tokio::test]
async fn a_cache_that_hangs_is_waited_for_once_by_a_read_of_many() -> Outcome {
    let place = place().await;
    for map in 1..=100 {
        DoomMap::new(1, map, "Hangar").insert(&place.stranger()).await?;
    }
    place.clear();
    (0..100).for_each(|_| place.cache.next("swap", Trouble::Silent));
    let found = DoomMap::get_many(&place.db, (1..=100).map(|map| (1, map))).await?;
    assert!(found.iter().all(Option::is_some));
    let asked = place.cache.take_asked();
    assert_eq!(asked.iter().filter(|(of, _)| *of == "swap").count(), 8);
    Ok(())
}

#[tokio::test]
async fn nothing_that_was_read_is_put_while_the_cache_rests() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    let gate = place.faults.pause_answer("GetItem");
    let db = place.db.clone();
    let read = tokio::spawn(async move { DoomMap::get(&db, (1, 1)).await });
    gate.reached().await;
    place.cache.next("get", Trouble::Dead);
    DoomMap::get(&place.db, (1, 2)).await.ok();
    place.clear();
    gate.release();
    assert!(read.await??.is_some());
    assert_eq!((place.cache.take_asked(), place.told().len()), (vec![], 0));
    Ok(())
}
