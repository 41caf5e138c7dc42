//! What a backfill leaves behind: failures that are tried again, the runs, the estimate of what there is.

use std::sync::Mutex;
use std::time::Duration;

use dynamap::backfill::{BackfillProgress, Stop};
use dynamap::faults::{Fault, Faults};
use dynamap::{Backfill, BackfillError, BackfillRecord, BackfillState, Database, Model, Table};

use crate::backfills::{User, assert_upgraded, old, users};
use crate::support::{Outcome, n, put_raw, s, store, stored};

/// Users 1 to `good` can be upgraded, those behind them up to `all` cannot.
async fn with_bad_ones(good: u64, all: u64) -> (Database, Faults) {
    let (db, faults) = users(good).await;
    for id in good + 1..=all {
        put_raw(&db, "users", &[("id", n(id)), ("visits", n(0)), ("version", n(1))]).await;
    }
    faults.clear_log();
    (db, faults)
}

async fn correct(db: &Database, id: u64) {
    put_raw(db, "users", &old(id)).await;
}

async fn record(db: &Database) -> BackfillRecord {
    let found = BackfillRecord::get(db, ("users", "User 2.1.0")).consistent().await;
    found.expect("a read").expect("a record").into_inner()
}

#[tokio::test]
async fn failures_hold_the_key_and_are_tried_again_without_a_scan() -> Outcome {
    let (db, faults) = with_bad_ones(5, 8).await;
    let failed = Backfill::<User>::of(&db).run().await?;
    assert_eq!((failed.state, failed.failed, failed.unnamed()), (BackfillState::Failed, 3, 0));
    let mut keys: Vec<_> = failed.failures.iter().map(|failure| failure.key.clone()).collect();
    keys.sort_by_key(|key| key.get("id").and_then(|id| id.as_n().ok().cloned()));
    for (key, id) in keys.iter().zip(6..) {
        assert_eq!((key.len(), key.get("id")), (1, Some(&n(id))));
    }
    assert!(failed.failures.iter().all(|failure| failure.why.contains("`mail`")), "{failed:?}");

    // One is corrected, one is gone, one is as it was.
    correct(&db, 6).await;
    User::delete(&db, 7).unchecked().await?;
    faults.clear_log();
    let retried = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!(faults.count("Scan"), 0);
    assert_eq!((retried.state, retried.failed, retried.upgraded), (BackfillState::Failed, 1, 6));
    assert_eq!(retried.failures[0].key.get("id"), Some(&n(8)));

    correct(&db, 8).await;
    let done = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((done.state, done.failed, done.upgraded), (BackfillState::Completed, 0, 7));
    assert_eq!(record(&db).await.version, done.version);
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    assert_upgraded(&db, 6, 2).await
}

/// The read is consistent: what somebody else upgraded just now is no failure, and is not upgraded again.
#[tokio::test]
async fn a_failure_that_is_current_by_now_is_none() -> Outcome {
    let (db, faults) = with_bad_ones(1, 2).await;
    Backfill::<User>::of(&db).run().await?;
    User::delete(&db, 2).unchecked().await?;
    let email = "user2@x".to_owned();
    User { id: 2, email, initial: None, visits: 0, version: 0 }.insert(&db).await?;
    faults.clear_log();
    let done = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((done.state, done.failed), (BackfillState::Completed, 0));
    let reads = faults.requests();
    let read = |request: &&dynamap::faults::Request| {
        request.operation == "GetItem" && request.table() == Some("users")
    };
    let read = reads.iter().find(read).expect("a read");
    assert_eq!(read.body["ConsistentRead"], true);
    let raw = stored(&db, "users", &[("id", n(2))]).await.expect("there");
    assert_eq!(raw.get("version"), Some(&n(1)), "it was not written");
    Ok(())
}

#[tokio::test]
async fn more_failures_than_are_named_are_left_to_the_next_run() -> Outcome {
    let (db, faults) = with_bad_ones(0, 130).await;
    let failed = Backfill::<User>::of(&db).tolerate(200).run().await?;
    assert_eq!((failed.failed, failed.failures.len(), failed.unnamed()), (130, 100, 30));
    for id in 1..=130 {
        correct(&db, id).await;
    }
    let retried = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((retried.state, retried.upgraded), (BackfillState::Failed, 100));
    assert_eq!((retried.failed, retried.failures.len(), retried.unnamed()), (30, 0, 30));
    faults.clear_log();
    let left = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((left.state, left.version), (BackfillState::Failed, retried.version));
    assert_eq!(faults.requests().len(), 1);
    let done = Backfill::<User>::of(&db).run().await?;
    assert_eq!((done.state, done.items, done.upgraded), (BackfillState::Completed, 130, 130));
    assert_upgraded(&db, 130, 2).await
}

#[tokio::test]
async fn a_job_without_failures_is_left_alone_and_one_that_was_never_begun_is_told() -> Outcome {
    let (db, faults) = users(3).await;
    let error = Backfill::<User>::of(&db).retry_failed().await.expect_err("no record");
    assert!(matches!(error, BackfillError::NotBegun { .. }), "{error}");
    Table::<BackfillRecord>::delete(&db).with_all_items().await?;
    let error = Backfill::<User>::of(&db).retry_failed().await.expect_err("no table of records");
    assert!(matches!(error, BackfillError::NotBegun { .. }), "{error}");
    assert_eq!(Backfill::<User>::of(&db).verify().await?.older, 3, "nothing to note it in");

    Table::<BackfillRecord>::create(&db).await?;
    let done = Backfill::<User>::of(&db).run().await?;
    faults.clear_log();
    let left = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((left.state, left.version), (BackfillState::Completed, done.version));
    assert_eq!(faults.requests().len(), 1, "the record is read");
    Ok(())
}

/// Failures of a job that was stopped half way can be seen to before it goes on.
#[tokio::test]
async fn a_job_that_has_not_seen_every_item_is_not_completed_by_its_failures() -> Outcome {
    let (db, _faults) = users(0).await;
    for id in 1..=20 {
        put_raw(&db, "users", &[("id", n(id)), ("visits", n(0)), ("version", n(1))]).await;
    }
    let stop = Stop::new();
    let job = Backfill::<User>::of(&db).segments(1).page_size(5).stop_by(&stop);
    let stopped = job.on_progress(|_| stop.now()).run().await?;
    assert_eq!(
        (stopped.state, stopped.failed, stopped.swept),
        (BackfillState::Interrupted, 5, false)
    );
    for id in 1..=20 {
        correct(&db, id).await;
    }
    let retried = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((retried.state, retried.failed), (BackfillState::Interrupted, 0));
    let done = Backfill::<User>::of(&db).page_size(5).run().await?;
    assert_eq!((done.state, done.items, done.upgraded), (BackfillState::Completed, 20, 20));
    assert_upgraded(&db, 20, 2).await
}

#[tokio::test]
async fn a_retry_that_is_stopped_leaves_what_it_has_not_begun() -> Outcome {
    let (db, faults) = with_bad_ones(2, 5).await;
    let failed = Backfill::<User>::of(&db).run().await?;
    for id in 3..=5 {
        correct(&db, id).await;
    }
    let stop = Stop::new();
    stop.now();
    faults.clear_log();
    let stopped = Backfill::<User>::of(&db).stop_by(&stop).retry_failed().await?;
    assert_eq!((stopped.state, stopped.failures), (BackfillState::Failed, failed.failures));
    assert!(faults.requests().iter().all(|request| request.table() != Some("users")));
    let done = Backfill::<User>::of(&db).retry_failed().await?;
    assert_eq!((done.state, done.upgraded), (BackfillState::Completed, 5));
    Ok(())
}

#[tokio::test]
async fn one_stop_ends_every_job_that_has_it() -> Outcome {
    let (db, _faults) = users(20).await;
    Table::<Long>::create(&db).await?;
    let stop = Stop::new();
    let users = Backfill::<User>::of(&db).segments(1).page_size(5).stop_by(&stop);
    let longs = Backfill::<Long>::of(&db).segments(1).page_size(5).stop_by(&stop.clone());
    for id in 0..20 {
        put_raw(&db, "longs", &[("name", s(&format!("{id}"))), ("_schema", s("2.0.0"))]).await;
    }
    stop.now();
    let (users, longs) = tokio::join!(users.run(), longs.run());
    assert_eq!([users?.state, longs?.state], [BackfillState::Interrupted; 2]);
    // And one that is begun afterwards.
    let late = Backfill::<User>::of(&db).page_size(5).stop_by(&stop);
    assert_eq!(late.run().await?.state, BackfillState::Interrupted);
    Ok(())
}

/// A runner that is dropped at any of its requests leaves what the next one finishes, and no item is upgraded twice.
#[tokio::test(start_paused = true)]
async fn a_killed_retry_is_taken_over_and_every_item_is_upgraded_once() -> Outcome {
    let mut ended = false;
    for kill in 1.. {
        let (db, faults) = with_bad_ones(2, 6).await;
        Backfill::<User>::of(&db).run().await?;
        for id in 3..=6 {
            correct(&db, id).await;
        }
        for _ in 1..kill {
            faults.next(dynamap::faults::Operation::Any, Fault::Delay(Duration::ZERO));
        }
        faults.next(
            dynamap::faults::Operation::Any,
            if kill % 2 == 0 { Fault::Hang } else { Fault::HangBefore },
        );
        let killed = async {
            while faults.pending() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = killed => {}
            done = async { Backfill::<User>::of(&db).at_once(2).retry_failed().await } => {
                ended = true;
                assert_eq!(done?.state, BackfillState::Completed);
            }
        }
        faults.clear();
        // What is left of it is done by a retry, or where nothing is named any more by a run.
        Backfill::<User>::of(&db).retry_failed().await?;
        let done = Backfill::<User>::of(&db).run().await?;
        assert_eq!((done.state, done.failed), (BackfillState::Completed, 0), "killed at {kill}");
        assert_upgraded(&db, 6, 2).await?;
        if ended {
            assert!(kill > 8, "{kill}");
            return Ok(());
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_retry_beside_another_runner_is_refused() -> Outcome {
    let (db, faults) = with_bad_ones(0, 10).await;
    let (stop, lease) = (Stop::new(), Duration::from_secs(9));
    let job = Backfill::<User>::of(&db).segments(1).page_size(5).stop_by(&stop);
    let stopped = job.on_progress(|_| stop.now()).run().await?;
    assert_eq!((stopped.state, stopped.failures.len()), (BackfillState::Interrupted, 5));
    faults.clear_log();
    faults.always("Scan", Fault::HangBefore);
    let runner = {
        let db = db.clone();
        tokio::spawn(async move { Backfill::<User>::of(&db).lease(lease).run().await })
    };
    while faults.count("Scan") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let error = Backfill::<User>::of(&db).lease(lease).retry_failed().await.expect_err("at it");
    assert!(matches!(error, BackfillError::Running { .. }), "{error}");
    // Where the other one is gone, its job is taken over.
    runner.abort();
    let retried = Backfill::<User>::of(&db).lease(lease).retry_failed().await?;
    assert_eq!((retried.state, retried.failed), (BackfillState::Interrupted, 5));
    Ok(())
}

#[tokio::test]
async fn keys_and_reasons_that_are_long_do_not_burst_the_record() -> Outcome {
    let (db, _faults) = store().await;
    Table::<Long>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    for id in 0..120 {
        let name = format!("{id:03}{}", "k".repeat(2_000));
        put_raw(&db, "longs", &[("name", s(&name))]).await;
    }
    let failed = Backfill::<Long>::of(&db).tolerate(200).run().await?;
    assert_eq!(failed.failed, 120);
    assert!((20..100).contains(&failed.failures.len()), "{}", failed.failures.len());
    assert!(failed.failures.iter().all(|failure| failure.why.chars().count() <= 1_000));
    assert!(failed.encode()?.size() < 200_000);
    Ok(())
}

static LONG: dynamap::Migrations =
    dynamap::Migrations::new(&[dynamap::Step::new("1.0.0", "2.0.0", |_| {
        Err(dynamap::StepError::new("text", "is nowhere"))
    })]);

#[derive(Debug, Clone, Model)]
#[model(table = "longs", schema = "2.0.0", migrations = LONG, validate = false)]
struct Long {
    #[model(hash_key)]
    name: String,
}

#[tokio::test]
async fn the_record_tells_each_run_and_keeps_the_last_twenty() -> Outcome {
    let (db, _faults) = with_bad_ones(9, 10).await;
    let stop = Stop::new();
    let job = Backfill::<User>::of(&db).segments(1).page_size(4).stop_by(&stop);
    job.on_progress(|_| stop.now()).run().await?;
    Backfill::<User>::of(&db).run().await?;
    correct(&db, 10).await;
    let done = Backfill::<User>::of(&db).retry_failed().await?;
    use BackfillState::{Completed, Failed, Interrupted};
    let states: Vec<_> = done.history.iter().map(|run| run.state).collect();
    assert_eq!(states, [Interrupted, Failed, Completed]);
    let items: u64 = done.history.iter().map(|run| run.items).sum();
    let upgraded: Vec<_> = done.history.iter().map(|run| run.upgraded).collect();
    assert_eq!((items, upgraded.iter().sum::<u64>()), (10, 10), "{done:?}");
    assert!(done.history.iter().all(|run| run.begun <= run.ended && !run.owner.is_empty()));
    assert_eq!(done.history.last().map(|run| &run.owner), Some(&done.owner));

    for _ in 0..25 {
        // An old program writes behind the job again and again.
        correct(&db, 1).await;
        Backfill::<User>::of(&db).verify().await?;
        Backfill::<User>::of(&db).run().await?;
    }
    let record = record(&db).await;
    assert_eq!((record.runs, record.history.len()), (28, 20));
    assert!(record.history.iter().all(|run| (run.items, run.upgraded) == (10, 1)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_is_interrupted_in_the_history() -> Outcome {
    let (db, faults) = users(8).await;
    faults.next("Scan", Fault::HangBefore);
    tokio::select! {
        _ = async { Backfill::<User>::of(&db).segments(1).run().await } => panic!("it hangs"),
        () = tokio::time::sleep(Duration::from_secs(1)) => {}
    }
    assert_eq!(record(&db).await.history[0].state, BackfillState::InProgress);
    let done = Backfill::<User>::of(&db).run().await?;
    let states: Vec<_> = done.history.iter().map(|run| run.state).collect();
    assert_eq!(states, [BackfillState::Interrupted, BackfillState::Completed]);
    Ok(())
}

mod newer {
    use dynamap::{Migrations, Model, Step};

    static USER: Migrations = Migrations::new(&[Step::new("2.1.0", "10.0.0", |_| Ok(()))]);

    #[derive(Debug, Clone, Model)]
    #[model(table = "users", schema = "10.0.0", migrations = USER, validate = false)]
    pub struct User {
        #[model(hash_key)]
        pub id: u64,
    }
}

#[tokio::test]
async fn the_history_of_a_table_tells_its_jobs_by_schema() -> Outcome {
    let (db, _faults) = users(3).await;
    assert!(Backfill::<User>::history(&db).await?.is_empty());
    Backfill::<User>::of(&db).run().await?;
    Backfill::<newer::User>::of(&db).run().await?;
    let records = Backfill::<User>::history(&db).await?;
    let jobs: Vec<_> = records.iter().map(|record| record.job.as_str()).collect();
    assert_eq!(jobs, ["User 2.1.0", "User 10.0.0"], "by schema, and not by text");
    assert_eq!((records[1].model(), records[1].schema()), ("User", "10.0.0".parse().ok()));
    Ok(())
}

#[tokio::test]
async fn progress_knows_what_earlier_runs_did_and_about_how_much_there_is() -> Outcome {
    let (db, faults) = with_bad_ones(18, 20).await;
    let told: Mutex<Vec<BackfillProgress>> = Mutex::new(Vec::new());
    let tell = |progress| told.lock().expect("one thread").push(progress);
    let stop = Stop::new();
    let job = Backfill::<User>::of(&db).segments(1).page_size(6).stop_by(&stop);
    job.on_progress(|progress| {
        tell(progress);
        stop.now();
    })
    .run()
    .await?;
    let first = told.lock().expect("one thread").pop().expect("a page");
    assert_eq!((first.items, first.estimate), (6, Some(20)));

    faults.clear_log();
    Backfill::<User>::of(&db).page_size(6).on_progress(tell).run().await?;
    assert_eq!(faults.count("DescribeTable"), 1);
    let last = told.lock().expect("one thread").pop().expect("a page");
    assert_eq!((last.items, last.sweep.items, last.failed), (20, 14, 2));

    // Who must not describe the table can run the job; who watches nothing asks nothing.
    faults.always("DescribeTable", Fault::service("AccessDeniedException"));
    correct(&db, 19).await;
    Backfill::<User>::of(&db).on_progress(tell).run().await?;
    let last = told.lock().expect("one thread").pop().expect("a page");
    assert_eq!((last.items, last.estimate), (20, None));
    faults.clear_log();
    Backfill::<User>::of(&db).run().await?;
    assert_eq!(faults.count("DescribeTable"), 0);
    Ok(())
}
