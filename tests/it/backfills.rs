//! Upgrading every stored item: one runner at a time, stopped and killed and taken over, beside programs that write.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dynamap::backfill::Stop;
use dynamap::faults::{Fault, Faults, Operation};
use dynamap::{
    AttributeValue, Backfill, BackfillError, BackfillRecord, BackfillState, Database, Error, Item,
    Migrations, Model, RateLimit, Step, StepError, Table,
};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s, store, stored};

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail)
}

fn add_initial(item: &mut Item) -> Result<(), StepError> {
    let email: String = item.read("email")?;
    item.put("initial", &email.chars().next().map(String::from))
}

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email),
    Step::new("2.0.0", "2.1.0", add_initial),
]);

#[derive(Debug, Clone, PartialEq, Model, garde::Validate)]
#[model(table = "users", schema = "2.1.0", migrations = USER)]
pub struct User {
    #[model(hash_key)]
    #[garde(skip)]
    pub id: u64,
    #[garde(contains("@"))]
    pub email: String,
    #[garde(skip)]
    pub initial: Option<String>,
    #[garde(skip)]
    pub visits: u64,
    #[model(version)]
    #[garde(skip)]
    pub version: u64,
}

pub fn old(id: u64) -> Vec<(&'static str, AttributeValue)> {
    vec![("id", n(id)), ("mail", s(&format!("user{id}@x"))), ("visits", n(0)), ("version", n(1))]
}

pub async fn users(old_ones: u64) -> (Database, Faults) {
    let (db, faults) = store().await;
    Table::<User>::create(&db).await.expect("users");
    Table::<BackfillRecord>::create(&db).await.expect("records");
    for id in 1..=old_ones {
        put_raw(&db, "users", &old(id)).await;
    }
    faults.clear_log();
    (db, faults)
}

/// Every user is of the newest shape, and its version was raised as often as this.
pub async fn assert_upgraded(db: &Database, count: u64, version: u64) -> Outcome {
    for id in 1..=count {
        let raw = stored(db, "users", &[("id", n(id))]).await.expect("there");
        assert_eq!(raw.text("_schema"), Some("2.1.0"), "user {id}");
        assert_eq!(raw.text("email"), Some(&*format!("user{id}@x")));
        assert!(!raw.contains("mail"));
        assert_eq!(raw.get("version"), Some(&n(version)), "user {id}");
    }
    Ok(())
}

#[tokio::test]
async fn every_older_item_is_upgraded_once_and_a_current_one_costs_no_write() -> Outcome {
    let (db, faults) = users(30).await;
    for id in 31..=40 {
        let email = format!("user{id}@x");
        User { id, email, initial: None, visits: 0, version: 0 }.insert(&db).await?;
    }
    let survey = Backfill::<User>::of(&db).plan().await?.survey;
    assert_eq!((survey.items, survey.older, survey.write_units), (40, 30, 30));
    assert_eq!(survey.schemas[&Version::new(1, 0, 0)], 30);
    assert_eq!(survey.schemas[&Version::new(2, 1, 0)], 10);

    faults.clear_log();
    let done = Backfill::<User>::of(&db).run().await?;
    assert_eq!((done.state, done.items, done.upgraded), (BackfillState::Completed, 40, 30));
    let writes = |faults: &Faults| {
        let is_user = |request: &dynamap::faults::Request| {
            request.operation == "UpdateItem" && request.table() == Some("users")
        };
        faults.requests().iter().filter(|request| is_user(request)).count()
    };
    assert_eq!(writes(&faults), 30);
    assert_upgraded(&db, 30, 2).await?;
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    let record = BackfillRecord::get(&db, ("users", "User 2.1.0")).await?.expect("a record");
    assert!(record.verified);

    faults.clear_log();
    let again = Backfill::<User>::of(&db).run().await?;
    assert_eq!((again.state, again.upgraded), (BackfillState::Completed, 30));
    assert_eq!((faults.count("Scan"), writes(&faults)), (0, 0), "a completed job is not run again");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_tells_what_would_happen_and_writes_nothing() -> Outcome {
    let (db, faults) = users(8).await;
    put_raw(&db, "users", &[("id", n(9)), ("visits", n(0))]).await;
    put_raw(&db, "users", &[("id", n(10)), ("mail", s("nobody")), ("visits", n(0))]).await;
    faults.clear_log();
    let tried = Backfill::<User>::of(&db).dry_run().await?;
    assert_eq!(tried.upgraded, 8);
    let sample = &tried.samples[0];
    assert_eq!(sample.added, ["_schema", "email", "initial"]);
    assert_eq!(sample.removed, ["mail"]);
    assert_eq!(sample.becomes, std::slice::from_ref(&sample.key));
    let mut failed: Vec<String> = tried.failed.iter().map(ToString::to_string).collect();
    failed.sort();
    assert!(failed[0].contains("id = 10"), "{failed:?}");
    assert!(failed[1].contains("id = 9") && failed[1].contains("`mail`"), "{failed:?}");
    assert!(faults.requests().iter().all(|request| request.operation == "Scan"));
    Ok(())
}

#[tokio::test]
async fn a_stopped_job_goes_on_where_it_was() -> Outcome {
    let (db, _faults) = users(40).await;
    let stop = Stop::new();
    let small = db.limited(RateLimit::new());
    let seen = AtomicU64::new(0);
    let backfill = Backfill::<User>::of(&small).segments(2).page_size(5).stop_by(&stop);
    let backfill = backfill.on_progress(|progress| {
        seen.store(progress.upgraded, Ordering::Relaxed);
        if progress.sweep.items >= 10 {
            stop.now();
        }
    });
    let record = backfill.run().await?;
    assert_eq!(record.state, BackfillState::Interrupted);
    assert!((10..40).contains(&record.upgraded), "{}", record.upgraded);
    assert_eq!(seen.load(Ordering::Relaxed), record.upgraded);
    let record = Backfill::<User>::of(&db).page_size(5).run().await?;
    assert_eq!((record.state, record.items, record.runs), (BackfillState::Completed, 40, 2));
    assert_eq!(record.upgraded, 40);
    assert_upgraded(&db, 40, 2).await
}

/// A runner that is dropped at any of its requests leaves what the next one finishes, and no item is upgraded twice.
#[tokio::test(start_paused = true)]
async fn a_killed_job_is_taken_over_and_every_item_is_upgraded_once() -> Outcome {
    let (db, faults) = users(24).await;
    let job = || Backfill::<User>::of(&db).segments(2).page_size(4).at_once(2);
    let mut runs = 0;
    for kill in (1..).step_by(3) {
        runs += 1;
        faults.clear();
        for _ in 1..kill {
            faults.next(Operation::Any, Fault::Delay(Duration::ZERO));
        }
        // Executed or not, and the runner is gone before it hears of it.
        faults.next(Operation::Any, if runs % 2 == 0 { Fault::Hang } else { Fault::HangBefore });
        let killed = async {
            while faults.pending() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = killed => {}
            done = async { job().run().await } => {
                assert_eq!(done?.state, BackfillState::Completed);
                break;
            }
        }
    }
    faults.clear();
    assert!(runs > 3, "{runs}");
    assert_upgraded(&db, 24, 2).await?;
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_two_runners_one_is_refused_and_a_dead_one_is_taken_over() -> Outcome {
    let (db, faults) = users(20).await;
    faults.always("Scan", Fault::HangBefore);
    let lease = Duration::from_secs(9);
    let runner = {
        let db = db.clone();
        tokio::spawn(async move { Backfill::<User>::of(&db).segments(1).lease(lease).run().await })
    };
    while faults.count("Scan") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The first one waits for an answer, and gives signs of life.
    let error = Backfill::<User>::of(&db).lease(lease).run().await.expect_err("another runs it");
    assert!(matches!(error, BackfillError::Running { .. }), "{error}");
    // This one holds that a runner is gone of which nothing was heard for a millisecond.
    faults.clear();
    let taken = Backfill::<User>::of(&db).lease(Duration::from_millis(1)).run().await?;
    assert_eq!(taken.state, BackfillState::Completed);
    let lost = runner.await?.expect_err("it lost its lease");
    assert!(matches!(lost, BackfillError::LeaseLost), "{lost}");
    assert_upgraded(&db, 20, 2).await
}

#[tokio::test(start_paused = true)]
async fn of_two_runners_that_begin_at_once_one_is_refused() -> Outcome {
    let (db, faults) = users(20).await;
    faults.always("Scan", Fault::Delay(Duration::from_secs(1)));
    let job = || Backfill::<User>::of(&db).page_size(1).segments(1).lease(Duration::from_secs(3));
    let (one, two) = (job(), job());
    let runs: [Result<BackfillRecord, BackfillError>; 2] =
        tokio::join!(one.run(), two.run()).into();
    let [refused] =
        runs.into_iter().filter_map(Result::err).collect::<Vec<_>>().try_into().expect("one");
    assert!(matches!(refused, BackfillError::Running { .. }), "{refused}");
    assert_upgraded(&db, 20, 2).await
}

static CHANGED: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email).revision(1),
    Step::new("2.0.0", "2.1.0", add_initial),
]);

pub mod drifted {
    use super::{CHANGED, Model};

    #[derive(Debug, Clone, Model)]
    #[model(table = "users", schema = "2.1.0", migrations = CHANGED, validate = false)]
    pub struct User {
        #[model(hash_key)]
        pub id: u64,
        pub email: String,
        pub initial: Option<String>,
        pub visits: u64,
        #[model(version)]
        pub version: u64,
    }
}

#[tokio::test]
async fn steps_that_changed_since_the_job_was_begun_are_refused() -> Outcome {
    let (db, faults) = users(3).await;
    let stop = Stop::new();
    stop.now();
    Backfill::<User>::of(&db).stop_by(&stop).run().await?;
    faults.clear_log();
    let error = Backfill::<drifted::User>::of(&db).run().await.expect_err("other steps");
    assert!(matches!(error, BackfillError::Drifted { .. }), "{error}");
    assert_eq!(faults.requests().len(), 1, "the record is read, and nothing else is done");
    Ok(())
}

#[tokio::test]
async fn items_that_cannot_be_upgraded_are_named_and_tried_again() -> Outcome {
    let (db, _faults) = users(5).await;
    put_raw(&db, "users", &[("id", n(6)), ("visits", n(0))]).await;
    put_raw(&db, "users", &[("id", n(7)), ("mail", s("not valid")), ("visits", n(0))]).await;
    let filler = s(&"x".repeat(409_550));
    put_raw(&db, "users", &[("id", n(8)), ("mail", s("u@x")), ("visits", n(0)), ("f", filler)])
        .await;
    let record = Backfill::<User>::of(&db).run().await?;
    assert_eq!((record.state, record.upgraded, record.failed), (BackfillState::Failed, 5, 3));
    let failures: Vec<String> = record.failures.iter().map(ToString::to_string).collect();
    let failures = failures.join("\n");
    for (id, why) in [(6, "`mail`"), (7, "email"), (8, "bytes of an item")] {
        let line = failures.lines().find(|line| line.contains(&format!("id = {id}")));
        assert!(line.is_some_and(|line| line.contains(why)), "{id}: {failures}");
        let raw = stored(&db, "users", &[("id", n(id))]).await.expect("there");
        assert!(!raw.contains("_schema"), "it is as it was");
    }
    assert!(!failures.contains("not valid"), "no values");

    put_raw(&db, "users", &old(6)).await;
    put_raw(&db, "users", &old(7)).await;
    User::delete(&db, 8).unchecked().await?;
    let record = Backfill::<User>::of(&db).run().await?;
    assert_eq!((record.state, record.failed, record.upgraded), (BackfillState::Completed, 0, 7));
    assert_upgraded(&db, 7, 2).await
}

#[tokio::test]
async fn more_failures_than_are_tolerated_stop_the_job() -> Outcome {
    let (db, _faults) = users(0).await;
    for id in 1..=5 {
        put_raw(&db, "users", &[("id", n(id)), ("visits", n(0))]).await;
    }
    let error = Backfill::<User>::of(&db).tolerate(2).run().await.expect_err("too many");
    let BackfillError::Stopped { tolerated: 2, failed } = error else { panic!("{error}") };
    assert!(failed.len() >= 3);
    let record = BackfillRecord::get(&db, ("users", "User 2.1.0")).await?.expect("a record");
    assert_eq!(record.state, BackfillState::Interrupted);
    Ok(())
}

#[tokio::test]
async fn what_old_programs_write_behind_the_job_is_found_by_verify_and_the_job_begins_anew()
-> Outcome {
    let (db, _faults) = users(6).await;
    Backfill::<User>::of(&db).run().await?;
    put_raw(&db, "users", &old(3)).await;
    let found = Backfill::<User>::of(&db).verify().await?;
    assert_eq!((found.older, found.is_complete()), (1, false));
    let record = Backfill::<User>::of(&db).run().await?;
    assert_eq!((record.state, record.upgraded), (BackfillState::Completed, 7));
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    Ok(())
}

/// Programs that know the new schema go on writing; none of their changes is lost, no item is upgraded twice.
#[tokio::test(start_paused = true)]
async fn a_job_beside_writers_on_a_bad_network_ends_verified() -> Outcome {
    let (db, faults) = users(60).await;
    for (operation, fault, times) in [
        ("Scan", Fault::Throttle, 3),
        ("Scan", Fault::LoseAnswer, 3),
        ("UpdateItem", Fault::Throttle, 5),
        ("UpdateItem", Fault::LoseAnswer, 10),
        ("UpdateItem", Fault::LoseAnswerAs500, 10),
        ("UpdateItem", Fault::TransactionConflict, 5),
        ("UpdateItem", Fault::ServerError, 5),
    ] {
        for _ in 0..times {
            faults.next(operation, fault.clone());
        }
    }
    let writer = async {
        let mut written = 0;
        for id in (1..=60).cycle().take(150) {
            // Lost answers of increments are told as such; what is counted is what was acknowledged.
            match User::update(&db, id).set(User::VISITS, 1).await {
                Ok(()) => written += 1,
                Err(Error::OutcomeUnknown(_)) => {}
                Err(error) => return Err(error),
            }
            tokio::task::yield_now().await;
        }
        Ok(written)
    };
    let backfill = Backfill::<User>::of(&db).page_size(7);
    let (record, written) = tokio::join!(backfill.run(), writer);
    let (record, written) = (record?, written?);
    assert!(written > 100, "{written}");
    assert_eq!(record.state, BackfillState::Completed, "{:?}", record.failures);
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    for id in 1..=60 {
        let user = User::get(&db, id).await?.expect("there");
        assert_eq!((user.email.as_str(), user.visits), (&*format!("user{id}@x"), 1));
    }
    Ok(())
}

fn pairs(item: Item) -> Result<Vec<Item>, StepError> {
    let both: String = item.read("pair")?;
    let (left, right) =
        both.split_once('-').ok_or_else(|| StepError::new("pair", "expected a-b"))?;
    let of = |side: &str| -> Result<Item, StepError> {
        let mut item = item.clone();
        item.remove("pair");
        item.put("name", &side.to_owned())?;
        Ok(item)
    };
    Ok(vec![of(left)?, of(right)?])
}

static SIDE: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", pairs)]);

#[derive(Debug, Clone, Model)]
#[model(table = "sides", schema = "2.0.0", migrations = SIDE, validate = false)]
struct Side {
    #[model(hash_key)]
    name: String,
    score: u32,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn a_step_that_changes_the_key_moves_items_as_a_whole() -> Outcome {
    let (db, faults) = store().await;
    Table::<Side>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    let pair = |name: &str, pair: &str| [("name", s(name)), ("pair", s(pair)), ("score", n(7))];
    put_raw(&db, "sides", &pair("one", "a-b")).await;
    put_raw(&db, "sides", &pair("two", "two-d")).await;
    put_raw(&db, "sides", &pair("three", "e-taken")).await;
    Side { name: "taken".to_owned(), score: 1, version: 0 }.insert(&db).await?;

    let error = Side::get(&db, "one").await.expect_err("it moves");
    assert!(error.to_string().contains("backfill"), "{error}");
    faults.next("TransactWriteItems", Fault::LoseAnswer);
    let record = Backfill::<Side>::of(&db).run().await?;
    assert_eq!((record.state, record.upgraded, record.failed), (BackfillState::Failed, 2, 1));
    assert!(record.failures[0].to_string().contains("three"), "{:?}", record.failures);
    for (name, there) in [("one", false), ("a", true), ("b", true), ("two", true), ("d", true)] {
        let side = Side::get(&db, name).await?;
        assert_eq!(side.is_some(), there, "{name}");
        assert!(side.is_none_or(|side| side.score == 7));
    }
    assert!(stored(&db, "sides", &[("name", s("three"))]).await.is_some(), "as it was");
    assert!(Side::get(&db, "e").await?.is_none(), "nothing is half moved");
    Ok(())
}

#[tokio::test]
async fn an_item_that_such_a_step_leaves_in_place_is_upgraded_on_read() -> Outcome {
    fn rename_one(mut item: Item) -> Result<Vec<Item>, StepError> {
        if item.text("name") == Some("KOS") {
            item.put("name", &"UNK".to_owned())?;
        }
        item.rename("points", "score");
        Ok(vec![item])
    }
    static CODE: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", rename_one)]);
    #[derive(Debug, Clone, Model)]
    #[model(table = "sides", schema = "2.0.0", migrations = CODE, validate = false)]
    struct Code {
        #[model(hash_key)]
        name: String,
        score: u32,
        #[model(version)]
        version: u64,
    }
    let (db, _) = store().await;
    Table::<Code>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    for name in ["ALB", "KOS"] {
        put_raw(&db, "sides", &[("name", s(name)), ("points", n(7))]).await;
    }
    let mut stays = Code::get(&db, "ALB").await?.expect("there");
    assert!(stays.is_upgraded() && stays.score == 7);
    stays.save(&db).await?;
    Code::update(&db, "ALB").add(Code::SCORE, 1).await?;
    assert!(Code::get(&db, "KOS").await.expect_err("it moves").to_string().contains("backfill"));
    assert_eq!(Backfill::<Code>::of(&db).run().await?.upgraded, 1);
    assert_eq!(Code::get(&db, "UNK").await?.expect("moved").score, 7);
    assert_eq!(Code::get(&db, "ALB").await?.expect("there").score, 8);
    Ok(())
}

#[tokio::test]
async fn a_job_can_be_spawned() -> Outcome {
    let (db, _faults) = users(3).await;
    let done = tokio::spawn(async move { Backfill::<User>::of(&db).run().await }).await??;
    assert_eq!(done.upgraded, 3);
    Ok(())
}

/// Signs of life are on their way whenever the job ends: none of them is taken for another runner.
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_that_is_under_way_at_the_end_does_no_harm() -> Outcome {
    for delay in 1..=12 {
        let (db, faults) = users(6).await;
        faults.always("UpdateItem", Fault::Delay(Duration::from_millis(delay)));
        let job =
            Backfill::<User>::of(&db).segments(1).page_size(2).lease(Duration::from_millis(6));
        assert_eq!(job.run().await?.state, BackfillState::Completed, "{delay} ms");
        let record = BackfillRecord::get(&db, ("users", "User 2.1.0")).await?.expect("a record");
        assert_eq!(record.state, BackfillState::Completed, "{delay} ms");
    }
    Ok(())
}

#[tokio::test]
async fn a_number_of_segments_that_no_scan_can_have_leaves_no_job() -> Outcome {
    let (db, faults) = users(3).await;
    for segments in [0, 1_000_001] {
        assert!(Backfill::<User>::of(&db).segments(segments).run().await.is_err());
    }
    assert!(faults.requests().is_empty());
    assert_eq!(Backfill::<User>::of(&db).run().await?.upgraded, 3);
    Ok(())
}

/// A program that knows nothing of the library changes what a step looked at, and not what the step changes.
#[tokio::test]
async fn what_a_step_only_looked_at_must_be_as_it_was() -> Outcome {
    let (db, faults) = store().await;
    Table::<Greeting>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    let greeting = |name: &str| [("id", n(1)), ("name", s(name))];
    put_raw(&db, "greetings", &greeting("Ann")).await;
    let gate = faults.pause("UpdateItem");
    let job = async { Backfill::<Greeting>::of(&db).segments(1).run().await };
    let other = async {
        gate.reached().await;
        put_raw(&db, "greetings", &greeting("Bob")).await;
        gate.release();
    };
    let (record, ()) = tokio::join!(job, other);
    assert_eq!(record?.state, BackfillState::Completed);
    let raw = stored(&db, "greetings", &[("id", n(1))]).await.expect("there");
    assert_eq!(raw.text("text"), Some("Hello Bob"));
    Ok(())
}

static GREETING: Migrations = Migrations::new(&[Step::new("1.0.0", "1.1.0", |item| {
    let name: String = item.read("name")?;
    item.put("text", &format!("Hello {name}"))
})]);

#[derive(Debug, Clone, Model)]
#[model(table = "greetings", schema = "1.1.0", migrations = GREETING, validate = false)]
struct Greeting {
    #[model(hash_key)]
    id: u64,
    name: String,
    text: String,
}
