//! `docs/guide/migrations.md`: its programs.

use dynamap::testing::TestDatabase;
use dynamap::{
    Attribute, Backfill, BackfillRecord, Database, Error, Item, Migrations, Model, RateLimit, Step,
    StepError, Table,
};
use semver::Version;

use crate::support::Outcome;

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email)
        .down(email_becomes_mail)
        .reshapes(&["mail", "email"]),
    Step::typed::<OneName, TwoNames>("2.0.0", "3.0.0").down_typed::<TwoNames, OneName>(),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "3.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    email: String,
    first: String,
    last: String,
    #[model(version)]
    version: u64,
}

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail)
}

fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> {
    let email: String = item.take("email")?;
    item.put("mail", &email)
}

#[derive(Debug, Attribute)]
struct OneName {
    name: String,
}

#[derive(Debug, Attribute)]
struct TwoNames {
    first: String,
    last: String,
}

impl From<OneName> for TwoNames {
    fn from(OneName { name }: OneName) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        Self { first: first.to_owned(), last: last.to_owned() }
    }
}

impl From<TwoNames> for OneName {
    fn from(TwoNames { first, last }: TwoNames) -> Self {
        Self { name: format!("{first} {last}") }
    }
}

/// A store that holds a user of the first schema, and one of the second.
async fn users() -> Result<TestDatabase, dynamap::testing::TestError> {
    let test = TestDatabase::builder().with::<User>().build().await?;
    test.load_items("users", include_str!("fixtures/user-1.0.0.json")).await?;
    test.load_items("users", include_str!("fixtures/user-2.0.0.json")).await?;
    Ok(test)
}

#[tokio::test]
async fn an_old_item_reads_as_the_model_of_today() -> Outcome {
    let test = users().await?;
    let db = test.database().clone();

    let mut ann = User::get(&db, 1).await?.ok_or("no user")?; // stored with `mail` and `name`
    assert_eq!((ann.email.as_str(), ann.first.as_str()), ("ann@example.org", "Ann"));
    ann.save(&db).await?; // stored with `email`, `first` and `last`, as schema 3.0.0

    let dump = test.dump("users").await?.without("_write").to_string();
    assert!(dump.contains(r#""first": {"S":"Ann"}"#) && !dump.contains(r#""mail""#), "{dump}");
    Ok(())
}

use dynamap::check::Fixture;

#[test]
fn every_schema_ever_shipped_can_be_read() {
    let checked = USER.check::<User>(&[
        Fixture::json("1.0.0", include_str!("fixtures/user-1.0.0.json")),
        Fixture::json("2.0.0", include_str!("fixtures/user-2.0.0.json"))
            .becomes_json(include_str!("fixtures/user-2.0.0-today.json")),
        // One for the start of each step; one of today's proves the ways back from it.
        Fixture::json("3.0.0", include_str!("fixtures/user-3.0.0.json")),
    ]);
    assert_eq!(checked.unwrap_or_else(|error| panic!("{error}")).fixtures, 3);
}

#[tokio::test]
async fn a_filter_on_what_a_step_reshapes_is_refused_until_nothing_is_older() -> Outcome {
    let test = users().await?;
    let db = test.database().clone();
    Table::<BackfillRecord>::create(&db).await?;

    let ann = || User::scan(&db).filter(User::EMAIL.eq("ann@example.org"));
    assert!(matches!(ann().first().await, Err(Error::StoredShape { .. })));
    let backfill = Backfill::<User>::of(&db);
    backfill.run().await?;
    assert!(backfill.verify().await?.is_complete());
    assert!(ann().first().await?.is_some());

    Ok(())
}

#[tokio::test]
async fn a_backfill_upgrades_what_is_left() -> Outcome {
    let test = users().await?;
    let db = test.database().clone();

    Table::<BackfillRecord>::create_if_missing(&db).await?;
    let slow = db.limited(RateLimit::new().read(100).write(100)); // leaves the rest to others
    let backfill = Backfill::<User>::of(&slow);

    let plan = backfill.plan().await?; // how many items of which schema; which steps need the job
    assert_eq!((plan.survey.items, plan.survey.older), (2, 2));
    let tried = backfill.dry_run().await?; // what the first ones become; nothing is written
    assert!(tried.failed.is_empty());

    let record = backfill.run().await?;
    assert_eq!((record.upgraded, record.failed), (2, 0));
    assert!(backfill.verify().await?.is_complete());

    assert_eq!(plan.survey.schemas[&Version::new(1, 0, 0)], 1);
    assert_eq!(User::get(&db, 2).await?.map(|bob| bob.last.clone()).as_deref(), Some("Moor"));
    Ok(())
}

#[tokio::test]
async fn a_new_program_writes_what_old_ones_read() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let client = test.database().client().clone();
    let (first, last) = ("Dan".to_owned(), "Moor".to_owned());
    let user = User { id: 7, email: "dan@example.org".into(), first, last, version: 0 };

    let db = Database::builder(client).write_as::<User>("2.0.0")?.build();
    let dan = user.insert(&db).await?;
    assert_eq!(dan.first, "Dan");
    assert_eq!(dan.image().text("name"), Some("Dan Moor")); // as it is stored

    let dump = test.dump("users").await?.without("_write").to_string();
    assert!(dump.contains(r#""_schema": {"S":"2.0.0"}"#), "{dump}");
    Ok(())
}

/// Compiled: its store is that of the environment.
#[allow(dead_code, reason = "the `main` of a program")]
mod program {
    use crate::guide::common::{Account, DoomMap};

    use dynamap::cli::models;

    #[tokio::main]
    async fn main() -> std::process::ExitCode {
        dynamap::cli::run(models![Account, DoomMap]).await // Database::from_env
    }
}
