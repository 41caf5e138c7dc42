//! Bulk work on tables that give no more than is provisioned: the embedded store with simulated throughput, on a paused
//! clock.

use std::time::Duration;

use aws_sdk_dynamodb::types::{BillingMode, ProvisionedThroughput};
use dynamap::embedded::Throttle;
use dynamap::faults::Faults;
use dynamap::{Database, Model, RateLimit, Table};
use tokio::time::Instant;

use crate::support::{Outcome, Profile};

/// A store whose table of profiles gives so many units per second, and saves none up.
async fn provisioned(read: i64, write: i64) -> (Database, Faults) {
    let client = dynamap::embedded::builder()
        .throttle(Throttle::provisioned().burst(Duration::ZERO))
        .memory()
        .expect("a store");
    let faults = Faults::new();
    let client = faults.wrap(&client).expect("a connector");
    let db = Database::builder(client).seed(7).build();
    Table::<Profile>::create(&db).await.expect("profiles");
    let throughput =
        ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write);
    let update = db.client().update_table().table_name("profiles");
    let update = update.billing_mode(BillingMode::Provisioned);
    let update = update.provisioned_throughput(throughput.build().expect("both are set"));
    update.send().await.expect("an update");
    faults.clear_log();
    (db, faults)
}

fn profiles(count: usize) -> impl Iterator<Item = Profile> {
    (0..count).map(|number| Profile::new(&format!("user {number}")))
}

#[tokio::test(start_paused = true)]
async fn a_bulk_load_takes_what_the_table_gives() -> Outcome {
    let (db, _faults) = provisioned(100, 100).await;
    let (db, meter) = db.limited(RateLimit::new()).metered();
    let began = Instant::now();
    for stored in Profile::insert_many(&db, profiles(2_000)).await {
        stored?;
    }
    let taken = began.elapsed().as_secs_f64();
    let used = meter.capacity().of::<Profile>(&db);
    assert!((used.table.reported.write - 2_000.0).abs() < f64::EPSILON);
    assert!((18.5..=22.0).contains(&taken), "{taken}");
    // Going by what is accepted spares most of the refusals.
    assert!(used.throttled < 200, "{}", used.throttled);
    Ok(())
}

/// 25 items in a request, of which the table takes some.
#[tokio::test(start_paused = true)]
async fn puts_in_batches_take_what_the_table_gives_and_none_is_lost() -> Outcome {
    let (db, _faults) = provisioned(100, 100).await;
    let (db, meter) = db.limited(RateLimit::new()).metered();
    let began = Instant::now();
    Profile::put_many(&db, profiles(2_000)).await?;
    let taken = began.elapsed().as_secs_f64();
    let used = meter.capacity().of::<Profile>(&db);
    assert!((used.table.reported.write - 2_000.0).abs() < f64::EPSILON);
    assert!((18.5..=22.0).contains(&taken), "{taken}");
    assert_eq!(Profile::scan(&db).count().await?, 2_000);
    Ok(())
}

/// A sweep that writes: the limit is that of its handle.
#[tokio::test(start_paused = true)]
async fn a_sweep_keeps_to_the_limit_of_its_handle() -> Outcome {
    let (db, _faults) = provisioned(1_000, 10_000).await;
    Profile::put_many(&db, profiles(300)).await?;
    let slow = &db.limited(RateLimit::new().write(20));
    let began = Instant::now();
    let swept = Profile::scan(slow)
        .sweep()
        .run(|mut profile| async move {
            profile.name = Some("seen".to_owned());
            profile.save(slow).await
        })
        .await?;
    assert_eq!(swept.progress.items, 300);
    let taken = began.elapsed().as_secs_f64();
    assert!((13.9..=14.2).contains(&taken), "20 at once, then 20 a second: {taken}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_scan_takes_what_the_table_gives() -> Outcome {
    let (db, _faults) = provisioned(10, 40_000).await;
    let filler = vec![1; 4_000];
    let big = |profile: Profile| Profile { avatar: filler.clone(), ..profile };
    for stored in Profile::insert_many(&db, profiles(400).map(big)).await {
        stored?;
    }
    let (db, meter) = db.limited(RateLimit::new()).metered();
    let began = Instant::now();
    let found = Profile::scan(&db).page_size(10).count().await?;
    assert_eq!(found, 400);
    let (taken, read) = (began.elapsed().as_secs_f64(), meter.capacity().total().read);
    assert!((read / 10.0 - 2.0..=read / 10.0 * 1.1 + 1.0).contains(&taken), "{taken} for {read}");
    Ok(())
}
