//! `docs/guide/capacity.md`: its programs.

use std::time::Duration;

use dynamap::embedded::Throttle;
use dynamap::testing::TestDatabase;
use dynamap::{Model, RateLimit, TableSettings};
use tokio::time::Instant;

use super::common::{Account, accounts};
use crate::support::Outcome;

#[tokio::test]
async fn a_job_is_limited_and_what_it_costs_is_counted() -> Outcome {
    let test = accounts(&[100, 50, 0]).await?;
    let db = test.database().clone();

    let (job, meter) = db.limited(RateLimit::new().read(100)).metered();
    let rich = Account::scan(&job).filter(Account::BALANCE.ge(50)).count().await?;
    assert_eq!(rich, 2);
    let used = meter.capacity().of::<Account>(&db);
    assert_eq!((used.requests, used.throttled), (1, 0));
    assert!(used.table.reported.read >= 0.5); // read units

    let other = Account::scan(&db).count().await?;
    assert_eq!((other, meter.capacity().of::<Account>(&db).requests), (3, 1));
    Ok(())
}

static PARCELS: TableSettings = TableSettings::new().provisioned(5, 5);

#[derive(Debug, Clone, Model)]
#[model(table = "parcels", settings = PARCELS, validate = false)]
struct Parcel {
    #[model(hash_key)]
    number: u32,
}

#[tokio::test(start_paused = true)]
async fn a_bulk_load_takes_what_the_table_gives() -> Outcome {
    let test = TestDatabase::builder()
        .with::<Parcel>() // provisioned with 5 write units a second
        .throttle(Throttle::provisioned().burst(Duration::ZERO))
        .build()
        .await?;
    let db = test.database().limited(RateLimit::new());

    let began = Instant::now(); // of tokio
    let parcels = (1..=100).map(|number| Parcel { number });
    for stored in Parcel::insert_many(&db, parcels).await {
        stored?;
    }
    assert!(began.elapsed() > Duration::from_secs(15));

    Ok(())
}
