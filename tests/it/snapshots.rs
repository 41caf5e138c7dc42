//! Snapshots: many items at one moment; and the commit of transactions that only read.

use std::time::Duration;

use dynamap::error::BusyCause;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    Database, Error, ItemSlot, Loaded, Model, RetryPolicy, Snapshot, Table, Transaction,
};

use crate::support::{Account, DoomMap, Outcome, Profile, held, put_raw, s, store};

const GET: &str = "TransactGetItems";

async fn maps(db: &Database, count: u32) -> Outcome {
    for map in 1..=count {
        DoomMap::new(1, map, "10").insert(db).await?;
    }
    Ok(())
}

fn wanted(db: &Database, count: u32) -> (Snapshot<'_>, Vec<ItemSlot<DoomMap>>) {
    let mut snapshot = Snapshot::of(db);
    let slots = (1..=count).map(|map| snapshot.get::<DoomMap>((1, map))).collect();
    (snapshot, slots)
}

/// What the names of the first maps say, read at one moment.
async fn amounts(db: &Database, count: u32) -> Result<Vec<i32>, Error> {
    let (snapshot, slots) = wanted(db, count);
    let found = snapshot.read().await?;
    let amount = |slot: ItemSlot<DoomMap>| {
        Ok(found.take(slot)?.expect("the map").name.parse().expect("a number"))
    };
    slots.into_iter().map(amount).collect()
}

/// Moves an amount from the first map to the last one, all or nothing.
async fn transfer(db: &Database, last: u32, amount: i32) -> Result<(), Error> {
    let tx = Transaction::begin(db);
    for (map, amount) in [(1, -amount), (last, amount)] {
        let mut map: Loaded<DoomMap> = DoomMap::get(&tx, (1, map)).await?.expect("the map");
        let now: i32 = map.name.parse().expect("a number");
        map.name = (now + amount).to_string();
        tx.save(map)?;
    }
    tx.commit().await.map(drop)
}

/// How many items each request asked for.
fn sizes(faults: &Faults) -> Vec<usize> {
    let requests = faults.requests().into_iter().filter(|request| request.operation == GET);
    requests.map(|r| r.body["TransactItems"].as_array().map_or(0, Vec::len)).collect()
}

#[tokio::test]
async fn items_of_several_models_are_read_by_one_request_and_each_once() -> Outcome {
    let (db, faults) = store().await;
    let ann = Account::of("Ann", 5).insert(&db).await?;
    Profile::new("ann").insert(&db).await?;
    faults.clear_log();
    let mut snapshot = Snapshot::of(&db);
    let account = snapshot.get::<Account>(ann.id);
    let again = snapshot.get::<Account>(ann.id);
    let profile = snapshot.get::<Profile>("ann");
    let map = snapshot.get::<DoomMap>((1, 1));
    let found = snapshot.read().await?;
    assert_eq!(sizes(&faults), [3]);
    assert_eq!(faults.requests().len(), 1);
    let mut account = found.take(account)?.expect("there");
    assert_eq!((account.balance, account.version), (5, 1));
    assert_eq!(found.take(profile)?.expect("there").address.city, "Bern");
    assert!(found.take(map)?.is_none());

    // What was found can be saved, once.
    account.balance = 6;
    account.save(&db).await?;
    let mut again = found.take(again)?.expect("there");
    again.balance = 7;
    assert!(again.save(&db).await.is_err_and(|error| error.is_conflict()));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let mut snapshot = Snapshot::of(&db);
    let account = snapshot.get::<Account>(1);
    let profile = snapshot.get::<Profile>("");
    let error = snapshot.read().await.expect_err("an empty key");
    assert!(matches!(error, Error::Encode { model: "Profile", .. }), "{error:?}");

    // Nothing is asked for, nothing is sent; slots belong to their snapshot.
    let found = Snapshot::of(&db).read().await?;
    assert!(matches!(found.take(account), Err(Error::Usage(_))));
    assert!(matches!(found.take(profile), Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_item_that_cannot_be_read_leaves_the_others() -> Outcome {
    let (db, _) = store().await;
    Account::of("Ann", 5).insert(&db).await?;
    put_raw(&db, "profiles", &[("login", s("bob")), ("address", s("no document"))]).await;
    let mut snapshot = Snapshot::of(&db);
    let (profile, account) = (snapshot.get::<Profile>("bob"), snapshot.get::<Account>(1));
    let found = snapshot.read().await?;
    let error = found.take(profile).expect_err("no profile");
    assert!(matches!(error, Error::Decode(_)), "{error:?}");
    assert_eq!(found.take(account)?.expect("there").balance, 5);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_lost_read_is_sent_again() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await?;
    for fault in [
        Fault::Throttle,
        Fault::TransactionConflict,
        Fault::LoseAnswer,
        Fault::LoseAnswerAs500,
        Fault::DropBefore,
        Fault::HangBefore,
        Fault::ServerError,
    ] {
        faults.clear_log();
        faults.next(GET, fault.clone());
        assert_eq!(amounts(&db, 3).await?, [10, 10, 10], "{fault:?}");
        assert_eq!(sizes(&faults), [3, 3], "{fault:?}");
    }
    for (fault, cause) in [
        (Fault::Throttle, BusyCause::Throttled),
        (Fault::TransactionConflict, BusyCause::Contended),
        (Fault::LoseAnswer, BusyCause::Unreachable),
    ] {
        faults.always(GET, fault);
        let Err(Error::Busy(busy)) = amounts(&db, 3).await else { panic!("{cause:?}") };
        assert_eq!((busy.operation, busy.cause), (GET, cause));
    }
    Ok(())
}

#[tokio::test]
async fn more_items_than_one_request_takes_are_read_twice_in_parts() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 250).await?;
    let cases: [(u32, &[usize]); 6] = [
        (0, &[]),
        (1, &[1]),
        (100, &[100]),
        (101, &[100, 1, 100, 1]),
        (200, &[100, 100, 100, 100]),
        (250, &[100, 100, 50, 100, 100, 50]),
    ];
    for (count, expected) in cases {
        faults.clear_log();
        assert_eq!(amounts(&db, count).await?.len(), count as usize);
        assert_eq!(sizes(&faults), expected, "{count} items");
    }
    Ok(())
}

/// A transfer between two parts before any request of the first rounds: no reader sees half of it.
#[tokio::test]
async fn items_that_move_between_two_parts_are_read_again_until_all_hold_still() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 101).await?;
    // Which request the transfer is before, and how many there are: two for each round.
    for (before, requests) in [(1, 4), (2, 6), (3, 6), (4, 8)] {
        for _ in 1..before {
            faults.next(GET, Fault::Delay(Duration::ZERO));
        }
        let gate = faults.pause(GET);
        faults.clear_log();
        let mut reading = tokio::spawn({
            let db = db.clone();
            async move { amounts(&db, 101).await }
        });
        held(&gate, &mut reading).await;
        transfer(&db, 101, 1).await?;
        gate.release();
        let found = reading.await??;
        assert_eq!(found.iter().sum::<i32>(), 1_010, "before request {before}");
        assert_eq!(found[100], 10 + before, "the last state is seen");
        assert_eq!(sizes(&faults).len(), requests, "before request {before}");
    }
    assert_eq!(faults.pending(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn items_that_never_hold_still_are_busy() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.deadline = Duration::from_secs(3);
    let db = Database::builder(client).seed(7).retry(policy).build();
    Table::<DoomMap>::create(&db).await?;
    maps(&db, 101).await?;
    let mut gate = faults.pause(GET);
    let mover = tokio::spawn({
        let (db, faults) = (db.clone(), faults.clone());
        async move {
            loop {
                gate.reached().await;
                transfer(&db, 101, 1).await.expect("a transfer");
                let next = faults.pause(GET);
                std::mem::replace(&mut gate, next).release();
            }
        }
    });
    let error = amounts(&db, 101).await.expect_err("never the same twice");
    mover.abort();
    assert!(error.is_retryable());
    let Error::Busy(busy) = error else { panic!("{error:?}") };
    assert_eq!((busy.operation, busy.cause), (GET, BusyCause::Contended));
    assert_eq!(sizes(&faults).len(), 2 * (busy.attempts as usize + 1));
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_for_one_request_is_halved_and_read_twice() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 120).await?;
    let refuse = || faults.next(GET, Fault::service("ValidationException"));
    let cases: [(u32, usize, &[usize]); 3] = [
        (10, 1, &[10, 5, 5, 5, 5]),
        (10, 2, &[10, 5, 2, 3, 5, 2, 3, 5]),
        (120, 1, &[100, 50, 50, 20, 50, 50, 20]),
    ];
    for (count, refusals, expected) in cases {
        faults.clear_log();
        (0..refusals).for_each(|_| refuse());
        assert_eq!(amounts(&db, count).await?.len(), count as usize);
        assert_eq!(sizes(&faults), expected, "{count} items");
    }
    // One item alone is not too large: it is refused for another reason.
    faults.clear_log();
    (0..2).for_each(|_| refuse());
    let error = amounts(&db, 3).await.expect_err("refused twice");
    assert!(matches!(error, Error::Service(_)), "{error:?}");
    assert_eq!(sizes(&faults), [3, 1]);
    Ok(())
}

/// A key of another type than the table's.
#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Wrong {
    #[model(hash_key)]
    id: String,
}

#[tokio::test]
async fn a_read_that_the_service_refuses_says_so_after_all_halving() -> Outcome {
    let (db, faults) = store().await;
    let (mut snapshot, _) = wanted(&db, 40);
    let _ = snapshot.get::<Wrong>("ann");
    let error = snapshot.read().await.expect_err("a key of another type");
    let Error::Service(error) = error else { panic!("{error:?}") };
    assert!(["ValidationException", "ValidationError"].contains(&error.code.as_str()), "{error:?}");
    assert_eq!(error.table, "accounts");
    assert!(sizes(&faults).len() < 15);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_only_reads_may_read_more_than_it_may_write() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 250).await?;
    for (changed, conflict) in [(None, false), (Some(1), true), (Some(250), true)] {
        let tx = Transaction::begin(&db);
        assert_eq!(DoomMap::query(&tx, 1).try_collect().await?.len(), 250);
        assert!(DoomMap::get(&tx, (9, 9)).await?.is_none());
        if let Some(map) = changed {
            DoomMap::update(&db, (1, map)).set(DoomMap::NAME, "theirs").await?;
        }
        faults.clear_log();
        let committed = tx.commit().await;
        // One round: each was seen before.
        assert_eq!(sizes(&faults), [100, 100, 51]);
        assert_eq!(faults.requests().len(), 3);
        let Err(error) = committed else {
            assert!(!conflict);
            continue;
        };
        assert!(conflict);
        let winner = error.winner::<DoomMap>()?.expect("there");
        assert_eq!((Some(winner.map), winner.name.as_str()), (changed, "theirs"));
    }

    // With a write among them all is one request of the service, which takes 100.
    let tx = Transaction::begin(&db);
    DoomMap::query(&tx, 1).limit(100).try_collect().await?;
    tx.insert(DoomMap::new(2, 1, "one more"))?;
    faults.clear_log();
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_change_between_the_parts_of_a_commit_is_noticed() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 101).await?;
    // The parts are in the order of the keys as text, so that map 99 is in the second one. A change before the first
    // part is seen in both, one between them in the second.
    for (before, failures) in [(1, 2), (2, 1)] {
        let tx = Transaction::begin(&db);
        DoomMap::query(&tx, 1).try_collect().await?;
        if before == 2 {
            faults.next(GET, Fault::Delay(Duration::ZERO));
        }
        let gate = faults.pause(GET);
        let mut commit = tokio::spawn(tx.commit());
        held(&gate, &mut commit).await;
        transfer(&db, 99, 1).await?;
        gate.release();
        let Err(Error::Conflict(conflict)) = commit.await? else { panic!("changed") };
        assert_eq!(conflict.failures().len(), failures, "before part {before}");
    }
    Ok(())
}

/// What is absent can have come and gone between two readings: it is read first, and all of it at one moment.
#[tokio::test]
async fn what_is_absent_is_read_first_and_must_fit_one_moment() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 149).await?;
    let tx = Transaction::begin(&db);
    for map in 1..=150 {
        DoomMap::get(&tx, (1, map)).await?;
    }
    faults.clear_log();
    tx.commit().await?;
    assert_eq!(sizes(&faults), [100, 50]);
    let first = faults.requests()[0].body["TransactItems"][0]["Get"]["Key"]["map"].clone();
    assert_eq!(first, serde_json::json!({"N": "150"}));

    // Of a snapshot as soon as it is known.
    let mut snapshot = Snapshot::of(&db);
    let slots: Vec<_> = (1..=150).map(|map| snapshot.get::<DoomMap>((1, map))).collect();
    faults.clear_log();
    let found = snapshot.read().await?;
    assert_eq!(sizes(&faults), [100, 50, 100, 50]);
    let first = faults.requests()[2].body["TransactItems"][0]["Get"]["Key"]["map"].clone();
    assert_eq!(first, serde_json::json!({"N": "150"}));
    for (slot, map) in slots.into_iter().zip(1..) {
        assert_eq!(found.take(slot)?.map(|found| found.map), (map < 150).then_some(map));
    }

    // More than fit one moment cannot be proven.
    let tx = Transaction::begin(&db);
    let mut snapshot = Snapshot::of(&db);
    for map in 200..=300 {
        DoomMap::get(&tx, (1, map)).await?;
        let _ = snapshot.get::<DoomMap>((1, map));
    }
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    assert!(matches!(snapshot.read().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    let tx = Transaction::begin(&db);
    for map in 147..=151 {
        DoomMap::get(&tx, (1, map)).await?;
    }
    // Too large for one moment, and halved: the two that are absent are still together.
    faults.next(GET, Fault::service("ValidationException"));
    faults.clear_log();
    tx.commit().await?;
    assert_eq!(sizes(&faults), [5, 2, 3]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_snapshot_sees_half_of_a_transfer() -> Outcome {
    let (db, _) = store().await;
    maps(&db, 2).await?;
    let movers = (0..3).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                let moved = transfer(&db, 2, 1).await;
                assert!(moved.is_ok() || moved.is_err_and(|error| error.is_conflict()));
            }
        })
    });
    let movers: Vec<_> = movers.collect();
    while movers.iter().any(|mover| !mover.is_finished()) {
        assert_eq!(amounts(&db, 2).await?.iter().sum::<i32>(), 20);
    }
    for mover in movers {
        mover.await?;
    }
    Ok(())
}
