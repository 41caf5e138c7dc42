//! Programs of two schemas side by side: the new one writes what the old one reads, or stores what it read in its own.

use dynamap::faults::{Fault, Faults};
use dynamap::{
    AttributeValue, Backfill, BackfillError, BackfillRecord, Database, Error, Item, Migrations,
    Model, Step, StepError, Table, Transaction, Unique, UpgradeError, WriteBack,
};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s, stored};

/// The old program.
mod old {
    use super::{Migrations, Model, Step, mail_becomes_email};

    static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    pub struct User {
        #[model(hash_key)]
        pub id: u64,
        #[model(unique)]
        pub email: String,
        pub name: String,
        pub visits: u64,
        #[model(version)]
        pub version: u64,
    }
}

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    item.rename("mail", "email");
    Ok(())
}

fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> {
    item.rename("email", "mail");
    Ok(())
}

fn name_becomes_names(item: &mut Item) -> Result<(), StepError> {
    let name: String = item.take("name")?;
    let names: Vec<String> = name.split(' ').map(str::to_owned).collect();
    item.put("names", &names)?;
    item.rename("email", "address");
    Ok(())
}

fn names_become_name(item: &mut Item) -> Result<(), StepError> {
    let names: Vec<String> = item.take("names")?;
    item.rename("address", "email");
    item.put("name", &names.join(" "))
}

fn add_initials(item: &mut Item) -> Result<(), StepError> {
    let names: Vec<String> = item.read("names")?;
    item.put("initials", &names.iter().filter_map(|name| name.chars().next()).collect::<String>())
}

fn without_initials(item: &mut Item) -> Result<(), StepError> {
    item.remove("initials");
    Ok(())
}

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail),
    Step::new("2.0.0", "3.0.0", name_becomes_names).down(names_become_name),
    Step::new("3.0.0", "3.1.0", add_initials).down(without_initials),
]);

#[derive(Debug, Clone, PartialEq, Model, garde::Validate)]
#[model(table = "users", schema = "3.1.0", migrations = USER)]
struct User {
    #[model(hash_key)]
    #[garde(skip)]
    id: u64,
    #[model(unique)]
    #[garde(contains("@"))]
    address: String,
    #[garde(skip)]
    names: Vec<String>,
    #[garde(skip)]
    initials: String,
    #[garde(skip)]
    visits: u64,
    #[model(version)]
    #[garde(skip)]
    version: u64,
}

fn user(id: u64) -> User {
    let names = vec!["Ann".to_owned(), format!("Lee{id}")];
    let address = format!("user{id}@x");
    User { id, address, names, initials: "AL".to_owned(), visits: 0, version: 0 }
}

/// The same store, as today's program has it, as this one builds its database, and with faults below the latter.
async fn stores(
    build: impl FnOnce(dynamap::DatabaseBuilder) -> Result<dynamap::DatabaseBuilder, Error>,
) -> (Database, Database, Faults) {
    let client = dynamap::embedded::memory().expect("an embedded store");
    let plain = Database::new(client.clone());
    let faults = Faults::new();
    let client = faults.wrap(&client).expect("the client has a connector");
    let db = build(Database::builder(client).seed(7)).expect("a way back").build();
    Table::<User>::create(&db).await.expect("users");
    Table::<BackfillRecord>::create(&db).await.expect("records");
    faults.clear_log();
    (plain, db, faults)
}

async fn as_2() -> (Database, Database, Faults) {
    stores(|builder| builder.write_as::<User>("2.0.0")).await
}

async fn raw(db: &Database, id: u64) -> Item {
    stored(db, "users", &[("id", n(id))]).await.expect("there")
}

/// Stored as the old program does it, and read by it.
async fn assert_old(db: &Database, id: u64, visits: u64) {
    let raw = raw(db, id).await;
    assert_eq!(raw.text("_schema"), Some("2.0.0"), "user {id}");
    for name in ["address", "names", "initials", "mail"] {
        assert!(!raw.contains(name), "user {id} has {name}");
    }
    let read = old::User::get(db, id).await.expect("the old program reads it").expect("there");
    assert_eq!((read.visits, read.name.clone()), (visits, format!("Ann Lee{id}")), "user {id}");
}

async fn put_oldest(db: &Database, id: u64) {
    let mail = s(&format!("user{id}@x"));
    let name = s(&format!("Ann Lee{id}"));
    let item = [("id", n(id)), ("mail", mail), ("name", name), ("visits", n(0)), ("version", n(1))];
    put_raw(db, "users", &item).await;
}

#[tokio::test]
async fn every_verb_writes_what_the_old_program_reads() -> Outcome {
    let (plain, db, _) = as_2().await;
    let mut ann = user(1).insert(&db).await?;
    assert!(ann.is_upgraded(), "stored in an older schema than it is used in");
    assert_eq!((*ann.stored_schema()).clone(), Version::new(2, 0, 0));
    assert_old(&plain, 1, 0).await;
    for visits in 1..=3 {
        ann.visits = visits;
        ann.save(&db).await?;
        assert_old(&plain, 1, visits).await;
    }
    assert_eq!((ann.version, ann.initials.as_str()), (4, "AL"));

    user(2).upsert(&db).await?;
    user(2).upsert(&db).await?;
    let mut changed = user(2);
    changed.visits = 5;
    changed.replace(&db).await?;
    assert_old(&plain, 2, 5).await;

    let old = User::update(&db, 2).add(User::VISITS, 1).returning_old().await?.expect("there");
    let new = User::update(&db, 2)
        .add(User::VISITS, 1)
        .when(User::INITIALS.eq("AL") & User::NAMES.size().ge(2))
        .returning_new()
        .await?;
    assert_eq!((old.visits, new.visits, new.version), (5, 7, 5));
    User::update(&db, 2).add(User::VISITS, 1).exactly_once().await?;
    assert_old(&plain, 2, 8).await;
    let refused = User::update(&db, 2).add(User::VISITS, 1).when(User::INITIALS.eq("B")).await;
    assert!(refused.expect_err("another initial").is_conflict());
    assert!(User::update(&db, 9).add(User::VISITS, 1).await.expect_err("none").is_not_found());

    for inserted in User::insert_many(&db, [user(3), user(4)]).await {
        inserted?;
    }
    let tx = Transaction::begin(&db);
    tx.insert(user(5))?;
    let mut four = User::get(&tx, 4).await?.expect("there");
    four.visits = 1;
    tx.save(four)?;
    tx.write(User::update(&db, 3).add(User::VISITS, 2))?;
    tx.commit().await?;
    for (id, visits) in [(3, 2), (4, 1), (5, 0)] {
        assert_old(&plain, id, visits).await;
    }
    User::delete(&db, 5).when(User::INITIALS.eq("AL")).await?;
    assert!(User::get(&db, 5).await?.is_none());

    // And the old program goes on with all of it.
    let mut read = old::User::get(&plain, 1).await?.expect("there");
    read.name = "Bea Lee1".to_owned();
    read.save(&plain).await?;
    assert_eq!(User::get(&db, 1).await?.expect("there").initials, "BL");
    Ok(())
}

#[tokio::test]
async fn an_older_item_rises_as_far_as_old_programs_read_and_a_newer_one_is_not_lowered() -> Outcome
{
    let (plain, db, _) = as_2().await;
    put_oldest(&plain, 1).await;
    put_oldest(&plain, 2).await;
    User::get(&db, 1).await?.expect("there").save(&db).await?;
    User::update(&db, 2).add(User::VISITS, 1).await?;
    assert_old(&plain, 1, 0).await;
    assert_old(&plain, 2, 1).await;

    // Another instance was deployed without `write_as` already.
    user(3).insert(&plain).await?;
    let mut three = User::get(&db, 3).await?.expect("there");
    three.visits = 1;
    three.save(&db).await?;
    User::update(&db, 3).add(User::VISITS, 1).await?;
    user(3).upsert(&db).await?;
    let raw3 = raw(&plain, 3).await;
    assert_eq!((raw3.text("_schema"), raw3.contains("names")), (Some("3.1.0"), true));

    // In between: the shape of 3.0.0 stays that.
    let between = [
        ("id", n(4)),
        ("_schema", s("3.0.0")),
        ("address", s("d@x")),
        ("names", AttributeValue::L(vec![s("Dan")])),
        ("visits", n(0)),
    ];
    put_raw(&plain, "users", &between).await;
    let mut four = User::get(&db, 4).await?.expect("there");
    four.visits = 1;
    four.save(&db).await?;
    let raw4 = raw(&plain, 4).await;
    assert_eq!((raw4.text("_schema"), raw4.contains("initials")), (Some("3.0.0"), false));
    assert_eq!(raw4.get("visits"), Some(&n(1)));
    Ok(())
}

#[tokio::test]
async fn a_schema_that_no_way_leads_back_to_is_refused_at_start() -> Outcome {
    fn none(_: &mut Item) -> Result<(), StepError> {
        Ok(())
    }
    static ONE_WAY: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", none),
        Step::keyed("2.0.0", "3.0.0", |item| Ok(vec![item])),
        Step::new("3.0.0", "4.0.0", none).down(none),
    ]);
    #[derive(Debug, Clone, Model)]
    #[model(table = "things", schema = "4.0.0", migrations = ONE_WAY, validate = false)]
    struct Thing {
        #[model(hash_key)]
        id: u64,
    }
    let build = |schema| {
        Database::builder(dynamap::embedded::memory().expect("a store")).write_as::<Thing>(schema)
    };
    assert!(build("3.0.0").is_ok() && build("4.0.0").is_ok());
    for schema in ["1.0.0", "2.0.0", "0.9.0", "5.0.0"] {
        let Err(Error::NoWayBack { model, wanted, .. }) = build(schema) else { panic!("{schema}") };
        assert_eq!((model, wanted.to_string().as_str()), ("Thing", schema));
    }
    assert!(matches!(build("four"), Err(Error::Usage(_))));

    let (_, db, faults) = as_2().await;
    let error = Backfill::<User>::of(&db).run().await.expect_err("it would write what is old");
    assert!(matches!(error, BackfillError::Database(Error::Usage(_))), "{error}");
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_the_older_shape_cannot_hold_is_refused_before_anything_is_sent() -> Outcome {
    fn split(item: &mut Item) -> Result<(), StepError> {
        let name: String = item.take("name")?;
        let (first, last) = name.split_once(' ').ok_or(StepError::new("name", "has no blank"))?;
        item.put("first", &first.to_owned())?;
        item.put("last", &last.to_owned())
    }
    fn join(item: &mut Item) -> Result<(), StepError> {
        let (first, last): (String, String) = (item.take("first")?, item.take("last")?);
        if first == "-" {
            return Err(StepError::new("first", "is not a name"));
        }
        item.put("name", &format!("{first}{last}"))
    }
    static PERSON: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", split).down(join)]);
    #[derive(Debug, Clone, Model)]
    #[model(table = "persons", schema = "2.0.0", migrations = PERSON, validate = false)]
    struct Person {
        #[model(hash_key)]
        id: u64,
        first: String,
        last: String,
    }
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).write_as::<Person>("1.0.0")?.build();
    Table::<Person>::create(&db).await?;
    faults.clear_log();
    let person = |first: &str, last: &str| Person { id: 1, first: first.into(), last: last.into() };
    for (first, wrong) in [("-", "first"), ("Ann", "name")] {
        let error = person(first, "Lee").insert(&db).await.expect_err("it cannot be written");
        let Error::Upgrade(failed) = error else { panic!("{error}") };
        let UpgradeError::Step(step) = failed.error else { panic!("{:?}", failed.error) };
        assert_eq!(step.error.attribute(), wrong);
    }
    let error = person("Ann Mary", " Lee").insert(&db).await.expect_err("another first name");
    assert!(matches!(&error, Error::Lossy(loss) if loss.attribute == "first"), "{error}");
    assert!(faults.requests().is_empty());
    Ok(())
}

/// An attribute that the older shape lacks can be used when nobody needs that shape any more.
#[tokio::test]
async fn what_would_be_lost_is_refused_and_said() -> Outcome {
    let (_, db, faults) = as_2().await;
    let mut ann = user(1).insert(&db).await?;
    faults.clear_log();
    ann.initials = "XY".to_owned();
    let error = ann.save(&db).await.expect_err("it would be read as AL");
    assert!(matches!(&error, Error::Lossy(loss) if loss.attribute == "initials"), "{error}");
    assert!(error.to_string().contains("2.0.0") && !error.to_string().contains("XY"), "{error}");
    let error = User::update(&db, 1).set(User::INITIALS, "XY").await.expect_err("the same");
    assert!(matches!(error, Error::Lossy(_)));
    assert_eq!(faults.requests().iter().filter(|r| r.operation != "GetItem").count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_unique_value_that_is_stored_under_an_older_name_is_given_up_when_it_changes() -> Outcome
{
    let (plain, db, _) = as_2().await;
    let mut ann = user(1).insert(&db).await?;
    ann.address = "new@x".to_owned();
    ann.save(&db).await?;
    let mut bea = user(2);
    bea.address = "user1@x".to_owned();
    bea.insert(&db).await?;
    let mut cid = user(3);
    cid.address = "new@x".to_owned();
    assert!(cid.insert(&db).await.expect_err("Ann has it").is_conflict());
    let found = Unique::<User>::find(&db, User::ADDRESS, "new@x").await?.expect("Ann");
    assert_eq!(found.id, 1);
    assert!(Unique::<User>::verify(&db).await?.is_empty());
    assert!(Unique::<User>::repair(&db).await?.is_empty());
    // The old program calls it by another name, and by another constraint.
    assert_eq!(old::User::get(&plain, 1).await?.expect("there").email, "new@x");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn changes_by_key_are_each_made_once_beside_each_other_and_where_answers_are_lost() -> Outcome
{
    let (plain, db, faults) = as_2().await;
    user(1).insert(&db).await?;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                loop {
                    match User::update(&db, 1).add(User::VISITS, 1).await {
                        Err(error) if error.is_retryable() => {}
                        other => return other,
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    assert_old(&plain, 1, 12).await;
    // It says what it saw, so it can be sent again, unlike a change that the service computes.
    for _ in 0..5 {
        faults.next("TransactWriteItems", Fault::LoseAnswer);
        faults.next("TransactWriteItems", Fault::LoseAnswer);
        User::update(&db, 1).add(User::VISITS, 1).await?;
        assert_eq!(faults.pending(), 0);
    }
    assert_old(&plain, 1, 17).await;
    Ok(())
}

#[tokio::test]
async fn a_program_that_never_writes_back_leaves_each_item_in_its_schema() -> Outcome {
    let (plain, db, _) = stores(|builder| Ok(builder.write_back(WriteBack::Never))).await;
    put_oldest(&plain, 1).await;
    let mut ann = User::get(&db, 1).await?.expect("there");
    ann.visits = 1;
    ann.save(&db).await?;
    User::update(&db, 1).add(User::VISITS, 1).await?;
    let raw1 = raw(&plain, 1).await;
    assert_eq!((raw1.text("_schema"), raw1.text("mail")), (Some("1.0.0"), Some("user1@x")));
    assert_eq!((raw1.get("visits"), raw1.get("version")), (Some(&n(2)), Some(&n(3))));
    user(2).insert(&db).await?;
    assert_eq!(raw(&plain, 2).await.text("_schema"), Some("3.1.0"), "a new one is of today");
    Ok(())
}

#[tokio::test]
async fn a_read_stores_what_it_upgraded_where_it_is_told_to() -> Outcome {
    let (plain, db, faults) = stores(|builder| Ok(builder.write_back(WriteBack::OnRead))).await;
    for id in 1..=4 {
        put_oldest(&plain, id).await;
    }
    let ann = User::get(&db, 1).await?.expect("there");
    assert_eq!((ann.is_upgraded(), ann.version), (false, 2));
    let all = User::scan(&db).try_collect().await?;
    assert!(all.len() == 4 && all.iter().all(|user| !user.is_upgraded()));
    for id in 1..=4 {
        let raw = raw(&plain, id).await;
        assert_eq!((raw.text("_schema"), raw.get("version")), (Some("3.1.0"), Some(&n(2))));
    }
    let mut ann = all.into_iter().find(|user| user.id == 1).expect("there");
    ann.visits = 7;
    ann.save(&db).await?;
    faults.clear_log();
    User::get(&db, 1).await?;
    User::scan(&db).try_collect().await?;
    let operations: Vec<_> = faults.requests().into_iter().map(|r| r.operation).collect();
    assert_eq!(operations, ["GetItem", "Scan"], "what is current costs nothing more");
    Ok(())
}

#[tokio::test]
async fn a_read_whose_write_fails_succeeds_all_the_same() -> Outcome {
    let (plain, db, faults) = stores(|builder| Ok(builder.write_back(WriteBack::OnRead))).await;
    put_oldest(&plain, 1).await;
    // No right to write; nothing is stored, and a save finds the item as it was.
    faults.next("TransactWriteItems", Fault::service("AccessDeniedException"));
    let mut ann = User::get(&db, 1).await?.expect("there");
    assert!(ann.is_upgraded() && !raw(&plain, 1).await.contains("_schema"));
    ann.visits = 1;
    ann.save(&db).await?;
    assert_eq!(raw(&plain, 1).await.text("_schema"), Some("3.1.0"));

    // Not valid: a save would refuse it, so the read does not write it.
    let item = [("id", n(2)), ("mail", s("nobody")), ("name", s("No One")), ("visits", n(0))];
    put_raw(&plain, "users", &item).await;
    assert!(User::get(&db, 2).await?.expect("there").is_upgraded());
    assert!(!raw(&plain, 2).await.contains("_schema"));

    // In a transaction, nothing is written before the commit.
    put_oldest(&plain, 3).await;
    let tx = Transaction::begin(&db);
    assert!(User::get(&tx, 3).await?.expect("there").is_upgraded());
    tx.rollback();
    assert!(!raw(&plain, 3).await.contains("_schema"));
    Ok(())
}

#[tokio::test]
async fn a_read_does_not_change_when_an_item_expires() -> Outcome {
    fn later(item: &mut Item) -> Result<(), StepError> {
        let until: u64 = item.read("until")?;
        item.put("until", &(until + 1))
    }
    static VISIT: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", later)]);
    #[derive(Debug, Clone, Model)]
    #[model(table = "visits", schema = "2.0.0", migrations = VISIT, validate = false)]
    struct Visit {
        #[model(hash_key)]
        id: u64,
        #[model(ttl)]
        until: dynamap::Ttl,
    }
    let db = Database::builder(dynamap::embedded::memory()?).write_back(WriteBack::OnRead).build();
    Table::<Visit>::create(&db).await?;
    put_raw(&db, "visits", &[("id", n(1)), ("until", n(4_000_000_000_u64))]).await;
    assert!(Visit::get(&db, 1).await?.expect("there").is_upgraded());
    let raw = stored(&db, "visits", &[("id", n(1))]).await.expect("there");
    assert_eq!(raw.get("until"), Some(&n(4_000_000_000_u64)));
    Ok(())
}

/// A service that does not take the write, or never answers, does not keep the reader waiting for long.
#[tokio::test(start_paused = true)]
async fn a_read_waits_for_its_write_no_longer_than_a_moment() -> Outcome {
    for fault in [Fault::Throttle, Fault::Hang, Fault::HangBefore] {
        let (plain, db, faults) = stores(|builder| Ok(builder.write_back(WriteBack::OnRead))).await;
        put_oldest(&plain, 1).await;
        faults.always("TransactWriteItems", fault.clone());
        let began = tokio::time::Instant::now();
        assert!(User::get(&db, 1).await?.expect("there").is_upgraded());
        let waited = began.elapsed();
        assert!(waited <= std::time::Duration::from_millis(501), "{fault:?}: {waited:?}");
        assert!(faults.count("TransactWriteItems") > 0);
    }
    Ok(())
}
