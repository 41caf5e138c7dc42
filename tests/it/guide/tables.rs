//! `docs/guide/tables.md`: its programs.

use dynamap::testing::TestDatabase;
use dynamap::{
    Database, Error, Model, RaisedThroughput, StreamView, Table, TableSettings, Tables, Throughput,
};

use super::common::{Account, DoomMap};
use crate::support::Outcome;

#[tokio::test]
async fn tables_are_made_and_compared_at_the_start_of_a_program() -> Outcome {
    let test = TestDatabase::builder().build().await?;
    let db = test.database().clone();

    let tables = Tables::new().with::<Account>().with::<DoomMap>();
    tables.create_if_missing(&db).await?;
    if let Some(difference) = tables.verify(&db).await?.first() {
        return Err(difference.to_string().into()); // what is found, what is wanted, and the remedy
    }

    assert!(Table::<Account>::exists(&db).await?);
    Ok(())
}

static ORDERS: TableSettings = TableSettings::new()
    .provisioned(10, 5)
    .index_throughput(&[("by_status", Throughput::new(4, 3))])
    .stream(StreamView::NewImage)
    .point_in_time_recovery(true)
    .deletion_protection(true)
    .tags(&[("team", "shop")]);

#[derive(Debug, Clone, Model)]
#[model(table = "orders", settings = ORDERS, validate = false)]
#[model(gsi(by_status, hash_key = status))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
}

/// The same before it had an index.
mod before {
    use dynamap::{Model, StreamView, TableSettings};

    static ORDERS: TableSettings = TableSettings::new()
        .provisioned(10, 5)
        .stream(StreamView::NewImage)
        .point_in_time_recovery(true)
        .deletion_protection(true)
        .tags(&[("team", "shop")]);

    #[derive(Debug, Clone, Model)]
    #[model(table = "orders", settings = ORDERS, validate = false)]
    pub struct Order {
        #[model(hash_key)]
        pub id: u64,
        pub status: String,
    }
}

#[tokio::test]
async fn a_table_is_brought_to_what_its_model_wants() -> Outcome {
    let test = TestDatabase::builder().build().await?;
    let db = test.database().clone();
    Table::<before::Order>::create(&db).await?;
    before::Order { id: 1, status: "open".into() }.insert(&db).await?;

    let planned = Table::<Order>::update(&db).plan().await?; // changes nothing
    assert_eq!(
        planned[0].to_string(),
        "orders, index by_status: there is no such index, of global status (S): update it"
    );
    let updated = Table::<Order>::update(&db).await?;
    assert!(updated.left.is_empty());

    assert_eq!(planned.len(), 1);
    assert!(Table::<Order>::verify(&db).await?.is_empty());
    assert_eq!(Order::BY_STATUS.query(&db, "open").count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn throughput_is_raised_while_the_work_runs() -> Outcome {
    let test = TestDatabase::builder().with::<Order>().with::<RaisedThroughput>().build().await?;
    let db = test.database().clone();

    let orders = Table::<Order>::named(&db);
    let load = async || {
        let new = (1..=100).map(|id| Order { id, status: "open".into() });
        let stored = Order::put_many(&db, new).await?;
        Ok::<_, Error>(stored.len())
    };
    let raised = orders.raise(Throughput::new(500, 1_000)).run(load).await?;
    assert_eq!(raised.output, 100);
    assert!(raised.not_restored.is_none());

    assert!(Table::<Order>::verify(&db).await?.is_empty());
    Ok(())
}

async fn open(store: &str) -> Result<Database, Box<dyn std::error::Error>> {
    Ok(match store {
        "aws" => Database::from_env().await,
        "staging" => Database::builder_from_env().await.table_prefix("staging_").build(),
        "local" => Database::at("http://localhost:8000").await,
        "memory" => Database::new(dynamap::embedded::memory()?),
        file => Database::new(dynamap::embedded::open(file)?),
    })
}

#[tokio::test]
async fn a_program_is_the_same_on_every_store() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("game.db");
    for store in ["memory", file.to_str().ok_or("a name")?] {
        let db = open(store).await?;
        Table::<Account>::create(&db).await?;
        assert_eq!(Account::of("Ann", 5).insert(&db).await?.id, 1);
    }
    let missing: Result<_, Error> = Account::get(&open("memory").await?, 1).await;
    assert!(matches!(missing, Err(Error::NoSuchTable(_))), "{missing:?}");
    Ok(())
}
