//! Backfills whose requests get no answer, or a refusal: what they count, and how they end.

use std::sync::Mutex;
use std::time::Duration;

use dynamap::backfill::BackfillProgress;
use dynamap::faults::Fault;
use dynamap::{
    Backfill, BackfillError, BackfillRecord, BackfillState, Error, Item, Migrations, Model, Step,
    StepError, Table,
};

use crate::backfills::{User, assert_upgraded, old, users};
use crate::support::{Outcome, n, put_raw, s, store, stored};

/// Longer than a request is repeated.
const LATER: Duration = Duration::from_secs(31);
/// Without signs of life in between.
const LEASE: Duration = Duration::from_hours(1);

/// Every answer is lost until the write is given up; what is stored tells that it was made.
#[tokio::test(start_paused = true)]
async fn an_item_that_this_run_has_upgraded_is_counted_though_no_answer_came() -> Outcome {
    let (db, faults) = users(1).await;
    let last = Mutex::new(BackfillProgress::default());
    let job = Backfill::<User>::of(&db).segments(1).lease(LEASE);
    let job = job.on_progress(|progress| *last.lock().expect("one thread") = progress);
    faults.always("UpdateItem", Fault::LoseAnswer);
    let recovers = async {
        tokio::time::sleep(LATER).await;
        faults.clear();
    };
    let (record, ()) = tokio::join!(job.run(), recovers);
    let record = record?;
    assert_eq!((record.state, record.upgraded), (BackfillState::Completed, 1));
    assert_eq!(last.lock().expect("one thread").conflicts, 0, "nobody else wrote it");
    assert_upgraded(&db, 1, 2).await
}

static MOVED: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", moved)]);

fn moved(mut item: Item) -> Result<Vec<Item>, StepError> {
    let name: String = item.take("name")?;
    item.put("name", &format!("{name}!"))?;
    Ok(vec![item])
}

#[derive(Debug, Clone, Model)]
#[model(table = "names", schema = "2.0.0", migrations = MOVED, validate = false)]
struct Name {
    #[model(hash_key)]
    name: String,
}

#[tokio::test(start_paused = true)]
async fn an_item_that_this_run_has_moved_is_counted_though_no_answer_came() -> Outcome {
    let (db, faults) = store().await;
    Table::<Name>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    put_raw(&db, "names", &[("name", s("ann"))]).await;
    faults.always("TransactWriteItems", Fault::LoseAnswer);
    let record = Backfill::<Name>::of(&db).lease(LEASE).run().await?;
    assert_eq!((record.state, record.upgraded), (BackfillState::Completed, 1));
    assert!(stored(&db, "names", &[("name", s("ann!"))]).await.is_some());
    Ok(())
}

#[tokio::test]
async fn an_item_that_somebody_else_wrote_first_is_a_conflict() -> Outcome {
    let (db, faults) = users(1).await;
    let last = Mutex::new(BackfillProgress::default());
    let job = Backfill::<User>::of(&db).segments(1);
    let job = job.on_progress(|progress| *last.lock().expect("one thread") = progress);
    let gate = faults.pause("UpdateItem");
    let other = async {
        gate.reached().await;
        put_raw(&db, "users", &[old(1).as_slice(), &[("version", n(9))]].concat()).await;
        gate.release();
    };
    let (record, ()) = tokio::join!(job.run(), other);
    assert_eq!(record?.upgraded, 1);
    assert_eq!(last.lock().expect("one thread").conflicts, 1);
    assert_upgraded(&db, 1, 10).await
}

/// The record is this runner's all the time: that its notes get no answer is no other runner.
#[tokio::test(start_paused = true)]
async fn a_runner_that_gets_no_answer_has_not_lost_its_lease() -> Outcome {
    let (db, faults) = users(0).await;
    faults.always("UpdateItem", Fault::LoseAnswer);
    let error = Backfill::<User>::of(&db).lease(LEASE).run().await.expect_err("no answer");
    assert!(matches!(error, BackfillError::Database(Error::OutcomeUnknown(_))), "{error}");
    Ok(())
}

/// That every item was seen stays known, so that the failures alone decide about the job.
#[tokio::test]
async fn a_retry_that_cannot_be_noted_leaves_the_job_as_far_as_it_was() -> Outcome {
    for by_retry in [true, false] {
        let (db, faults) = users(2).await;
        put_raw(&db, "users", &[("id", n(3)), ("visits", n(0)), ("version", n(1))]).await;
        let job = || Backfill::<User>::of(&db);
        assert_eq!(job().run().await?.state, BackfillState::Failed);
        put_raw(&db, "users", &old(3)).await;
        // The job is taken, the item upgraded; then the record cannot be written once.
        faults.next("UpdateItem", Fault::Delay(Duration::ZERO));
        faults.next("UpdateItem", Fault::Delay(Duration::ZERO));
        faults.next("UpdateItem", Fault::service("AccessDeniedException"));
        let error = job().retry_failed().await.expect_err("it could not be noted");
        assert!(matches!(error, BackfillError::Database(Error::Denied(_))), "{error}");
        assert_eq!(faults.pending(), 0);
        let done = if by_retry { job().retry_failed().await? } else { job().run().await? };
        assert_eq!((done.state, done.failed), (BackfillState::Completed, 0), "{by_retry}");
        assert_upgraded(&db, 3, 2).await?;
    }
    Ok(())
}
