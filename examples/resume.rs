//! A backfill that is killed and goes on: what is upgraded stays so, and nothing is upgraded twice.
//!
//! ```sh
//! cargo run --example resume -- users.db fill 5000
//! cargo run --example resume -- users.db hold after 700  # kill it there: Ctrl-C, or kill -9
//! cargo run --example resume -- users.db                 # goes on, and verifies
//! ```
//!
//! `hold before N` and `hold after N` stop the whole process at its request of that number: not executed, or executed
//! with an answer that nobody heard.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use dynamap::embedded;
use dynamap::faults::{Fault, Faults, Operation};
use dynamap::{
    Backfill, BackfillRecord, Database, Item, Migrations, Model, Step, StepError, Table,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// AWS: at most 25 writes in one batch.
const BATCH: usize = 25;
/// Short, so that a killed runner is taken over soon.
const LEASE: Duration = Duration::from_millis(50);

static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail.to_lowercase())
}

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    email: String,
    #[model(version)]
    version: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [file, "fill", items] => fill(&Database::new(embedded::open(file)?), items.parse()?).await,
        [file, "hold", side, number] => hold(file, side, number.parse()?).await,
        [file] => finish(&Database::new(embedded::open(file)?)).await,
        _ => Err("resume FILE [fill ITEMS | hold before|after REQUEST]".into()),
    }
}

/// Items of the old shape, each with a version of its own.
async fn fill(db: &Database, items: u32) -> Outcome {
    Table::<User>::create(db).await?;
    Table::<BackfillRecord>::create(db).await?;
    let numbers: Vec<u32> = (0..items).collect();
    for numbers in numbers.chunks(BATCH) {
        let put = |number: &u32| {
            let n = |number: u32| AttributeValue::N(number.to_string());
            let mail = AttributeValue::S(format!("User{number}@Example.org"));
            let put = PutRequest::builder().item("id", n(*number)).item("mail", mail);
            let put = put.item("version", n(number % 7 + 1)).build()?;
            Outcome::Ok(WriteRequest::builder().put_request(put).build())
        };
        let puts = numbers.iter().map(put).collect::<Result<_, _>>()?;
        db.client().batch_write_item().request_items("users", puts).send().await?;
    }
    Ok(())
}

fn job(db: &Database) -> Backfill<'_, User> {
    Backfill::of(db).page_size(20).at_once(4).lease(LEASE)
}

/// Runs the job up to a request, and stays there.
async fn hold(file: &str, side: &str, number: u32) -> Outcome {
    let faults = Faults::new();
    let db = Database::new(faults.wrap(&embedded::open(file)?)?);
    for _ in 1..number {
        faults.next(Operation::Any, Fault::Delay(Duration::ZERO));
    }
    let gate = match side {
        "before" => faults.pause(Operation::Any),
        _ => faults.pause_answer(Operation::Any),
    };
    tokio::select! {
        record = async { job(&db).run().await } => println!("{:?}", record?.state),
        () = gate.reached() => loop {
            println!("held");
            std::thread::park(); // and with it all else that is under way
        },
    }
    Ok(())
}

async fn finish(db: &Database) -> Outcome {
    let record = job(db).run().await?;
    let found = job(db).verify().await?;
    println!(
        "{:?} after {} runs: {} items, {} older",
        record.state, record.runs, found.items, found.older
    );
    Ok(())
}
