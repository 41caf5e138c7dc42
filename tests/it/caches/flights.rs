//! Reads of one item at the same time: who reads, who waits, and for how long.

use std::future::IntoFuture as _;
use std::time::Duration;

use dynamap::Model;
use dynamap::faults::Fault;
use futures_util::future::join_all;

use super::races::{name, reader, renamed};
use super::scripted::Trouble;
use super::{Place, settle};
use crate::support::{DoomMap, Outcome};

#[tokio::test]
async fn reads_of_one_item_at_the_same_time_are_one_request() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.clear();
    let gate = place.faults.pause("GetItem");
    let reads: Vec<_> = (0..20)
        .map(|_| {
            let db = place.db.clone();
            tokio::spawn(async move { DoomMap::get(&db, (1, 1)).await })
        })
        .collect();
    gate.reached().await;
    settle().await;
    gate.release();
    for read in join_all(reads).await {
        assert_eq!(read??.expect("there").name, "Hangar");
    }
    assert_eq!(place.requests(), 1);
    assert_eq!(place.cache.take_asked(), [("get", 1), ("swap", 1)]);
    Ok(())
}

#[tokio::test]
async fn a_read_that_is_dropped_or_fails_leaves_the_others_their_answers() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    let spawn = || {
        let db = place.db.clone();
        tokio::spawn(async move { DoomMap::get(&db, (1, 1)).await })
    };
    for is_dropped in [true, false] {
        place.cache.forget();
        place.clear();
        place.cache.next("get", Trouble::Held);
        let first = spawn();
        place.cache.held().await;
        let others: Vec<_> = (0..3).map(|_| spawn()).collect();
        settle().await;
        assert_eq!(place.cache.take_asked(), [("get", 1)]);
        if is_dropped {
            first.abort();
            assert!(first.await.is_err());
        } else {
            place.faults.next("GetItem", Fault::service("AccessDeniedException"));
            place.cache.release();
            assert!(first.await?.is_err());
        }
        for other in join_all(others).await {
            assert_eq!(other??.expect("there").name, "Hangar");
        }
        if is_dropped {
            assert_eq!(place.requests(), 1);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_read_that_begins_after_a_write_does_not_join_one_that_began_before() -> Outcome {
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "before").insert(&place.stranger()).await?;
    let gate = place.faults.pause_answer("GetItem");
    let first = reader(&place.db);
    gate.reached().await;
    renamed(map, "after", &place.db).await?;
    assert_eq!(name(&place.db).await?.as_deref(), Some("after"));
    gate.release();
    assert_eq!(first.await??.expect("there").name, "before");
    assert_eq!(name(&place.db).await?.as_deref(), Some("after"));
    Ok(())
}

#[tokio::test]
async fn a_read_that_begins_after_a_write_does_not_join_one_that_asked_the_cache_before() -> Outcome
{
    let place = Place::new().await;
    let map = DoomMap::new(1, 1, "before").insert(&place.db).await?;
    place.cache.next("swap", Trouble::Held);
    let db = place.db.clone();
    let save = tokio::spawn(async move { renamed(map, "after", &db).await });
    place.cache.held().await;
    place.cache.next("get", Trouble::Held);
    let first = reader(&place.db);
    place.cache.held().await;
    place.cache.release();
    save.await??;
    let second = reader(&place.db);
    settle().await;
    place.cache.release();
    assert_eq!(first.await??.expect("there").name, "before");
    assert_eq!(second.await??.expect("there").name, "after");
    Ok(())
}

#[tokio::test]
async fn a_read_waits_for_another_that_nobody_drives_for_a_second() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.cache.next("get", Trouble::Held);
    let mut first = DoomMap::get(&place.db, (1, 1)).into_future();
    tokio::select! {
        biased;
        _ = &mut first => panic!("it is held"),
        () = place.cache.held() => {}
    }
    // It is free to go on, if only it was polled.
    place.cache.release();
    let second = reader(&place.db);
    settle().await;
    assert!(!second.is_finished());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    assert_eq!(second.await??.expect("there").name, "Hangar");
    assert_eq!(place.cache.take_asked().first(), Some(&("get", 1)));
    assert_eq!(first.await?.expect("there").name, "Hangar");
    Ok(())
}

#[tokio::test]
async fn a_read_does_not_wait_for_one_that_was_dropped() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.cache.next("get", Trouble::Held);
    let first = reader(&place.db);
    place.cache.held().await;
    first.abort();
    assert!(first.await.is_err());
    let second = reader(&place.db);
    settle().await;
    assert!(second.is_finished());
    assert_eq!(second.await??.expect("there").name, "Hangar");
    Ok(())
}

#[tokio::test]
async fn reads_that_waited_for_one_that_failed_do_not_wait_for_each_other() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.clear();
    (0..4).for_each(|_| place.cache.next("get", Trouble::Held));
    place.faults.next("GetItem", Fault::service("AccessDeniedException"));
    let first = reader(&place.db);
    place.cache.held().await;
    let others: Vec<_> = (0..3).map(|_| reader(&place.db)).collect();
    settle().await;
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    place.cache.release();
    assert!(first.await?.is_err());
    settle().await;
    assert_eq!(place.cache.take_asked(), [("get", 1); 3]);
    (0..3).for_each(|_| place.cache.release());
    for other in join_all(others).await {
        assert_eq!(other??.expect("there").name, "Hangar");
    }
    Ok(())
}
