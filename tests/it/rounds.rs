//! Work that is done again where somebody else was faster: it is paid for, keeps its deadline, and ends with an error about
//! what the program knows.

use std::future::Future;
use std::time::Duration;

use dynamap::error::BusyCause;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    AttributeValue, Backfill, BackfillRecord, BackfillState, Database, DatabaseBuilder, Error,
    Item, Migrations, Model, Rebuild, RetryPolicy, Rows, Step, StepError, Table, Transaction,
    Unique, View,
};
use tokio::time::Instant;

use crate::support::{Outcome, n, put_raw, s, stored};

/// Its values are guarded, so that a write by key has to know the item.
#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: String,
    note: String,
    #[model(version)]
    version: u64,
}

/// Counted in a row for each country.
#[derive(Debug, Clone, Model)]
#[model(table = "visits", view = ByCountry, validate = false)]
struct Visit {
    #[model(hash_key)]
    id: u64,
    country: String,
    note: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "visits_by_country", validate = false)]
struct Country {
    #[model(hash_key)]
    name: String,
    #[model(default, alias = "count")]
    visits: u64,
    #[model(version)]
    version: u64,
}

struct ByCountry;

impl View for ByCountry {
    type Source = Visit;
    type Row = Country;
    const NAME: &'static str = "by_country";

    fn add(visit: &Visit, rows: &mut Rows<Country>) {
        rows.add(&visit.country, Country::VISITS, 1);
    }
}

static PERSON: Migrations =
    Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| rename(item, "mail", "email"))
        .down(|item| rename(item, "email", "mail"))]);

fn rename(item: &mut Item, from: &str, to: &str) -> Result<(), StepError> {
    item.rename(from, to);
    Ok(())
}

/// Stored under another name by an older program.
#[derive(Debug, Clone, Model)]
#[model(table = "people", schema = "2.0.0", migrations = PERSON, validate = false)]
struct Person {
    #[model(hash_key)]
    id: u64,
    email: String,
    visits: u64,
    #[model(version)]
    version: u64,
}

/// As an older program stores it, after so many writes.
fn older(writes: u64) -> Vec<(&'static str, AttributeValue)> {
    vec![("id", n(1)), ("mail", s("ann@x")), ("visits", n(writes)), ("version", n(writes))]
}

fn visit(id: u64) -> Visit {
    Visit { id, country: "CH".to_owned(), note: String::new(), version: 0 }
}

/// A store as another program has it, and as this one does, with faults below it.
async fn stores(
    build: impl FnOnce(DatabaseBuilder) -> DatabaseBuilder,
) -> (Database, Database, Faults) {
    let client = dynamap::embedded::memory().expect("a store");
    let other = Database::new(client.clone());
    let faults = Faults::new();
    let client = faults.wrap(&client).expect("a connector");
    let db = build(Database::builder(client).seed(7)).build();
    Table::<User>::create(&other).await.expect("users");
    Table::<Visit>::create(&other).await.expect("visits");
    Table::<Country>::create(&other).await.expect("countries");
    Table::<Person>::create(&other).await.expect("people");
    Table::<BackfillRecord>::create(&other).await.expect("records");
    (other, db, faults)
}

/// Nothing is there to pay a repetition with.
fn spent(builder: DatabaseBuilder) -> DatabaseBuilder {
    let mut policy = RetryPolicy::default();
    policy.budget = 0;
    builder.retry(policy)
}

/// Does work whose request of this number is held until somebody else has written.
async fn beaten<T>(
    faults: &Faults,
    operation: &'static str,
    number: usize,
    work: impl IntoFuture<Output = T>,
    write: impl Future<Output = ()>,
) -> T {
    faults.clear_log();
    for _ in 1..number {
        faults.next(operation, Fault::Delay(Duration::ZERO));
    }
    let gate = faults.pause(operation);
    let other = async {
        gate.reached().await;
        write.await;
        gate.release();
    };
    tokio::join!(work.into_future(), other).0
}

async fn note_user(db: &Database) {
    let mut user = User::get(db, 1).consistent().await.expect("a read").expect("there");
    user.note.push('!');
    user.save(db).await.expect("a save");
}

async fn note_visit(db: &Database) {
    let mut visit = Visit::get(db, 1).consistent().await.expect("a read").expect("there");
    visit.note.push('!');
    visit.save(db).await.expect("a save");
}

const TRANSACTION: &str = "TransactWriteItems";

#[tokio::test]
async fn writes_by_key_that_are_late_are_not_repeated_without_a_budget() -> Outcome {
    let (other, db, faults) = stores(spent).await;
    User { id: 1, email: "a@x".into(), note: String::new(), version: 0 }.insert(&other).await?;
    let update = User::update(&db, 1).set(User::EMAIL, "b@x");
    let late = beaten(&faults, TRANSACTION, 1, update, note_user(&other)).await;
    assert!(late.expect_err("a unique value").is_conflict());
    assert_eq!(faults.count(TRANSACTION), 1);

    visit(1).insert(&other).await?;
    let update = Visit::update(&db, 1).set(Visit::COUNTRY, "DE");
    let late = beaten(&faults, TRANSACTION, 1, update, note_visit(&other)).await;
    assert!(late.expect_err("a view").is_conflict());
    assert_eq!(faults.count(TRANSACTION), 1);

    let write_as =
        |builder: DatabaseBuilder| spent(builder).write_as::<Person>("1.0.0").expect("a way back");
    let (other, db, faults) = stores(write_as).await;
    put_raw(&other, "people", &older(1)).await;
    let update = Person::update(&db, 1).add(Person::VISITS, 1);
    let others = async { put_raw(&other, "people", &older(5)).await };
    let late = beaten(&faults, "UpdateItem", 1, update, others).await;
    assert!(late.expect_err("an older schema").is_conflict());
    assert_eq!(faults.count("UpdateItem"), 1);
    Ok(())
}

/// The first time it is brought into shape, and nobody need have been faster: that costs nothing from the budget.
#[tokio::test]
async fn an_item_that_is_of_an_older_shape_again_and_again_is_told_as_busy() -> Outcome {
    let (other, db, faults) = stores(spent).await;
    put_raw(&other, "people", &older(1)).await;
    let update = Person::update(&db, 1).add(Person::VISITS, 1);
    // Refused, brought into shape, refused again, brought into shape.
    let others = async { put_raw(&other, "people", &older(5)).await };
    let late = beaten(&faults, "UpdateItem", 3, update, others).await;
    let Err(Error::Busy(busy)) = late else { panic!("it was put again") };
    assert_eq!((busy.cause, busy.operation), (BusyCause::Contended, "UpdateItem"));
    assert_eq!(busy.failures[0].key().to_string(), "id = 1");
    assert_eq!(faults.count("UpdateItem"), 4);
    Person::update(&db, 1).add(Person::VISITS, 1).await?;
    let there = stored(&other, "people", &[("id", n(1))]).await.expect("there");
    assert_eq!(there.get("visits"), Some(&n(6)));
    Ok(())
}

#[tokio::test]
async fn jobs_over_tables_do_not_repeat_without_a_budget() -> Outcome {
    let (other, db, faults) = stores(spent).await;
    let raw =
        |note: &str| [("id", n(1)), ("email", s("a@x")), ("country", s("CH")), ("note", s(note))];
    let put = async |table: &str| put_raw(&other, table, &raw("changed")).await;

    put_raw(&other, "users", &raw("")).await;
    let job = Unique::<User>::backfill(&db);
    let late = beaten(&faults, TRANSACTION, 1, job, put("users")).await;
    let Err(Error::Busy(busy)) = late else { panic!("{late:?}") };
    assert_eq!((busy.cause, busy.table.as_str()), (BusyCause::Contended, "users"));
    assert_eq!(faults.count(TRANSACTION), 1);
    assert_eq!(Unique::<User>::backfill(&db).await?.guards, 1);

    put_raw(&other, "visits", &raw("")).await;
    let rebuild = Rebuild::<ByCountry>::of(&db);
    let job = async { rebuild.run().await };
    let late = beaten(&faults, TRANSACTION, 1, job, put("visits")).await;
    let late = late?;
    assert_eq!((late.taken_in, late.failed.len()), (0, 1));
    assert_eq!(faults.count(TRANSACTION), 1);
    assert_eq!(rebuild.run().await?.taken_in, 1);

    put_raw(&other, "people", &older(1)).await;
    let backfill = Backfill::<Person>::of(&db).segments(1);
    let others = async { put_raw(&other, "people", &older(5)).await };
    let record = beaten(&faults, "UpdateItem", 1, async { backfill.run().await }, others).await?;
    assert_eq!((record.state, record.failed), (BackfillState::Failed, 1));
    let of_people = |request: &&dynamap::faults::Request| {
        request.operation == "UpdateItem" && request.table() == Some("people")
    };
    assert_eq!(faults.requests().iter().filter(of_people).count(), 1);
    assert_eq!(backfill.run().await?.state, BackfillState::Completed);
    Ok(())
}

/// The program has named the visit, and no row.
#[tokio::test]
async fn a_row_that_others_keep_changing_is_no_conflict_of_the_item() -> Outcome {
    let (other, db, faults) = stores(spent).await;
    visit(1).insert(&other).await?;
    // As an older program has left it: the number is read first.
    let row = Country::get(&other, "CH").await?.expect("a row");
    let mut row = row.image().clone();
    row.rename("visits", "count");
    let row: Vec<_> = row.iter().map(|(name, value)| (name, value.clone())).collect();
    put_raw(&other, "visits_by_country", &row).await;

    let others = async { drop(visit(3).insert(&other).await.expect("a visit")) };
    let late = beaten(&faults, TRANSACTION, 2, visit(2).insert(&db), others).await;
    let Err(Error::Busy(busy)) = late else { panic!("{late:?}") };
    assert_eq!((busy.cause, busy.attempts), (BusyCause::Contended, 2));
    assert_eq!(busy.failures.len(), 1);
    assert_eq!(busy.failures[0].table(), "visits_by_country");
    assert!(Visit::get(&other, 2).await?.is_none(), "it had no effect");
    visit(2).insert(&db).await?;
    assert_eq!(Country::get(&other, "CH").await?.expect("a row").visits, 3);
    Ok(())
}

#[tokio::test]
async fn what_somebody_else_always_writes_first_is_given_up_after_sixteen_rounds() -> Outcome {
    let mut policy = RetryPolicy::default();
    policy.contended.longest = Duration::from_millis(1);
    let (other, db, faults) = stores(|builder| builder.retry(policy)).await;
    User { id: 1, email: "a@x".into(), note: String::new(), version: 0 }.insert(&other).await?;
    let mut gate = faults.pause(TRANSACTION);
    let others = async {
        loop {
            gate.reached().await;
            note_user(&other).await;
            let next = faults.pause(TRANSACTION);
            std::mem::replace(&mut gate, next).release();
        }
    };
    let late = tokio::select! {
        late = User::update(&db, 1).set(User::EMAIL, "b@x").into_future() => late,
        () = others => unreachable!("they never end"),
    };
    assert!(late.expect_err("sixteen times").is_conflict());
    assert_eq!(faults.count(TRANSACTION), 16);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_reads_ends_at_its_deadline_and_sends_nothing_behind_it() -> Outcome {
    let (other, db, faults) = stores(|builder| builder).await;
    User { id: 1, email: "a@x".into(), note: String::new(), version: 0 }.insert(&other).await?;
    visit(1).insert(&other).await?;
    faults.clear_log();
    for fault in [Fault::Delay(Duration::from_secs(3)), Fault::Throttle] {
        faults.always("GetItem", fault);
        for of_a_view in [false, true] {
            let tx = Transaction::builder(&db).deadline(Duration::from_secs(1)).begin();
            if of_a_view {
                tx.write(Visit::update(&db, 1).set(Visit::COUNTRY, "DE"))?;
            } else {
                tx.write(User::update(&db, 1).set(User::EMAIL, "b@x"))?;
            }
            let began = Instant::now();
            let error = tx.commit().await.expect_err("no answer in time");
            assert!(matches!(error, Error::Busy(_)), "{error}");
            assert!(began.elapsed() <= Duration::from_millis(1_001), "{:?}", began.elapsed());
        }
    }
    assert_eq!(faults.count(TRANSACTION), 0);
    Ok(())
}

/// The refusal of an item of another shape comes when the time is over.
#[tokio::test(start_paused = true)]
async fn a_commit_is_not_sent_once_more_behind_its_deadline() -> Outcome {
    let (other, db, faults) = stores(|builder| builder).await;
    put_raw(&other, "people", &older(1)).await;
    faults.always("UpdateItem", Fault::Delay(Duration::from_secs(2)));
    let tx = Transaction::builder(&db).deadline(Duration::from_secs(1)).begin();
    tx.write(Person::update(&db, 1).add(Person::VISITS, 1))?;
    let error = tx.commit().await.expect_err("too late");
    assert!(matches!(error, Error::DeadlineExceeded(_)), "{error}");
    assert_eq!(faults.count("UpdateItem"), 1);
    let there = stored(&other, "people", &[("id", n(1))]).await.expect("there");
    assert_eq!(there.get("visits"), Some(&n(1)), "nothing was written");
    Ok(())
}
