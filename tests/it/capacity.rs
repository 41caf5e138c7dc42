//! What requests cost, how that is limited, and what is told about them.

mod limits;
mod spans;
mod throttled;

use std::sync::{Arc, Mutex};

use dynamap::capacity::Units;
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Error, Model, RequestOutcome, RetryPolicy, Table, Transaction};

use crate::support::{Account, Outcome, Profile, store};

/// A model with one index of each kind.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "parcels", validate = false)]
#[model(gsi(by_city, hash_key = city))]
#[model(lsi(by_weight, range_key = weight))]
struct Parcel {
    #[model(hash_key)]
    customer: String,
    #[model(range_key)]
    number: u32,
    city: Option<String>,
    weight: u32,
    note: String,
    #[model(version)]
    version: u64,
}

fn parcel(number: u32, city: Option<&str>) -> Parcel {
    let city = city.map(str::to_owned);
    Parcel { customer: "ann".into(), number, city, weight: number, note: String::new(), version: 0 }
}

async fn parcels() -> (Database, Faults) {
    let (db, faults) = store().await;
    Table::<Parcel>::create(&db).await.expect("parcels");
    faults.clear_log();
    (db, faults)
}

fn units(read: f64, write: f64) -> Units {
    let mut units = Units::default();
    (units.read, units.write) = (read, write);
    units
}

#[tokio::test]
async fn a_table_and_each_of_its_indexes_are_counted_apart() -> Outcome {
    let (db, _faults) = parcels().await;
    let (metered, meter) = db.metered();
    parcel(1, Some("Bern")).insert(&metered).await?;
    parcel(2, None).insert(&metered).await?;
    Parcel::BY_CITY.query(&metered, "Bern").try_collect().await?;
    Parcel::BY_WEIGHT.query(&metered, "ann").consistent().try_collect().await?;
    Parcel::query(&metered, "ann").try_collect().await?;
    Parcel::scan(&metered).consistent().try_collect().await?;

    let used = meter.capacity().of::<Parcel>(&db);
    assert_eq!(used.table.reported, units(0.5 + 1.0, 2.0));
    assert_eq!(used.indexes["by_city"].reported, units(0.5, 1.0), "only parcel 1 has a city");
    assert_eq!(used.indexes["by_weight"].reported, units(1.0, 2.0));
    assert_eq!((used.requests, used.throttled, used.unanswered), (6, 0, 0));
    assert_eq!(meter.capacity().total(), units(3.0, 5.0));
    Ok(())
}

#[tokio::test]
async fn every_verb_is_counted_also_in_batches_and_transactions() -> Outcome {
    let (db, _faults) = store().await;
    let (db, meter) = db.metered();
    let spent = || meter.take().total();

    let mut ann = Account::of("ann", 5).insert(&db).await?;
    assert_eq!(spent(), units(0.0, 2.0), "the counter is a write of its own");
    ann.balance = 6;
    ann.save(&db).await?;
    assert_eq!(spent(), units(0.0, 1.0));
    Account::update(&db, ann.id).add(Account::BALANCE, 1).await?;
    assert_eq!(spent(), units(0.0, 1.0));
    Account::get(&db, ann.id).consistent().await?;
    assert_eq!(spent(), units(1.0, 0.0));
    Account::get_many(&db, [1, 2, 3]).await?;
    assert_eq!(spent(), units(1.5, 0.0), "an absent item costs as a small one");
    let tx = Transaction::begin(&db);
    let ann = Account::get(&tx, ann.id).await?.expect("ann");
    tx.delete(ann)?;
    tx.insert(Profile::new("ann"))?;
    tx.commit().await?;
    assert_eq!(spent(), units(1.0, 4.0));
    assert_eq!(Account::scan(&db).count().await?, 0);
    assert_eq!(spent(), units(0.5, 0.0));
    Ok(())
}

#[tokio::test]
async fn refused_writes_are_estimated_by_the_item_that_they_met() -> Outcome {
    let (db, _faults) = parcels().await;
    let note = "x".repeat(2_500);
    let big = Parcel { note, ..parcel(1, None) };
    big.clone().insert(&db).await?;
    let (db, meter) = db.metered();
    let estimated = || meter.take().of::<Parcel>(&db).table.estimated;

    assert!(big.clone().insert(&db).await.is_err_and(|error| error.is_conflict()));
    assert_eq!(estimated(), units(0.0, 3.0));
    let missing = Parcel::update(&db, ("ann", 9)).set(Parcel::WEIGHT, 2).await;
    assert!(missing.is_err_and(|error| error.is_not_found()));
    assert_eq!(estimated(), units(0.0, 1.0));

    let tx = Transaction::begin(&db);
    tx.insert(parcel(2, None))?;
    tx.insert(big)?;
    assert!(tx.commit().await.is_err_and(|error| error.is_conflict()));
    assert_eq!(estimated(), units(0.0, 2.0 * (1.0 + 3.0)));
    assert!(Parcel::get(&db, ("ann", 2)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_meter_counts_what_its_handle_does_and_what_is_made_from_it() -> Outcome {
    let (db, _faults) = store().await;
    let (program, all) = db.metered();
    let (job, one) = program.metered();
    Profile::new("ann").insert(&program).await?;
    Profile::new("bob").insert(&job.clone()).await?;
    Profile::new("cleo").insert(&db).await?;
    assert_eq!(one.capacity().total(), units(0.0, 1.0));
    assert_eq!(all.capacity().total(), units(0.0, 2.0));
    assert!(db.is_same(&job), "one store, however many handles");
    Ok(())
}

#[tokio::test]
async fn the_service_is_asked_for_capacity_only_where_somebody_listens() -> Outcome {
    let (db, faults) = store().await;
    Profile::new("ann").insert(&db).await?;
    Profile::get(&db, "ann").await?;
    let asked = |faults: &Faults| {
        let asks = |request: &dynamap::faults::Request| {
            request.body.get("ReturnConsumedCapacity").is_some()
        };
        faults.requests().iter().filter(|request| asks(request)).count()
    };
    assert_eq!(asked(&faults), 0);
    Profile::get(&db.metered().0, "ann").await?;
    assert_eq!(asked(&faults), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_got_no_answer_and_what_was_throttled_is_told() -> Outcome {
    let (db, faults) = store().await;
    let (db, meter) = db.metered();
    faults.next("UpdateItem", Fault::Throttle);
    faults.next("UpdateItem", Fault::LoseAnswer);
    Profile::new("ann").upsert(&db).await?;
    let used = meter.take().of::<Profile>(&db);
    assert!((used.throttled, used.unanswered) == (1, 1), "{used:?}");
    // A third attempt, or a look at what is stored.
    assert!(used.requests >= 3, "{used:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_told_to_whoever_observes() -> Outcome {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, faults) = (Arc::clone(&seen), Faults::new());
    let db = Database::builder(faults.wrap(&dynamap::embedded::memory()?)?)
        .seed(7)
        .on_request(move |r| {
            let what = (r.operation, r.table.to_owned(), r.attempt, r.outcome, r.items);
            log.lock().expect("a log").push((what, r.units));
        })
        .build();
    Table::<Profile>::create(&db).await?;
    seen.lock().expect("a log").clear();

    faults.next("PutItem", Fault::Throttle);
    faults.next("PutItem", Fault::TransactionConflict);
    Profile::new("ann").insert(&db).await?;
    assert!(Profile::new("ann").insert(&db).await.is_err());
    faults.next("Scan", Fault::ServerError);
    Profile::scan(&db).try_collect().await?;

    let seen = std::mem::take(&mut *seen.lock().expect("a log"));
    let put = |attempt, outcome| ("PutItem", "profiles".to_owned(), attempt, outcome, None);
    let scan = |attempt, outcome, items| ("Scan", "profiles".to_owned(), attempt, outcome, items);
    let (nothing, write) = (units(0.0, 0.0), units(0.0, 1.0));
    let expected = [
        (put(1, RequestOutcome::Throttled), nothing),
        (put(2, RequestOutcome::Contended), nothing),
        (put(3, RequestOutcome::Done), write),
        (put(1, RequestOutcome::Rejected), nothing),
        (scan(1, RequestOutcome::Unanswered, None), nothing),
        (scan(2, RequestOutcome::Done, Some(1)), units(0.5, 0.0)),
    ];
    assert_eq!(seen, expected);
    Ok(())
}

/// Attempts and back-off by cause; a single write that meets a transaction is sent again, which the SDK would not do.
#[tokio::test(start_paused = true)]
async fn each_cause_has_a_backoff_of_its_own() -> Outcome {
    for (fault, attempts) in
        [(Fault::Throttle, 3), (Fault::TransactionConflict, 2), (Fault::ServerError, 5)]
    {
        let faults = Faults::new();
        let mut policy = RetryPolicy::default();
        policy.throttled.attempts = 3;
        policy.contended.attempts = 2;
        policy.unanswered.attempts = 5;
        let client = faults.wrap(&dynamap::embedded::memory()?)?;
        let db = Database::builder(client).retry(policy).seed(7).build();
        Table::<Profile>::create(&db).await?;
        let mut ann = Profile::new("ann").insert(&db).await?;
        ann.name = Some("Ann".to_owned());
        faults.always("UpdateItem", fault.clone());
        let error = ann.save(&db).await.expect_err("given up");
        assert_eq!(faults.count("UpdateItem"), attempts, "{fault:?}: {error}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_throttled_is_named_in_the_error() -> Outcome {
    let (db, faults) = store().await;
    faults.always("Query", Fault::Throttle);
    let error = crate::support::DoomMap::query(&db, 1).try_collect().await.expect_err("throttled");
    let Error::Busy(busy) = &error else { panic!("{error}") };
    let throttled = busy.throttled.first().expect("a table");
    assert_eq!(throttled.table, "doom_maps");
    assert_eq!(throttled.reason, "TableReadProvisionedThroughputExceeded");
    assert!(error.to_string().contains("TableReadProvisionedThroughputExceeded"), "{error}");
    Ok(())
}
