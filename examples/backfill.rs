//! How fast is a backfill, beside the loop that one would write by hand on the AWS SDK?
//!
//! Both upgrade the same items, in stores of their own in memory, with as many updates under way. The loop has no
//! checkpoints, no lease and no record, and stops at the first error.
//!
//! Clocks of a busy machine tell little, so `benches/peers` counts instructions as well; it runs one part alone:
//! `filled`, `by-hand` or `backfill`. See `docs/benchmarks.md`.
//!
//! ```sh
//! cargo run --release --example backfill -- 100000
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use dynamap::{
    Backfill, BackfillRecord, BackfillState, Database, Item, Migrations, Model, Step, StepError,
    Table,
};
use tokio::task::JoinSet;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;
type Attributes = HashMap<String, AttributeValue>;

/// How many updates are under way at once.
const AT_ONCE: usize = 16;
/// AWS: at most 25 writes in one batch.
const BATCH: usize = 25;

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail.to_lowercase())
}

static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    email: String,
    visits: u64,
    #[model(version)]
    version: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let items = std::env::args().nth(1).map_or(Ok(10_000), |number| number.parse())?;
    if let Some(part) = std::env::args().nth(2) {
        return alone(&part, items).await;
    }
    let by_hand = by_hand(items).await?;
    println!("by hand:  {:.0} items/s", rate(items, by_hand));
    let (db, backfill) = backfill(items).await?;
    assert!(Backfill::<User>::of(&db).segments(1).verify().await?.is_complete());
    println!("backfill: {:.0} items/s", rate(items, backfill));
    println!("ratio:    {:.2}", by_hand.as_secs_f64() / backfill.as_secs_f64());
    Ok(())
}

/// One part, for a profile of it.
async fn alone(part: &str, items: u32) -> Outcome {
    match part {
        "filled" => filled(items).await.map(drop),
        "by-hand" => by_hand(items).await.map(drop),
        "backfill" => backfill(items).await.map(drop),
        _ => Err("write filled, by-hand or backfill".into()),
    }
}

fn rate(items: u32, time: Duration) -> f64 {
    f64::from(items) / time.as_secs_f64()
}

/// A store with this many items of the old shape.
async fn filled(items: u32) -> Outcome<Database> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<User>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    let numbers: Vec<u32> = (0..items).collect();
    for numbers in numbers.chunks(BATCH) {
        let put = |number: &u32| {
            let n = |number: u32| AttributeValue::N(number.to_string());
            let mail = AttributeValue::S(format!("User{number}@Example.org"));
            let put = PutRequest::builder().item("id", n(*number)).item("mail", mail);
            let put = put.item("visits", n(0)).item("version", n(1)).build()?;
            Ok::<_, Box<dyn Error + Send + Sync>>(WriteRequest::builder().put_request(put).build())
        };
        let puts = numbers.iter().map(put).collect::<Result<_, _>>()?;
        db.client().batch_write_item().request_items("users", puts).send().await?;
    }
    Ok(db)
}

async fn backfill(items: u32) -> Outcome<(Database, Duration)> {
    let db = filled(items).await?;
    let began = Instant::now();
    let record = Backfill::<User>::of(&db).segments(1).at_once(AT_ONCE).run().await?;
    let time = began.elapsed();
    assert_eq!((record.state, record.upgraded), (BackfillState::Completed, u64::from(items)));
    Ok((db, time))
}

async fn by_hand(items: u32) -> Outcome<Duration> {
    let db = filled(items).await?;
    let began = Instant::now();
    let mut start = None;
    loop {
        let scan = db.client().scan().table_name("users").set_exclusive_start_key(start);
        let page = scan.send().await?;
        let mut updates = JoinSet::new();
        for item in page.items.unwrap_or_default() {
            while updates.len() >= AT_ONCE {
                updates.join_next().await.transpose()?.transpose()?;
            }
            updates.spawn(update(db.client().clone(), item));
        }
        while let Some(done) = updates.join_next().await {
            done??;
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(began.elapsed());
        }
    }
}

/// Renames one attribute, provided that nobody wrote the item meanwhile.
async fn update(client: Client, item: Attributes) -> Outcome {
    let (Some(id), Some(AttributeValue::S(mail)), Some(AttributeValue::N(version))) =
        (item.get("id"), item.get("mail"), item.get("version"))
    else {
        return Err("an item of another shape".into());
    };
    let next = version.parse::<u64>()? + 1;
    client
        .update_item()
        .table_name("users")
        .key("id", id.clone())
        .update_expression("SET #email = :email, #version = :next, #schema = :schema REMOVE #mail")
        .condition_expression("#version = :version AND attribute_not_exists(#schema)")
        .expression_attribute_names("#email", "email")
        .expression_attribute_names("#mail", "mail")
        .expression_attribute_names("#version", "version")
        .expression_attribute_names("#schema", "_schema")
        .expression_attribute_values(":email", AttributeValue::S(mail.to_lowercase()))
        .expression_attribute_values(":version", AttributeValue::N(version.clone()))
        .expression_attribute_values(":next", AttributeValue::N(next.to_string()))
        .expression_attribute_values(":schema", AttributeValue::S("2.0.0".to_owned()))
        .send()
        .await?;
    Ok(())
}
