//! A cache that is dead, slow, or holds what nobody can read fails no read and no write.

use std::time::Duration;

use dynamap::Model;

use super::scripted::Trouble;
use super::{MINUTE, Place};
use crate::support::{DoomMap, Outcome};

/// Every verb, with a cache that does not work.
async fn use_it(place: &Place) -> Outcome {
    let db = &place.db;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(db).await?;
    assert_eq!(DoomMap::get(db, (1, 1)).await?.expect("there").name, "Hangar");
    map.name = "Nuclear Plant".into();
    map.save(db).await?;
    assert_eq!(DoomMap::get(db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
    DoomMap::update(db, (1, 1)).set(DoomMap::NAME, "Toxin Refinery").await?;
    assert_eq!(
        DoomMap::get_many(db, [(1, 1)]).await?[0].as_ref().expect("there").name,
        "Toxin Refinery"
    );
    DoomMap::delete(db, (1, 1)).unchecked().await?;
    assert!(DoomMap::get(db, (1, 1)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_dead_cache_fails_nothing_and_is_told() -> Outcome {
    let place = Place::new().await;
    place.cache.always(Trouble::Dead);
    use_it(&place).await?;
    let told = place.told();
    assert!(told.iter().all(|told| told == "doom_maps Failed: the cache is dead"), "{told:?}");
    // Two writes put, and evict where that fails; two evict. Reads leave it alone.
    let asked = [("get", 1), ("set", 1), ("get", 1), ("set", 1), ("set", 1), ("set", 1)];
    assert_eq!(place.cache.take_asked(), asked);
    assert_eq!(told.len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_cache_without_an_answer_fails_nothing_and_is_told() -> Outcome {
    let place =
        Place::with(|caching| caching.every_model(MINUTE).timeout(Duration::from_millis(5))).await;
    place.cache.always(Trouble::Silent);
    use_it(&place).await?;
    let told = place.told();
    assert!(told.iter().all(|told| told == "doom_maps Failed: no answer in time"), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn reads_leave_a_cache_that_failed_alone_for_a_second_and_writes_do_not() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.cache.next("get", Trouble::Dead);
    place.clear();
    for _ in 0..3 {
        assert!(DoomMap::get(&place.db, (1, 1)).await?.is_some());
    }
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    assert_eq!(place.requests(), 3);
    // The cache may live for others.
    map.delete(&place.db).await?;
    assert_eq!(place.cache.take_asked(), [("set", 1)]);
    DoomMap::new(1, 2, "Nuclear Plant").insert(&place.db).await?;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    place.clear();
    assert!(DoomMap::get(&place.db, (1, 2)).await?.is_some());
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn garbage_is_a_miss_and_is_replaced() -> Outcome {
    type Change = fn(&mut Vec<u8>);
    let changes: [Change; 4] = [
        |value| value.clear(),
        |value| value.truncate(20),
        |value| value[7] = 1,
        |value| *value = b"{\"name\": \"of another program\"}".to_vec(),
    ];
    for change in changes {
        let place = Place::new().await;
        DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
        place.cache.spoil(change);
        place.clear();
        assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Hangar");
        assert_eq!(place.told(), ["doom_maps Unreadable", "doom_maps Put"]);
        assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Hangar");
        assert_eq!(place.requests(), 1);
        // A write does not stumble over it either.
        place.cache.spoil(change);
        place.clear();
        let mut map = DoomMap::get(&place.db, (1, 1)).consistent().await?.expect("there");
        map.name = "Nuclear Plant".into();
        map.save(&place.db).await?;
        assert_eq!(place.told(), ["doom_maps Put"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_about_other_keys_is_a_failure() -> Outcome {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use dynamap::cache::{Cache, CacheError, CacheOutcome, Cached};

    struct Confused;

    impl Cache for Confused {
        async fn get(&self, _: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
            Ok(Vec::new())
        }

        async fn set(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<(), CacheError> {
            Ok(())
        }

        async fn compare_and_set(
            &self,
            _: &str,
            _: Option<&Cached>,
            _: Vec<u8>,
            _: Duration,
        ) -> Result<bool, CacheError> {
            Ok(false)
        }
    }

    let place = Place::new().await;
    let failures = Arc::<AtomicUsize>::default();
    let told = Arc::clone(&failures);
    let caching = dynamap::Caching::new(Confused).every_model(MINUTE).on_report(move |report| {
        if let CacheOutcome::Failed(error) = report.outcome {
            assert_eq!(error.to_string(), "an answer about other keys");
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    let db = dynamap::Database::builder(place.db.client().clone()).cache(caching).build();
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    assert_eq!(DoomMap::get(&db, (1, 1)).await?.expect("there").name, "Hangar");
    assert!(DoomMap::get_many(&db, [(1, 1)]).await?[0].is_some());
    // Then it is left alone.
    assert_eq!(failures.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn an_item_that_is_too_large_for_the_cache_is_not_sent_and_the_cache_does_not_rest() -> Outcome
{
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.cache.takes(500);
    place.clear();
    map.name = "Phobos Lab".repeat(50);
    map.save(&place.db).await?;
    // What it holds of the item goes.
    assert_eq!(place.told(), ["doom_maps Evicted"]);
    assert_eq!(place.cache.take_asked(), [("set", 1)]);
    place.cache.forget();
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, map.name);
    assert_eq!(place.told(), ["doom_maps Miss", "doom_maps Refused"]);
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    DoomMap::new(1, 3, "small").insert(&place.db).await?;
    assert_eq!(place.told(), ["doom_maps Put"]);
    assert!(DoomMap::get(&place.db, (1, 3)).await?.is_some());
    assert_eq!(place.told(), ["doom_maps Hit"]);
    Ok(())
}

#[tokio::test]
async fn an_item_that_the_cache_does_not_take_is_evicted_and_the_cache_does_not_rest() -> Outcome {
    let place = Place::new().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    DoomMap::new(1, 2, "Nuclear Plant").insert(&place.db).await?;
    place.clear();
    place.cache.next("swap", Trouble::Dead);
    map.name = "Phobos Lab".to_owned();
    map.save(&place.db).await?;
    assert_eq!(place.told(), ["doom_maps Failed: the cache is dead", "doom_maps Evicted"]);
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Phobos Lab");
    place.clear();
    assert!(DoomMap::get(&place.db, (1, 2)).await?.is_some());
    assert_eq!((place.requests(), place.told()), (0, vec!["doom_maps Hit".to_owned()]));
    Ok(())
}
