//! Whole tables copied, exported and imported, by a process that can be killed at any time.
//!
//! ```sh
//! cargo run --example tables -- fill a.db 20000
//! cargo run --example tables -- copy a.db b.db hold after 100  # kill it there: Ctrl-C, or kill -9
//! cargo run --example tables -- copy a.db b.db                 # goes on, and verifies
//! cargo run --example tables -- export a.db backup
//! cargo run --example tables -- import backup c.db
//! cargo run --release --example tables -- export memory:100000 /tmp/backup
//! ```
//!
//! `hold before N` and `hold after N` stop the whole process at its request of that number: not executed, or executed
//! with an answer that nobody heard.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use dynamap::embedded;
use dynamap::faults::{Fault, Faults, Operation};
use dynamap::transfer::{Existing, Transfer as _};
use dynamap::{Database, Model, Table};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Few, so that there are many checkpoints.
const PAGE: usize = 25;

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
struct Order {
    #[model(hash_key)]
    customer: u32,
    #[model(range_key)]
    number: u32,
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let faults = Faults::new();
    let job = async {
        match arguments.as_slice() {
            ["fill", store, items] => fill(&open(store, &faults).await?, items.parse()?).await,
            ["copy", from, to, ..] => copy(from, to, &faults).await,
            ["export", from, folder, ..] => export(from, folder, &faults).await,
            ["import", folder, to, ..] => import(folder, to, &faults).await,
            _ => Err("tables fill|copy|export|import FROM TO [hold before|after REQUEST]".into()),
        }
    };
    match arguments.as_slice() {
        [.., "hold", side, number] => hold(job, &faults, side, number.parse()?).await,
        _ => job.await,
    }
}

/// Runs a job up to a request, and stays there.
async fn hold(job: impl Future<Output = Outcome>, faults: &Faults, side: &str, at: u32) -> Outcome {
    for _ in 1..at {
        faults.next(Operation::Any, Fault::Delay(Duration::ZERO));
    }
    let gate = match side {
        "before" => faults.pause(Operation::Any),
        _ => faults.pause_answer(Operation::Any),
    };
    tokio::select! {
        done = job => done,
        () = gate.reached() => loop {
            println!("held");
            std::thread::park(); // and with it all else that is under way
        },
    }
}

/// A store in a file, or one in memory with some items; with its table.
async fn open(name: &str, faults: &Faults) -> Outcome<Database> {
    if let Some(items) = name.strip_prefix("memory:") {
        let db = Database::new(faults.wrap(&embedded::memory()?)?);
        fill(&db, items.parse()?).await?;
        return Ok(db);
    }
    let client = embedded::open(name)?;
    Table::<Order>::create_if_missing(&Database::new(client.clone())).await?;
    Ok(Database::new(faults.wrap(&client)?))
}

async fn fill(db: &Database, items: u32) -> Outcome {
    Table::<Order>::create_if_missing(db).await?;
    // Not as regular as it looks to gzip.
    let text = |number: u32| format!("{:x}", u128::from(number).pow(3) * 0x9e37_79b9_7f4a_7c15);
    let order = |number| Order { customer: number % 97, number, text: text(number) };
    let orders: Vec<_> = (0..items).map(order).collect();
    for orders in orders.chunks(1000) {
        Order::put_many(db, orders.to_vec()).await?;
    }
    Ok(())
}

async fn copy(from: &str, to: &str, faults: &Faults) -> Outcome {
    let (from, to) = (open(from, faults).await?, (open(to, faults).await?, to));
    let began = Instant::now();
    let copy = from
        .table("orders")
        .copy_to(to.0.table("orders"))
        .segments(4)
        .page_size(PAGE)
        .at_once(4)
        .existing(Existing::Replace)
        .checkpoint_file(Path::new(to.1).with_extension("checkpoint"));
    let copied = copy.run().await?;
    println!("copied {} in {:?}", copied.progress.written, began.elapsed());
    let verified = copy.verify().await?;
    println!("{}, {} items", verified.is_equal(), verified.target.items);
    Ok(())
}

async fn export(from: &str, folder: &str, faults: &Faults) -> Outcome {
    let from = open(from, faults).await?;
    let began = Instant::now();
    let export = from.table("orders").export_to(folder).at_once(2).page_size(PAGE);
    let exported = export.run().await?;
    println!("exported {} in {:?}", exported.digest.items, began.elapsed());
    println!("{}", exported.digest == from.table("orders").digest().await?);
    Ok(())
}

async fn import(folder: &str, to: &str, faults: &Faults) -> Outcome {
    let db = open(to, faults).await?;
    let began = Instant::now();
    let import = db.table("orders").import_from(folder).existing(Existing::Replace);
    let import = import.checkpoint_file(Path::new(to).with_extension("checkpoint"));
    let imported = import.run().await?;
    println!("imported {} in {:?}", imported.progress.written, began.elapsed());
    println!("{} items", db.table("orders").digest().await?.items);
    Ok(())
}
