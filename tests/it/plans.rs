//! What a backfill says before it runs, and items and records that it cannot work with.

use dynamap::backfill::{Because, Required};
use dynamap::{
    AttributeValue, Backfill, BackfillError, BackfillRecord, BackfillState, Database, Error, Item,
    Migrations, Model, Step, StepError, Table, Ttl,
};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s, store, stored};

fn nothing(_: &mut Item) -> Result<(), StepError> {
    Ok(())
}

static BILL: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", nothing).reshapes(&["state", "status"]),
    Step::new("2.0.0", "3.0.0", nothing).reshapes(&["day", "note"]),
    Step::new("3.0.0", "4.0.0", nothing).reshapes(&["code"]),
    Step::keyed("4.0.0", "5.0.0", |item| Ok(vec![item])).reshapes(&[]),
    Step::new("5.0.0", "6.0.0", nothing),
    Step::new("6.0.0", "6.1.0", nothing).reshapes(&["note"]),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "bills", schema = "6.1.0", migrations = BILL, validate = false)]
#[model(gsi(by_status, hash_key = status), gsi(by_day, hash_key = "DAY#{day}"))]
struct Bill {
    #[model(hash_key)]
    id: u64,
    status: String,
    day: String,
    #[model(unique)]
    code: String,
    note: Option<String>,
    #[model(version)]
    version: u64,
}

async fn put_bill(db: &Database, id: u64, schema: &str) {
    let names = [("status", s("open")), ("day", s("Monday")), ("code", s(&format!("{id}")))];
    let key = [("id", n(id)), ("_schema", s(schema))];
    put_raw(db, "bills", &[names.as_slice(), &key].concat()).await;
}

#[tokio::test]
async fn a_plan_tells_which_steps_cannot_be_left_to_reads_and_saves() -> Outcome {
    let (db, faults) = store().await;
    Table::<Bill>::create(&db).await?;
    put_bill(&db, 1, "1.0.0").await;
    put_bill(&db, 2, "6.1.0").await;
    faults.clear_log();
    let plan = Backfill::<Bill>::of(&db).plan().await?;
    assert_eq!((plan.survey.items, plan.survey.older), (2, 1));
    let found: Vec<_> =
        plan.required.iter().map(|step| (step.from.major, step.because.clone())).collect();
    let expected = [
        (1, Because::Index { index: "by_status", attribute: "status" }),
        (2, Because::Index { index: "by_day", attribute: "day" }),
        (3, Because::Unique { constraint: "code", attribute: "code" }),
        (4, Because::Key),
        (5, Because::Undeclared),
    ];
    assert_eq!(found, expected);
    let first = plan.required[0].to_string();
    assert_eq!(
        first,
        "step 1.0.0 to 2.0.0 reshapes `status` of index by_status: its queries miss older items"
    );
    assert!(faults.requests().iter().all(|request| request.operation == "Scan"));
    Ok(())
}

#[tokio::test]
async fn a_plan_requires_only_steps_that_items_have_before_them() -> Outcome {
    let (db, _) = store().await;
    Table::<Bill>::create(&db).await?;
    let required = async |db: &Database| -> Result<Vec<Required>, Error> {
        Ok(Backfill::<Bill>::of(db).plan().await?.required)
    };
    assert!(required(&db).await?.is_empty());
    put_bill(&db, 1, "6.0.0").await;
    assert!(required(&db).await?.is_empty(), "`note` is an attribute like others");
    put_bill(&db, 2, "3.5.0").await;
    let steps: Vec<_> = required(&db).await?.into_iter().map(|step| step.from).collect();
    assert_eq!(steps, [Version::new(3, 0, 0), Version::new(4, 0, 0), Version::new(5, 0, 0)]);
    Ok(())
}

static SESSION: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", |item| {
        item.rename("until", "expires");
        Ok(())
    })
    .reshapes(&["until", "expires"]),
    Step::new("2.0.0", "3.0.0", |item| match item.text("note") {
        Some("later") => item.put("expires", &2_000_000_000),
        Some("never") => item.put("expires", &None::<u64>),
        _ => Ok(()),
    })
    .reshapes(&["expires"]),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "sessions", schema = "3.0.0", migrations = SESSION, validate = false)]
struct Session {
    #[model(hash_key)]
    id: u64,
    #[model(ttl)]
    expires: Option<Ttl>,
    note: Option<String>,
}

#[tokio::test]
async fn a_rewrite_never_changes_when_an_item_expires() -> Outcome {
    let (db, _) = store().await;
    Table::<Session>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    let expires = ("expires", n(1_900_000_000));
    let item = |id: u64, note: &str, schema: &str| {
        vec![("id", n(id)), expires.clone(), ("note", s(note)), ("_schema", s(schema))]
    };
    put_raw(&db, "sessions", &[("id", n(1)), ("until", expires.1.clone())]).await;
    for (id, note) in [(2, "later"), (3, "never"), (4, "as it is")] {
        put_raw(&db, "sessions", &item(id, note, "2.0.0")).await;
    }
    let plan = Backfill::<Session>::of(&db).plan().await?;
    let expiry = Because::Expiry { attribute: "expires" };
    assert!(plan.required.iter().all(|step| step.because == expiry) && plan.required.len() == 2);
    let tried = Backfill::<Session>::of(&db).dry_run().await?;
    assert_eq!((tried.upgraded, tried.failed.len()), (2, 2));

    let record = Backfill::<Session>::of(&db).run().await?;
    assert_eq!((record.state, record.upgraded), (BackfillState::Failed, 2));
    for failure in &record.failures {
        assert!(
            failure.why.contains("`expires`, by which the service deletes the item"),
            "{failure}"
        );
        assert!(!failure.why.contains("000000"), "no values: {failure}");
    }
    for id in 1..=4 {
        let raw = stored(&db, "sessions", &[("id", n(id))]).await.expect("there");
        assert_eq!(raw.get("expires"), Some(&expires.1), "{id}");
        let schema = if matches!(id, 2 | 3) { "2.0.0" } else { "3.0.0" };
        assert_eq!(raw.text("_schema"), Some(schema), "{id}");
    }
    Ok(())
}

static NAME: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
    let name: String = item.take("name")?;
    item.put("long", &name.repeat(40))?;
    let parts = name.split_once(' ').ok_or_else(|| StepError::new("name", "expected two words"))?;
    item.put("first", &parts.0.to_owned())
})]);

#[derive(Debug, Clone, Model, garde::Validate)]
#[model(table = "people", schema = "2.0.0", migrations = NAME)]
#[garde(allow_unvalidated)]
struct Person {
    #[model(hash_key)]
    id: u64,
    #[garde(length(min = 2))]
    first: String,
    long: String,
}

async fn people(items: &[Vec<(&'static str, AttributeValue)>]) -> Result<Database, Error> {
    let (db, _) = store().await;
    Table::<Person>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    for item in items {
        put_raw(&db, "people", item).await;
    }
    Ok(db)
}

/// A step that fails half-way, one that makes the item too large, one that leaves what is not valid, a schema that no step
/// leads from, one that is no semver, one of a later release.
#[tokio::test]
async fn an_item_that_cannot_be_upgraded_is_left_in_every_attribute_as_it_was() -> Outcome {
    let with = |id: u64, name: &str, schema: &str| {
        vec![("id", n(id)), ("name", s(name)), ("_schema", s(schema)), ("extra", n(id))]
    };
    let items = [
        with(1, "Ann", "1.0.0"),
        with(2, &format!("{} x", "x".repeat(11_000)), "1.0.0"),
        with(3, "A Lee", "1.0.0"),
        with(4, "Ann Lee", "0.9.0"),
        with(5, "Ann Lee", "one"),
        with(6, "Ann Lee", "3.0.0"),
        with(7, "Ann Lee", "1.0.0"),
    ];
    let db = people(&items).await?;
    let record = Backfill::<Person>::of(&db).run().await?;
    assert_eq!((record.state, record.upgraded, record.failed), (BackfillState::Failed, 1, 6));
    for (id, why) in [
        (1, "attribute `name`: expected two words"),
        (2, "bytes of an item"),
        (3, "invalid Person"),
        (4, "no migration leads from it"),
        (5, "`_schema`"),
        (6, "deploy the newer release"),
    ] {
        let about =
            record.failures.iter().find(|line| line.to_string().contains(&format!("id = {id}")));
        assert!(about.is_some_and(|line| line.why.contains(why)), "{id}: {:?}", record.failures);
    }
    for (item, id) in items[..6].iter().zip(1..) {
        let was: Item =
            item.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        assert_eq!(stored(&db, "people", &[("id", n(id))]).await, Some(was), "{id}");
    }
    // A read of it fails too, and leaves it alone.
    for id in 1..=6 {
        let read = Person::get(&db, id).await;
        assert!(read.is_err() || matches!(id, 2 | 3), "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_that_is_not_one_of_this_table_ends_the_run_and_the_next_one_begins_anew()
-> Outcome {
    let old = |id: u64| vec![("id", n(id)), ("name", s("Ann Lee"))];
    let db = people(&(1..=6).map(old).collect::<Vec<_>>()).await?;
    Table::<Session>::create(&db).await?;
    put_raw(&db, "sessions", &[("id", n(1))]).await;
    let stop = dynamap::backfill::Stop::new();
    stop.now();
    let job = || Backfill::<Person>::of(&db).page_size(1).segments(1);
    let elsewhere = Backfill::<Session>::of(&db).page_size(1).segments(1).stop_by(&stop);
    let foreign = elsewhere.run().await?.checkpoint.expect("stopped behind a page");
    for checkpoint in [foreign.as_str(), "no cursor at all"] {
        let stop = dynamap::backfill::Stop::new();
        stop.now();
        let record = job().stop_by(&stop).run().await?;
        assert_eq!(record.state, BackfillState::Interrupted);
        let (table, job_name) = (record.table, record.job);
        let mut record = BackfillRecord::get(&db, (&table, &job_name)).await?.expect("a record");
        record.checkpoint = Some(checkpoint.to_owned());
        record.save(&db).await?;
        let error = job().run().await.expect_err("another table's");
        assert!(matches!(error, BackfillError::Database(Error::ForeignCursor)), "{error}");
    }
    let record = job().run().await?;
    assert_eq!(record.state, BackfillState::Completed);
    for id in 1..=6 {
        let raw = stored(&db, "people", &[("id", n(id))]).await.expect("there");
        assert_eq!(raw.text("_schema"), Some("2.0.0"), "{id}");
    }
    Ok(())
}
