//! The chapter "Change a model under live data".

use dynamap::{
    Backfill, BackfillRecord, Database, Error, Item, Migrations, Model, Step, StepError, Table,
};

use crate::support::{Outcome, n, s, stored};

mod release_1 {
    use super::Model;

    #[derive(Debug, Clone, Model)]
    #[model(table = "customers", schema = "1.0.0", validate = false)]
    pub struct Customer {
        #[model(hash_key)]
        pub id: u64,
        pub name: String,
        #[model(version)]
        pub version: u64,
    }
}

#[derive(Debug, Clone, Model)]
#[model(table = "customers", schema = "2.0.0", migrations = CUSTOMER, validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    first: String,
    last: String,
    #[model(version)]
    version: u64,
}

static CUSTOMER: Migrations = Migrations::new(&[
    // The next change is one more step, from 2.0.0.
    Step::new("1.0.0", "2.0.0", name_in_two).reshapes(&["name", "first", "last"]).down(name_in_one),
]);

fn name_in_two(item: &mut Item) -> Result<(), StepError> {
    let name: String = item.take("name")?;
    let (first, last) = name.split_once(' ').unwrap_or(("", &name));
    item.put("first", &first.to_owned())?;
    item.put("last", &last.to_owned())
}

fn name_in_one(item: &mut Item) -> Result<(), StepError> {
    let (first, last): (String, String) = (item.take("first")?, item.take("last")?);
    item.put("name", &format!("{first} {last}").trim_start().to_owned())
}

mod proof {
    use super::{CUSTOMER, Customer};
    use dynamap::check::Fixture;

    #[test]
    fn every_schema_ever_shipped_can_be_read() {
        let checked = CUSTOMER.check::<Customer>(&[
            Fixture::json("1.0.0", include_str!("fixtures/customer-1.0.0.json"))
                .becomes_json(include_str!("fixtures/customer-2.0.0.json")),
            Fixture::json("2.0.0", include_str!("fixtures/customer-2.0.0.json")),
        ]);
        assert_eq!(checked.unwrap_or_else(|error| panic!("{error}")).fixtures, 2);
    }
}

/// The text of an attribute of customer 1, as it is stored.
async fn text(db: &Database, attribute: &str) -> Option<String> {
    let item = stored(db, "customers", &[("id", n(1))]).await.expect("customer 1");
    item.text(attribute).map(str::to_owned)
}

#[tokio::test]
async fn two_releases_work_side_by_side_until_the_last_item_is_of_the_second() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let old = Database::new(client.clone());
    Table::<release_1::Customer>::create(&old).await?;
    for (id, name) in [(1, "Ann Lee"), (2, "Bob Ray"), (3, "Cleo")] {
        let name = name.to_owned();
        release_1::Customer { id, name, version: 0 }.insert(&old).await?;
    }

    let db = Database::builder(client.clone()).write_as::<Customer>("1.0.0")?.build();
    let mut ann = Customer::get(&db, 1).await?.expect("Ann");
    assert_eq!((ann.first.as_str(), ann.last.as_str()), ("Ann", "Lee"));
    ann.last = "Kim".to_owned();
    ann.save(&db).await?;

    // An instance of release 1, at the same time:
    let mut ann = release_1::Customer::get(&old, 1).await?.expect("Ann");
    assert_eq!(ann.name, "Ann Kim");
    ann.name = "Ann Lee-Kim".to_owned();
    ann.save(&old).await?;

    assert_eq!(text(&old, "_schema").await.as_deref(), Some("1.0.0"));
    // What does not survive the way back is not written.
    let error = Customer { id: 4, first: "Mary Ann".into(), last: "Lee".into(), version: 0 }
        .insert(&db)
        .await
        .expect_err("two blanks");
    assert!(matches!(error, Error::Lossy(_)), "{error}");

    let db = Database::new(client.clone());
    let mut ann = Customer::get(&db, 1).await?.expect("Ann");
    ann.first = "Anna".to_owned();
    ann.save(&db).await?; // stored as 2.0.0

    let error = release_1::Customer::get(&old, 1).await.expect_err("a name that it does not know");
    assert!(matches!(error, Error::SchemaTooNew(_)));

    assert_eq!(text(&db, "first").await.as_deref(), Some("Anna"));
    assert_eq!(text(&db, "name").await, None);
    let filtered = Customer::scan(&db).filter(Customer::LAST.eq("Ray")).try_collect().await;
    assert!(matches!(filtered, Err(Error::StoredShape { .. })));

    Table::<BackfillRecord>::create_if_missing(&db).await?; // once
    let backfill = Backfill::<Customer>::of(&db);
    let plan = backfill.plan().await?;
    assert_eq!(plan.survey.older, 2);
    assert!(backfill.dry_run().await?.failed.is_empty());

    let record = backfill.run().await?;
    assert_eq!((record.items, record.upgraded), (3, 2));
    assert!(backfill.verify().await?.is_complete());

    let found = Customer::scan(&db).filter(Customer::LAST.eq("Ray")).try_collect().await?;
    assert_eq!(found.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_program_that_writes_the_old_shape_leaves_newer_items_as_they_are() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let db = Database::new(client.clone());
    Table::<Customer>::create(&db).await?;
    Customer { id: 1, first: "Ann".into(), last: "Lee".into(), version: 0 }.insert(&db).await?;
    let back = Database::builder(client).write_as::<Customer>("1.0.0")?.build();
    let mut ann = Customer::get(&back, 1).await?.expect("Ann");
    ann.last = "Kim".to_owned();
    ann.save(&back).await?;
    assert_eq!(text(&db, "_schema").await.as_deref(), Some("2.0.0"));
    assert_eq!(Customer::get(&db, 1).await?.expect("Ann").last, "Kim");
    // A new item is of the old shape.
    Customer { id: 2, first: "Bob".into(), last: "Ray".into(), version: 0 }.insert(&back).await?;
    let bob = stored(&db, "customers", &[("id", n(2))]).await.expect("Bob");
    assert_eq!(bob.get("name"), Some(&s("Bob Ray")));
    Ok(())
}
