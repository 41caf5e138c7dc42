//! Tables with a past: schemas that are told by the shape of items, and programs that know nothing of schemas.

use dynamap::faults::Faults;
use dynamap::{
    AttributeValue, Backfill, Database, Error, Item, Migrations, Model, Step, StepError, Table,
};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s, store, stored};

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    item.rename("mail", "email");
    Ok(())
}

fn email_becomes_address(item: &mut Item) -> Result<(), StepError> {
    item.rename("email", "address");
    item.put("seen", &true)
}

fn shape(item: &Item) -> Version {
    if item.contains("address") {
        Version::new(11, 0, 0)
    } else if item.contains("email") {
        Version::new(2, 0, 0)
    } else if item.contains("mail") {
        Version::new(1, 0, 0)
    } else if item.contains("later") {
        Version::new(12, 0, 0)
    } else {
        Version::new(0, 1, 0)
    }
}

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email).reshapes(&["mail", "email"]),
    Step::new("2.0.0", "11.0.0", email_becomes_address).reshapes(&["email", "address", "seen"]),
])
.detect_by(shape);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "11.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key, auto_increment)]
    id: u64,
    address: Option<String>,
    #[model(default)]
    seen: bool,
}

async fn users(items: &[&[(&str, AttributeValue)]]) -> Result<(Database, Faults), Error> {
    let (db, faults) = store().await;
    Table::<User>::create(&db).await?;
    for item in items {
        put_raw(&db, "users", item).await;
    }
    faults.clear_log();
    Ok((db, faults))
}

#[tokio::test]
async fn bare_items_are_of_the_schema_that_their_shape_tells_and_eleven_is_above_two() -> Outcome {
    let (db, faults) = users(&[
        &[("id", n(1)), ("mail", s("ann@x"))],
        &[("id", n(2)), ("email", s("ann@x"))],
        &[("id", n(3)), ("address", s("ann@x"))],
    ])
    .await?;
    for (id, schema) in [(1, 1), (2, 2), (3, 11)] {
        let user = User::get(&db, id).await?.expect("there");
        assert_eq!(user.address.as_deref(), Some("ann@x"), "{id}");
        assert_eq!(*user.stored_schema(), Version::new(schema, 0, 0));
        assert_eq!(user.is_upgraded(), schema < 11, "{id}");
        // Only what went through the step has what it adds.
        assert_eq!(user.seen, schema < 11, "{id}");
    }
    assert_eq!(User::scan(&db).try_collect().await?.len(), 3);
    assert!(User::get_many(&db, [1, 2, 3]).await?.iter().all(Option::is_some));
    let is_write = |operation: &str| !matches!(operation, "GetItem" | "Scan" | "BatchGetItem");
    let written = faults.requests().into_iter().any(|request| is_write(&request.operation));
    assert!(!written, "reads write nothing back");
    Ok(())
}

#[tokio::test]
async fn a_shape_that_no_step_leads_from_and_one_of_a_later_release_are_errors() -> Outcome {
    let (db, _) = users(&[&[("id", n(1))], &[("id", n(2)), ("later", n(1))]]).await?;
    let error = User::get(&db, 1).await.expect_err("of no shape that is known");
    assert!(matches!(error, Error::NoUpgradePath(_)), "{error}");
    let error = User::get(&db, 2).await.expect_err("of a later release");
    assert!(matches!(error, Error::SchemaTooNew(_)), "{error}");
    Ok(())
}

/// Without its optional attribute a current item has the shape of an ancient one.
#[tokio::test]
async fn what_the_library_wrote_carries_its_schema_and_is_not_told_by_its_shape() -> Outcome {
    let (db, _) = users(&[&[("id", n(1)), ("mail", s("ann@x"))]]).await?;
    let mut ann = User::get(&db, 1).await?.expect("there");
    ann.address = None;
    ann.save(&db).await?;
    let raw = stored(&db, "users", &[("id", n(1))]).await.expect("there");
    assert_eq!(shape(&raw), Version::new(0, 1, 0), "its shape tells nothing");
    let again = User::get(&db, 1).await?.expect("there");
    assert!(!again.is_upgraded() && again.address.is_none() && again.seen);
    Ok(())
}

/// The model has neither version nor nonce here: what was read, as it was stored, is what a save compares with.
#[tokio::test]
async fn a_save_of_an_upgraded_item_expects_what_the_steps_removed_and_misses_what_they_added()
-> Outcome {
    let old = [("id", n(1)), ("mail", s("ann@x")), ("other", n(1))];
    let changes: [(&str, Option<AttributeValue>, bool); 5] = [
        ("mail", Some(s("bob@x")), true),
        ("mail", None, true),
        ("address", Some(s("bob@x")), true),
        ("seen", Some(n(1)), true),
        // Neither read nor written by anything here.
        ("other", Some(n(2)), false),
    ];
    for (name, value, is_conflict) in changes {
        let (db, _) = users(&[&old]).await?;
        let mut ann = User::get(&db, 1).await?.expect("there");
        let mut now = old.to_vec();
        now.retain(|(other, _)| *other != name);
        now.extend(value.clone().map(|value| (name, value)));
        put_raw(&db, "users", &now).await;
        let saved = ann.save(&db).await;
        assert_eq!(saved.is_err_and(|error| error.is_conflict()), is_conflict, "{name}: {value:?}");
        let raw = stored(&db, "users", &[("id", n(1))]).await.expect("there");
        assert_eq!(raw.contains("_schema"), !is_conflict, "{name}: nothing is half written");
    }
    Ok(())
}

static CARS: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
    item.rename("mail", "plate");
    Ok(())
})]);

#[derive(Debug, Clone, Model)]
#[model(table = "cars", schema = "2.0.0", migrations = CARS, validate = false)]
struct Car {
    #[model(hash_key, auto_increment)]
    id: u64,
    plate: String,
}

#[tokio::test]
async fn each_model_has_its_own_chain_and_a_counter_is_no_item_of_it() -> Outcome {
    let (db, faults) = users(&[&[("id", n(1)), ("mail", s("ann@x"))]]).await?;
    Table::<Car>::create(&db).await?;
    put_raw(&db, "cars", &[("id", n(1)), ("mail", s("BE 1"))]).await;
    assert_eq!(Car::get(&db, 1).await?.expect("there").plate, "BE 1");
    assert_eq!(User::get(&db, 1).await?.expect("there").address.as_deref(), Some("ann@x"));
    let car = Car { id: 0, plate: "BE 2".into() }.insert(&db).await;
    // The first id is taken by an item from before the counter.
    assert!(car.is_err_and(|error| error.is_conflict()));
    Car { id: 0, plate: "BE 2".into() }.insert(&db).await?;
    faults.clear_log();
    let plan = Backfill::<Car>::of(&db).plan().await?;
    assert_eq!((plan.survey.items, plan.survey.older), (2, 1));
    assert_eq!(Car::scan(&db).try_collect().await?.len(), 2);
    Ok(())
}
