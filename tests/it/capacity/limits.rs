//! Handles whose requests take no more capacity than they may; on a paused clock, so to the millisecond.

use std::time::Duration;

use dynamap::error::BusyCause;
use dynamap::faults::Fault;
use dynamap::{Error, Model, RateLimit, RunError, Transaction};
use tokio::time::Instant;

use super::{Parcel, parcel, parcels};
use crate::support::{Outcome, Profile, store};

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

/// One second's worth at once, then as fast as the limit.
#[tokio::test(start_paused = true)]
async fn writes_take_as_long_as_the_limit_says() -> Outcome {
    let (db, _faults) = store().await;
    let (db, meter) = db.limited(RateLimit::new().write(10)).metered();
    let began = Instant::now();
    let profiles = (0..60).map(|i| Profile::new(&format!("user {i}")));
    for stored in Profile::insert_many(&db, profiles).await {
        stored?;
    }
    assert!((meter.capacity().total().write - 60.0).abs() < f64::EPSILON);
    let taken = seconds(began);
    assert!((4.9..=5.1).contains(&taken), "{taken}");
    Ok(())
}

/// What a request costs is known only afterwards: the next ones pay for it.
#[tokio::test(start_paused = true)]
async fn large_items_are_paid_by_waiting_longer() -> Outcome {
    let (db, _faults) = parcels().await;
    let db = db.limited(RateLimit::new().write(10));
    let began = Instant::now();
    for number in 0..20 {
        let note = "x".repeat(9_500); // 10 units
        Parcel { note, ..parcel(number, None) }.insert(&db).await?;
    }
    // 20 requests of 10 units to the table, as many to its local index, which the table pays.
    let taken = seconds(began);
    assert!((35.0..=41.0).contains(&taken), "{taken}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_table_and_each_global_index_has_the_limit_for_itself() -> Outcome {
    let (db, _faults) = parcels().await;
    let slow = db.limited(RateLimit::new().write(100).index(Parcel::BY_CITY, 10, 2));
    let began = Instant::now();
    for number in 0..20 {
        parcel(number, Some("Bern")).insert(&slow).await?;
    }
    let taken = seconds(began);
    assert!((8.0..=10.0).contains(&taken), "20 writes to an index that takes 2 a second: {taken}");

    let began = Instant::now();
    for number in 0..20 {
        Profile::new(&format!("user {number}")).insert(&slow).await?;
    }
    assert!(seconds(began) < 0.001, "another table");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_can_have_a_limit_of_its_own() -> Outcome {
    let (db, _faults) = store().await;
    let db = db.limited(RateLimit::new().read(1).table::<Profile>(1_000, 1_000));
    let began = Instant::now();
    for _ in 0..100 {
        Profile::get(&db, "ann").await?;
    }
    assert!(seconds(began) < 0.001);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn scans_and_transactions_are_limited_too() -> Outcome {
    let (db, _faults) = parcels().await;
    for number in 0..40 {
        let note = "x".repeat(3_900);
        Parcel { note, ..parcel(number, None) }.insert(&db).await?;
    }
    let slow = db.limited(RateLimit::new().read(10).write(10));
    let began = Instant::now();
    // 40 items of 4 KB, 10 in a page.
    let found = Parcel::scan(&slow).consistent().page_size(10).try_collect().await?;
    assert_eq!(found.len(), 40);
    let taken = seconds(began);
    // 40 units, then a page of nothing: 10 at once, the others in 3 seconds and a bit for the last request.
    assert!((3.0..=4.0).contains(&taken), "{taken}");

    let began = Instant::now();
    for number in 0..10 {
        let tx = Transaction::begin(&slow);
        tx.write(Parcel::delete(&slow, ("ann", number)).unchecked())?;
        tx.insert(Profile::new(&format!("user {number}")))?;
        tx.commit().await?;
    }
    // Each takes 8 units of the table and 4 of its local index; 10 at once.
    let taken = seconds(began);
    assert!((9.0..=12.0).contains(&taken), "{taken}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_while_it_waits_gives_back_what_it_took() -> Outcome {
    let (db, _faults) = store().await;
    let db = db.limited(RateLimit::new().write(1));
    Profile::new("first").insert(&db).await?;
    for _ in 0..50 {
        let waiting = Profile::new("never").insert(&db);
        let dropped = tokio::time::timeout(Duration::from_millis(1), async { waiting.await }).await;
        assert!(dropped.is_err());
    }
    let began = Instant::now();
    Profile::new("second").insert(&db).await?;
    let taken = seconds(began);
    assert!(taken <= 1.0, "{taken}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_own_limit_is_not_waiting_for_the_service() -> Outcome {
    let (db, faults) = store().await;
    let db = db.limited(RateLimit::new().write(1));
    let began = Instant::now();
    let profiles = (0..120).map(|i| Profile::new(&format!("user {i}")));
    // All of them wait at once, the last one for two minutes: longer than the deadline of a request. One is refused and
    // waits again.
    let refuse = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        faults.next("PutItem", Fault::Throttle);
    };
    let insert = async { Profile::insert_many(&db, profiles).at_once(120).await };
    for stored in tokio::join!(insert, refuse).0 {
        stored?;
    }
    assert!(seconds(began) > 100.0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_limits_are_both_kept() -> Outcome {
    let (db, _faults) = store().await;
    let db = db.limited(RateLimit::new().write(2)).limited(RateLimit::new().write(50));
    let began = Instant::now();
    for number in 0..10 {
        Profile::new(&format!("user {number}")).insert(&db).await?;
    }
    let taken = seconds(began);
    assert!((3.9..=4.6).contains(&taken), "{taken}");
    Ok(())
}

/// After a throttled request the limiter takes what was accepted lately, so the next ones wait.
#[tokio::test(start_paused = true)]
async fn a_limiter_goes_slower_when_the_service_throttles_and_only_there() -> Outcome {
    let (db, faults) = store().await;
    let db = db.limited(RateLimit::new());
    let began = Instant::now();
    for number in 0..10 {
        Profile::new(&format!("user {number}")).insert(&db).await?;
    }
    assert!(seconds(began) < 0.001, "no limit until then");
    tokio::time::sleep(Duration::from_secs(1)).await;
    faults.next("PutItem", Fault::Throttle);
    Profile::new("throttled").insert(&db).await?;
    let began = Instant::now();
    for number in 10..20 {
        Profile::new(&format!("user {number}")).insert(&db).await?;
    }
    let taken = seconds(began);
    assert!((0.5..=2.0).contains(&taken), "10 were accepted in the last second: {taken}");
    let began = Instant::now();
    for _ in 0..100 {
        Profile::get(&db, "ann").await?;
    }
    assert!(seconds(began) < 0.001, "reads were not throttled");
    Ok(())
}

/// The own limit is no throttling: nothing is sent, nothing is paid for, and the error says so.
#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_own_limit_allows_a_request_is_told_as_that() -> Outcome {
    let (db, faults) = store().await;
    let (db, meter) = db.limited(RateLimit::new().write(1)).metered();
    for number in 0..20 {
        Profile::new(&format!("user {number}")).insert(&db).await?;
    }
    // Twenty more wait in line.
    let queue =
        Profile::insert_many(&db, (20..40).map(|i| Profile::new(&format!("user {i}")))).at_once(20);
    let late = async {
        tokio::task::yield_now().await;
        let db = &db;
        let work = Transaction::run(db, |tx| async move {
            tx.insert(Profile::new("late"))?;
            Ok::<_, Error>(())
        });
        work.deadline(Duration::from_secs(3)).await
    };
    let (stored, late) = tokio::join!(async { queue.await }, late);
    assert!(stored.iter().all(Result::is_ok));
    let Err(RunError::Failed(Error::Busy(busy))) = late else { panic!("{late:?}") };
    assert_eq!((busy.cause, busy.attempts), (BusyCause::Limited, 0));
    assert_eq!(meter.capacity().of::<Profile>(&db).throttled, 0);
    assert_eq!(faults.count("PutItem"), 40);
    Ok(())
}

/// Finding out what became of a write comes before everything that waits in line.
#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_been_applied_is_not_made_to_wait_again() -> Outcome {
    let (db, faults) = store().await;
    let db = db.limited(RateLimit::new().write(1));
    let mut first = Profile::new("first").insert(&db).await?;
    first.name = Some("changed".to_owned());
    faults.next("UpdateItem", Fault::LoseAnswer);
    let began = Instant::now();
    let save = async { first.save(&db).await.map(|()| seconds(began)) };
    let others = (0..20).map(|number| Profile::new(&format!("user {number}")));
    let (saved, others) =
        tokio::join!(save, async { Profile::insert_many(&db, others).at_once(20).await });
    assert!(others.iter().all(Result::is_ok));
    let taken = saved?;
    assert!((0.9..3.0).contains(&taken), "{taken}");
    assert!(seconds(began) > 19.0, "the others wait");
    Ok(())
}
