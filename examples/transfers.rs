//! How fast are transfers, beside the same logic written by hand on the AWS SDK? Both in one run, on the embedded store,
//! so that neither network nor service hides the difference.
//!
//! ```sh
//! cargo run --release --example transfers
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use dynamap::{Database, Model, Record, RetryPolicy, Table, Transaction, TransactionRecord};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const WORKERS: u64 = 8;
const TRANSFERS: u64 = 250;
const ROUNDS: usize = 5;

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    balance: i64,
    #[model(version)]
    version: u64,
}

/// One way to do a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    ByHand,
    Dynamap,
    Recorded,
}

/// The two accounts of a worker: its own, or those of everybody.
fn pair(worker: u64, contended: bool) -> (u64, u64) {
    if contended { (1, 2) } else { (2 * worker + 1, 2 * worker + 2) }
}

#[tokio::main]
async fn main() -> Outcome {
    println!("{WORKERS} workers, {TRANSFERS} transfers each, median of {ROUNDS} rounds\n");
    println!("| accounts | way | transfers/s | of by hand |\n|---|---|---|---|");
    for contended in [false, true] {
        let ways = [Way::ByHand, Way::Dynamap, Way::Recorded];
        let mut rates = ways.map(|_| Vec::new());
        for _ in 0..ROUNDS {
            for (way, rates) in ways.iter().zip(&mut rates) {
                rates.push(rate(*way, contended).await?);
            }
        }
        let medians = rates.map(|mut rates| {
            rates.sort_by(f64::total_cmp);
            rates[ROUNDS / 2]
        });
        for (way, median) in ways.iter().zip(medians) {
            let accounts = if contended { "one pair" } else { "a pair each" };
            println!("| {accounts} | {way:?} | {median:.0} | {:.2} |", median / medians[0]);
        }
    }
    Ok(())
}

/// Transfers per second of all workers together, on a new store.
async fn rate(way: Way, contended: bool) -> Outcome<f64> {
    let client = dynamap::embedded::memory()?;
    // Both try as often as they must.
    let mut policy = RetryPolicy::default();
    policy.budget = u32::MAX;
    policy.deadline = Duration::from_mins(4);
    let db = Database::builder(client.clone()).retry(policy).build();
    Table::<Account>::create(&db).await?;
    Table::<TransactionRecord>::create(&db).await?;
    for id in 1..=2 * WORKERS {
        Account { id, balance: 1_000_000, version: 0 }.insert(&db).await?;
    }
    let start = Instant::now();
    let tasks: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (db, client) = (db.clone(), client.clone());
            tokio::spawn(async move {
                let (from, to) = pair(worker, contended);
                for _ in 0..TRANSFERS {
                    match way {
                        Way::ByHand => by_hand(&client, from, to).await?,
                        Way::Dynamap => transfer(&db, from, to, None).await?,
                        Way::Recorded => transfer(&db, from, to, Some(Record::new())).await?,
                    }
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let all = Account::scan(&db).consistent().try_collect().await?;
    let sum: i64 = all.iter().map(|account| account.balance).sum();
    assert_eq!(sum, i64::try_from(2 * WORKERS)? * 1_000_000, "money was lost");
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    Ok((WORKERS * TRANSFERS) as f64 / seconds)
}

async fn transfer(db: &Database, from: u64, to: u64, record: Option<Record>) -> Outcome {
    let work = |tx: Transaction| async move {
        let mut source = Account::get(&tx, from).await?.expect("the source");
        let mut sink = Account::get(&tx, to).await?.expect("the sink");
        source.balance -= 1;
        sink.balance += 1;
        tx.save(source)?;
        tx.save(sink)?;
        Ok::<_, dynamap::Error>(())
    };
    let run = Transaction::run(db, work).attempts(u32::MAX);
    match record {
        None => run.await?,
        Some(record) => run.recorded(record).await?,
    }
    Ok(())
}

/// The same with the SDK alone: consistent reads, conditions on the versions, again after a conflict.
async fn by_hand(client: &Client, from: u64, to: u64) -> Outcome {
    for attempt in 0.. {
        let (source, sink) = (read(client, from).await?, read(client, to).await?);
        let request = client
            .transact_write_items()
            .transact_items(update(from, source, -1)?)
            .transact_items(update(to, sink, 1)?);
        match request.send().await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == Some("TransactionCanceledException") => {
                let bound = (8_u64 << attempt.min(6)).min(500);
                let pause = u64::from(rand_millis()) % (bound + 1);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Any few bits will do for a pause.
fn rand_millis() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    u32::try_from(RandomState::new().hash_one(0) & 0xffff).unwrap_or_default()
}

fn number(item: &HashMap<String, AttributeValue>, name: &str) -> Outcome<i64> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    Ok(value.ok_or("not a number")?.parse()?)
}

async fn read(client: &Client, id: u64) -> Outcome<(i64, i64)> {
    let id = AttributeValue::N(id.to_string());
    let request = client.get_item().table_name("accounts").key("id", id).consistent_read(true);
    let item = request.send().await?.item.ok_or("no such account")?;
    Ok((number(&item, "balance")?, number(&item, "version")?))
}

fn update(id: u64, (balance, version): (i64, i64), by: i64) -> Outcome<TransactWriteItem> {
    let n = |number: i64| AttributeValue::N(number.to_string());
    let update = Update::builder()
        .table_name("accounts")
        .key("id", AttributeValue::N(id.to_string()))
        .update_expression("SET #b = :b, #v = :n")
        .condition_expression("#v = :v")
        .expression_attribute_names("#b", "balance")
        .expression_attribute_names("#v", "version")
        .expression_attribute_values(":b", n(balance + by))
        .expression_attribute_values(":n", n(version + 1))
        .expression_attribute_values(":v", n(version))
        .build()?;
    Ok(TransactWriteItem::builder().update(update).build())
}
