//! Reads of single items that are made at the same time and become batches.

use std::future::IntoFuture as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use dynamap::faults::{Fault, Faults};
use dynamap::{Coalesced, Database, Error, Loaded, Model};
use futures_util::future::join_all;

use crate::support::{Account, DoomMap, Mistyped, Outcome, Profile, n, put_raw, store};

const GET: &str = "BatchGetItem";

async fn maps(db: &Database, count: u32) {
    let maps = (1..=count).map(|map| DoomMap::new(1, map, &format!("map {map}")));
    for stored in DoomMap::insert_many(db, maps).await {
        stored.expect("a new map");
    }
}

/// How many keys each batch asked for, the largest first.
fn sizes(faults: &Faults) -> Vec<usize> {
    let requests = faults.requests().into_iter().filter(|request| request.operation == GET);
    let keys = |table: &serde_json::Value| table["Keys"].as_array().map_or(0, Vec::len);
    let mut sizes: Vec<usize> = requests
        .map(|request| {
            request.body["RequestItems"].as_object().expect("tables").values().map(keys).sum()
        })
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

#[tokio::test]
async fn gets_joined_in_one_task_are_as_few_requests_as_their_keys_need() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 250).await;
    let reader = Coalesced::new(&db);
    for (count, requests) in
        [(2_u32, &[2][..]), (100, &[100]), (101, &[100]), (250, &[100, 100, 50])]
    {
        faults.clear_log();
        let gets = (1..=count).map(|map| DoomMap::get(&reader, (1, map)).into_future());
        let found = join_all(gets).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        assert_eq!(sizes(&faults), requests, "{count} gets");
        // A single one that is left over is a plain get.
        assert_eq!(faults.requests().len(), count.div_ceil(100) as usize);
        let maps: Vec<u32> = found.into_iter().map(|found| found.expect("there").map).collect();
        assert_eq!(maps, (1..=count).collect::<Vec<_>>());
    }
    Ok(())
}

/// A thousand gets of other tasks, each with its own answer.
async fn a_thousand(db: &Database) -> Outcome {
    let reader = Coalesced::new(db);
    let get = |map: u32| {
        let reader = reader.clone();
        tokio::spawn(async move { DoomMap::get(&reader, (1, map)).await.map(|found| (map, found)) })
    };
    let gets: Vec<_> = (1..=1000).map(get).collect();
    for got in gets {
        let (map, found) = got.await??;
        let found = found.map(|found| (found.map, found.name.clone()));
        assert_eq!(found, (map <= 90).then(|| (map, format!("map {map}"))));
    }
    Ok(())
}

#[tokio::test]
async fn a_thousand_tasks_take_ten_requests() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 90).await;
    faults.clear_log();
    a_thousand(&db).await?;
    assert_eq!(sizes(&faults), [100; 10]);
    assert_eq!(faults.requests().len(), 10);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_thousand_tasks_take_ten_requests_on_a_worker_thread() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 90).await;
    faults.clear_log();
    // The worker is held until all tasks are there, so that they are concurrent whatever else the machine does.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (ready, is_held) = tokio::sync::oneshot::channel();
    let worker = tokio::spawn(async move {
        ready.send(()).expect("the test waits");
        held.recv().ok();
    });
    is_held.await?;
    let all = a_thousand(&db);
    let mut all = pin!(all);
    assert!(all.as_mut().poll_once().is_pending());
    release.send(())?;
    worker.await?;
    all.await?;
    assert_eq!(faults.requests().len(), 10);
    assert_eq!(sizes(&faults), [100; 10]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads_every_key_is_asked_once_and_most_are_merged() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 90).await;
    faults.clear_log();
    a_thousand(&db).await?;
    // How many tasks run before a batch is sent depends on the threads.
    let requests = faults.requests().len();
    assert!((10..200).contains(&requests), "{requests} requests");
    let asked: usize = sizes(&faults).into_iter().sum();
    assert_eq!(asked + faults.count("GetItem"), 1000);
    Ok(())
}

/// One poll by hand.
trait PollOnce: Future {
    fn poll_once(self: std::pin::Pin<&mut Self>) -> Poll<Self::Output> {
        self.poll(&mut Context::from_waker(Waker::noop()))
    }
}

impl<F: Future> PollOnce for F {}

#[tokio::test(start_paused = true)]
async fn a_lone_get_is_a_plain_get_and_waits_for_no_timer() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 1).await;
    faults.clear_log();
    let reader = Coalesced::new(&db);
    let start = tokio::time::Instant::now();
    for _ in 0..2 {
        assert_eq!(DoomMap::get(&reader, (1, 1)).await?.expect("there").name, "map 1");
    }
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
    // One after the other they are not merged, and nothing is cached.
    assert_eq!((faults.count("GetItem"), faults.count(GET)), (2, 0));
    // Two of one key are one request.
    faults.clear_log();
    let get = || DoomMap::get(&reader, (1, 1)).into_future();
    let (one, other) = tokio::join!(get(), get());
    assert_eq!(one?.as_deref(), other?.as_deref());
    assert_eq!(faults.requests().len(), 1);
    Ok(())
}

#[tokio::test]
async fn tables_are_mixed_and_consistent_reads_go_apart() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await;
    Profile::new("ann").insert(&db).await?;
    let ann = Account::of("Ann", 5).insert(&db).await?;
    faults.clear_log();
    let reader = Coalesced::new(&db);
    let (map, profile, account, same, other) = tokio::join!(
        DoomMap::get(&reader, (1, 1)).into_future(),
        Profile::get(&reader, "ann").into_future(),
        Account::get(&reader, ann.id).consistent().into_future(),
        DoomMap::get(&reader, (1, 1)).consistent().into_future(),
        DoomMap::get(&reader, (1, 4)).into_future(),
    );
    assert_eq!(map?.expect("there").name, "map 1");
    assert_eq!(profile?.expect("there").login, "ann");
    assert_eq!(account?.expect("there").balance, 5);
    assert_eq!(same?.expect("there").name, "map 1");
    assert!(other?.is_none());
    assert_eq!(sizes(&faults), [3, 2]);
    for request in faults.requests() {
        let tables = request.body["RequestItems"].as_object().expect("tables");
        let consistent = tables.contains_key("accounts");
        assert!(tables.values().all(|table| table["ConsistentRead"] == consistent));
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_fails_those_who_asked_for_it_and_nobody_else() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await;
    put_raw(&db, "doom_maps", &[("episode", n(1)), ("map", n(9))]).await;
    faults.clear_log();
    let reader = Coalesced::new(&db);
    let (one, torn, again, refused, empty, last) = tokio::join!(
        DoomMap::get(&reader, (1, 1)).into_future(),
        DoomMap::get(&reader, (1, 9)).into_future(),
        DoomMap::get(&reader, (1, 9)).into_future(),
        Mistyped::get(&reader, "one").into_future(),
        Profile::get(&reader, "").into_future(),
        DoomMap::get(&reader, (1, 3)).into_future(),
    );
    assert_eq!(one?.expect("there").name, "map 1");
    assert_eq!(last?.expect("there").name, "map 3");
    for torn in [torn, again] {
        assert!(matches!(torn, Err(Error::Decode(_))), "{torn:?}");
    }
    assert!(matches!(refused, Err(Error::Service(e)) if e.code == "ValidationException"));
    assert!(matches!(empty, Err(Error::Encode { .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_of_a_busy_service_and_the_next_batch_is_none_the_worse() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 2).await;
    faults.always(GET, Fault::Throttle);
    let reader = Coalesced::new(&db);
    let both = || join_all([1, 2].map(|map| DoomMap::get(&reader, (1, map)).into_future()));
    for found in both().await {
        let Err(Error::Busy(busy)) = found else { panic!("{found:?}") };
        assert_eq!((busy.operation, busy.table.as_str()), (GET, "doom_maps"));
    }
    faults.clear();
    assert!(both().await.into_iter().all(|found| found.is_ok_and(|found| found.is_some())));
    Ok(())
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_nobody_and_is_not_read_for() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 5).await;
    faults.clear_log();
    let reader = Coalesced::new(&db);
    let get = |map: u32| Box::pin(DoomMap::get(&reader, (1, map)).into_future());
    // The first one begins the batch.
    let mut gets: Vec<_> = (1..=4).map(get).collect();
    for get in &mut gets {
        assert!(get.as_mut().poll_once().is_pending());
    }
    drop(gets.remove(0));
    drop(gets.remove(2));
    let found = join_all(gets).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let maps: Vec<_> = found.into_iter().map(|found| found.expect("there").map).collect();
    assert_eq!(maps, [2, 3]);
    assert_eq!(sizes(&faults), [2]);
    // One goes away while the request is under way.
    let gate = faults.pause(GET);
    let mut gone = get(1);
    assert!(gone.as_mut().poll_once().is_pending());
    let other = tokio::spawn({
        let reader = reader.clone();
        async move { DoomMap::get(&reader, (1, 2)).await }
    });
    gate.reached().await;
    drop(gone);
    gate.release();
    assert_eq!(other.await??.expect("there").map, 2);
    Ok(())
}

#[test]
fn who_waits_for_a_runtime_that_is_gone_reads_alone() -> Outcome {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (first, second) = (runtime()?, runtime()?);
    let (db, _) = second.block_on(store());
    second.block_on(maps(&db, 2));
    let reader = Coalesced::new(&db);
    let mut get = Box::pin(DoomMap::get(&reader, (1, 1)).into_future());
    // The batch is gathered on the first runtime, which ends before it is sent.
    first.block_on(async { assert!(get.as_mut().poll_once().is_pending()) });
    drop(first);
    assert_eq!(second.block_on(get)?.expect("there").name, "map 1");
    // And the reader goes on.
    assert!(second.block_on(DoomMap::get(&reader, (1, 2)).into_future())?.is_some());
    Ok(())
}

#[tokio::test]
async fn queries_go_through_it_as_they_are() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await;
    let reader = Coalesced::new(&db);
    let found: Vec<Loaded<DoomMap>> = DoomMap::query(&reader, 1).try_collect().await?;
    assert_eq!((found.len(), faults.count("Query")), (3, 1));
    Ok(())
}
