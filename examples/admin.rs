//! A program of one's own that administers its tables and migrations: it names its models, `dynamap::cli` does the rest.
//!
//! It works on a file, and fills it at its first call with what an old program would have left:
//!
//! ```sh
//! export ADMIN_DB=game.db
//! cargo run --example admin -- migrate plan
//! cargo run --example admin -- migrate dry-run --model Account
//! cargo run --example admin -- migrate run --write-units 20   # Ctrl-C stops it, the next run goes on
//! cargo run --example admin -- migrate verify --json
//! cargo run --example admin -- migrate history
//! cargo run --example admin -- table verify
//! cargo run --example admin -- item query doom_maps 1 --plain
//! cargo run --example admin -- policy --verb get --verb save
//! ```
//!
//! On AWS, `main` is one line: `dynamap::cli::run(models![Account, DoomMap]).await`.

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use dynamap::cli::{Cli, models};
use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table};

static ACCOUNT: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", euros_become_cents),
    Step::new("2.0.0", "2.1.0", add_currency),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", schema = "2.1.0", migrations = ACCOUNT, validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    cents: i64,
    currency: String,
    #[model(version)]
    version: u64,
}

fn euros_become_cents(item: &mut Item) -> Result<(), StepError> {
    let euros: i64 = item.take("euros")?;
    let cents = euros.checked_mul(100).ok_or(StepError::new("euros", "too many"))?;
    item.put("cents", &cents)
}

fn add_currency(item: &mut Item) -> Result<(), StepError> {
    item.put("currency", &"EUR".to_owned())
}

static DOOM_MAP: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", title_becomes_name)]);

#[derive(Debug, Clone, Model)]
#[model(table = "doom_maps", schema = "2.0.0", migrations = DOOM_MAP, validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
    name: String,
    #[model(version)]
    version: u64,
}

fn title_becomes_name(item: &mut Item) -> Result<(), StepError> {
    let title: String = item.take("title")?;
    item.put("name", &title)
}

#[tokio::main]
async fn main() -> ExitCode {
    match opened().await {
        Ok(db) => Cli::new(models![Account, DoomMap]).run(&db).await,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The store in the file that `ADMIN_DB` names.
async fn opened() -> Result<Database, Box<dyn Error>> {
    let file = std::env::var_os("ADMIN_DB").ok_or("set ADMIN_DB to the name of a file")?;
    let db = Database::new(dynamap::embedded::open(file)?);
    if !Table::<DoomMap>::exists(&db).await? {
        fill(&db).await?;
    }
    Ok(db)
}

/// What a program of long ago left behind: 200 accounts in euros, 27 maps with titles.
async fn fill(db: &Database) -> Result<(), Box<dyn Error>> {
    let n = |number: u32| AttributeValue::N(number.to_string());
    let accounts = (1..=200).map(|id| vec![("id", n(id)), ("euros", n(id)), ("version", n(1))]);
    Table::<Account>::create_if_missing(db).await?;
    put(db, "accounts", accounts.collect()).await?;
    let maps = (1..=3).flat_map(|episode| (1..=9).map(move |map| (episode, map)));
    let maps = maps.map(|(episode, map)| {
        let title = AttributeValue::S(format!("E{episode}M{map}"));
        vec![("episode", n(episode)), ("map", n(map)), ("title", title), ("version", n(1))]
    });
    Table::<DoomMap>::create_if_missing(db).await?;
    put(db, "doom_maps", maps.collect()).await
}

async fn put(
    db: &Database,
    table: &str,
    items: Vec<Vec<(&str, AttributeValue)>>,
) -> Result<(), Box<dyn Error>> {
    // AWS: at most 25 writes in one batch.
    for items in items.chunks(25) {
        let put = |item: &Vec<(&str, AttributeValue)>| {
            let item = item.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let put = PutRequest::builder().set_item(Some(item.collect::<HashMap<_, _>>())).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        };
        let puts = items.iter().map(put).collect::<Result<Vec<_>, _>>()?;
        db.client().batch_write_item().request_items(table, puts).send().await?;
    }
    Ok(())
}
