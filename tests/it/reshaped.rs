//! Filters on attributes that migrations reshape: refused, unless the caller knows what is stored.

use dynamap::faults::Faults;
use dynamap::{
    Attribute, Backfill, BackfillRecord, Database, Error, Item, Migrations, Model, Projection,
    RateLimit, Step, StepError, Table, Transaction, Ttl,
};
use futures_util::TryStreamExt as _;

use crate::support::{Outcome, n, put_raw, s};

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    item.rename("mail", "email");
    Ok(())
}

#[derive(Debug, Attribute)]
struct Old {
    #[model(alias = "surname")]
    name: String,
}

#[derive(Debug, Attribute)]
struct New {
    names: Vec<String>,
}

impl From<Old> for New {
    fn from(Old { name }: Old) -> Self {
        Self { names: name.split(' ').map(str::to_owned).collect() }
    }
}

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email).reshapes(&["mail", "email"]),
    Step::typed::<Old, New>("2.0.0", "3.0.0"),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "3.0.0", migrations = USER, validate = false)]
#[model(discriminator = "user", gsi(by_city, hash_key = city))]
struct User {
    #[model(hash_key)]
    team: String,
    #[model(range_key)]
    id: u32,
    email: String,
    names: Vec<String>,
    city: String,
    visits: u64,
    #[model(ttl)]
    expires: Option<Ttl>,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Projection)]
#[model(of = User)]
struct Visits {
    #[allow(dead_code, reason = "what it holds does not matter")]
    visits: u64,
}

/// A store with Ann, who was stored under the first schema.
async fn users() -> Result<(Database, Faults), Error> {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("a store");
    let db = Database::new(faults.wrap(&client).expect("a connector"));
    Table::<User>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    old_ann(&db).await;
    faults.clear_log();
    Ok((db, faults))
}

async fn old_ann(db: &Database) {
    let ann = [("team", s("a")), ("id", n(1)), ("mail", s("ann@x")), ("name", s("Ann Lee"))];
    let more = [("city", s("Bern")), ("visits", n(7)), ("_type", s("user"))];
    put_raw(db, "users", &[ann.as_slice(), &more].concat()).await;
}

fn is_about<T: std::fmt::Debug>(result: Result<T, Error>, name: &str) -> bool {
    let error = result.expect_err("the filter misses older items");
    let text = error.to_string();
    assert!(text.contains(name) && text.contains("users") && text.contains(".stored_shape()"));
    assert!(!text.contains("ann@x"), "no values: {text}");
    matches!(error, Error::StoredShape { table, attribute } if &*table == "users" && &*attribute == name)
}

#[tokio::test]
async fn a_filter_on_what_a_step_reshapes_is_refused_by_every_search_before_anything_is_sent()
-> Outcome {
    let (db, faults) = users().await?;
    let ann = || User::EMAIL.eq("ann@x");
    let query = || User::query(&db, "a").filter(ann());
    let scan = || User::scan(&db).filter(ann());
    let index = || User::BY_CITY.query(&db, "Bern").filter(ann());
    assert!(is_about(query().try_collect().await, "email"));
    assert!(is_about(query().count().await, "email"));
    assert!(is_about(query().first().await, "email"));
    assert!(is_about(query().one().await, "email"));
    assert!(is_about(query().page(None).await, "email"));
    assert!(is_about(query().stream().try_next().await, "email"));
    assert!(is_about(query().plain().try_collect().await, "email"));
    assert!(is_about(query().select::<Visits>().try_collect().await, "email"));
    assert!(is_about(query().into_sdk(), "email"));
    assert!(is_about(scan().try_collect().await, "email"));
    assert!(is_about(scan().segments(2).count().await, "email"));
    assert!(is_about(scan().into_sdk(), "email"));
    let swept = scan().sweep().run(async |_| Ok::<_, Error>(())).await;
    assert!(is_about(swept.map(drop), "email"));
    assert!(is_about(index().try_collect().await, "email"));
    assert!(is_about(index().count().await, "email"));
    assert!(is_about(User::BY_CITY.scan(&db).filter(ann()).count().await, "email"));
    let tx = Transaction::begin(&db);
    assert!(is_about(User::query(&tx, "a").filter(ann()).try_collect().await, "email"));
    assert!(faults.requests().is_empty(), "{:?}", faults.requests());
    Ok(())
}

#[tokio::test]
async fn whatever_a_condition_says_of_such_an_attribute_is_noticed() -> Outcome {
    let (db, _) = users().await?;
    let count = |condition: dynamap::Condition<User>| User::scan(&db).filter(condition).count();
    let fine = || User::VISITS.gt(1);
    assert!(is_about(count(fine() & User::EMAIL.begins_with("a")).await, "email"));
    assert!(is_about(count(fine() | !User::EMAIL.exists()).await, "email"));
    assert!(is_about(count(fine() & User::EMAIL.size().gt(3)).await, "email"));
    assert!(is_about(count(User::CITY.eq_attribute(User::EMAIL)).await, "email"));
    assert!(is_about(count(User::NAMES.contains("Ann")).await, "names"));
    Ok(())
}

#[tokio::test]
async fn what_no_step_reshapes_can_be_filtered_by_and_so_can_what_steps_leave_alone() -> Outcome {
    let (db, _) = users().await?;
    let count = |condition: dynamap::Condition<User>| User::scan(&db).filter(condition).count();
    assert_eq!(count(User::VISITS.eq(7)).await?, 1);
    assert_eq!(count(User::TEAM.eq("a") & User::ID.eq(1)).await?, 1);
    assert_eq!(count(User::VERSION.not_exists()).await?, 1);
    let in_range = User::query(&db, "a").range(User::ID.ge(1)).filter(User::CITY.eq("Bern"));
    assert_eq!(in_range.skip_expired().try_collect().await?.len(), 1);
    assert_eq!(User::BY_CITY.query(&db, "Bern").skip_expired().count().await?, 1);
    // Items as they are stored, filtered as they are stored.
    let stored = User::scan(&db).filter(User::EMAIL.not_exists()).raw().one().await?;
    assert_eq!(stored.text("mail"), Some("ann@x"));
    Ok(())
}

#[tokio::test]
async fn who_says_stored_shape_gets_what_is_stored() -> Outcome {
    let (db, _) = users().await?;
    let none = || User::EMAIL.not_exists();
    assert_eq!(User::query(&db, "a").filter(none()).stored_shape().try_collect().await?.len(), 1);
    let found = User::scan(&db).stored_shape().filter(none()).segments(2).try_collect().await?;
    assert_eq!(found[0].email, "ann@x", "found by the old shape, and upgraded");
    assert_eq!(User::BY_CITY.query(&db, "Bern").filter(none()).stored_shape().count().await?, 1);
    let tx = Transaction::begin(&db);
    assert!(User::query(&tx, "a").filter(none()).stored_shape().first().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_verified_table_takes_all_filters_until_verify_finds_older_items() -> Outcome {
    let (db, _) = users().await?;
    let (clone, limited) = (db.clone(), db.limited(RateLimit::new()));
    let other = Database::new(db.client().clone());
    let anns = |db: &Database| {
        let db = db.clone();
        async move { User::scan(&db).filter(User::EMAIL.eq("ann@x")).count().await }
    };
    assert!(!Backfill::<User>::of(&db).verify().await?.is_complete());
    assert!(is_about(anns(&db).await, "email"));
    Backfill::<User>::of(&db).run().await?;
    assert!(is_about(anns(&db).await, "email"), "a job that is done is not a proof");
    assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
    for db in [&db, &clone, &limited] {
        assert_eq!(anns(db).await?, 1);
    }
    assert!(is_about(anns(&other).await, "email"), "another program has not looked");

    old_ann(&db).await;
    assert!(!Backfill::<User>::of(&db).verify().await?.is_complete());
    assert!(is_about(anns(&clone).await, "email"));
    Ok(())
}

mod drifted {
    use dynamap::{Migrations, Model, Step};

    static USER: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", super::mail_becomes_email).revision(1),
        Step::new("2.0.0", "3.0.0", |_| Ok(())),
    ]);

    #[derive(Debug, Clone, Model)]
    #[model(table = "users", schema = "3.0.0", migrations = USER, validate = false)]
    pub(super) struct User {
        #[model(hash_key)]
        pub(super) team: String,
        #[model(range_key)]
        pub(super) id: u32,
        pub(super) visits: u64,
    }
}

#[tokio::test]
async fn another_program_recalls_what_was_verified() -> Outcome {
    let (db, _) = users().await?;
    let other = || Database::new(db.client().clone());
    assert!(!Backfill::<User>::of(&other()).recall().await?, "there is no record");
    Backfill::<User>::of(&db).run().await?;
    assert!(!Backfill::<User>::of(&other()).recall().await?, "nobody has looked");
    Backfill::<User>::of(&db).verify().await?;
    let later = other();
    assert!(Backfill::<User>::of(&later).recall().await?);
    assert_eq!(User::scan(&later).filter(User::EMAIL.eq("ann@x")).count().await?, 1);
    assert!(!Backfill::<drifted::User>::of(&other()).recall().await?, "other steps");
    old_ann(&db).await;
    Backfill::<User>::of(&db).verify().await?;
    assert!(!Backfill::<User>::of(&other()).recall().await?, "there are older items again");
    Ok(())
}

#[tokio::test]
async fn a_step_that_does_not_say_what_it_reshapes_may_reshape_anything_but_keys() -> Outcome {
    let (db, _) = users().await?;
    let visited = drifted::User::scan(&db).filter(drifted::User::VISITS.gt(0)).count().await;
    assert!(is_about(visited, "visits"));
    let keys = drifted::User::TEAM.eq("a") & drifted::User::ID.eq(1);
    assert_eq!(drifted::User::scan(&db).filter(keys).count().await?, 1);
    Ok(())
}
