//! How much memory does a scan of a large table take, beside the same scan written by hand on the AWS SDK?
//!
//! A file of the embedded store is filled; then each scanner reads it in a process of its own, with the same page size,
//! and tells the most memory that it ever had (`VmHWM`, so on Linux). The store is in the same process and counts too.
//! The file is in the folder for temporary files; filling it is many times faster where that is in memory.
//!
//! ```sh
//! TMPDIR=/dev/shm cargo run --release --example scan_memory -- 10000 1000000
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use dynamap::{Database, Model, Results, Table};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const PAGE: i32 = 1000;
/// AWS: at most 25 writes in one batch.
const BATCH: usize = 25;
const WAYS: [&str; 5] = ["sdk", "loaded", "plain", "segments", "sweep"];
/// The embedded store reads a segment by reading everything: in segments it is asked only for tables up to this size.
const MOST_IN_SEGMENTS: usize = 100_000;

#[derive(Debug, Clone, Model)]
#[model(table = "events", validate = false)]
struct Event {
    #[model(hash_key)]
    id: u64,
    kind: String,
    text: String,
    #[model(version)]
    version: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [way, file] = &arguments[..]
        && WAYS.contains(&way.as_str())
    {
        return scan(way, Path::new(file)).await;
    }
    let sizes: Result<Vec<usize>, _> = arguments.iter().map(|size| size.parse()).collect();
    let sizes = sizes.map_err(|_| "write the numbers of items: 10000 1000000")?;
    let sizes = if sizes.is_empty() { vec![10_000, 100_000] } else { sizes };
    let directory = tempfile::tempdir()?;
    for size in sizes {
        let file = directory.path().join(format!("{size}.db"));
        let start = Instant::now();
        fill(&file, size).await?;
        println!("{size} items, filled in {:.0} s", start.elapsed().as_secs_f64());
        for way in WAYS {
            if way == "segments" && size > MOST_IN_SEGMENTS {
                continue;
            }
            let told = Command::new(std::env::current_exe()?).arg(way).arg(&file).output()?;
            if !told.status.success() {
                return Err(String::from_utf8_lossy(&told.stderr).into());
            }
            print!("  {way:<9} {}", String::from_utf8_lossy(&told.stdout));
        }
    }
    Ok(())
}

/// Puts so many items into a new table, by the SDK alone.
async fn fill(file: &Path, size: usize) -> Outcome {
    let client = dynamap::embedded::open(file)?;
    Table::<Event>::create(&Database::new(client.clone())).await?;
    let ids: Vec<usize> = (0..size).collect();
    for ids in ids.chunks(BATCH) {
        let writes: Vec<_> = ids.iter().map(|id| write(*id)).collect::<Result<_, _>>()?;
        let answer = client.batch_write_item().request_items("events", writes).send().await?;
        if answer.unprocessed_items.is_some_and(|left| !left.is_empty()) {
            return Err("the store left writes undone".into());
        }
    }
    Ok(())
}

fn write(id: usize) -> Outcome<WriteRequest> {
    let put = PutRequest::builder()
        .item("id", AttributeValue::N(id.to_string()))
        .item("kind", AttributeValue::S("door opened".to_owned()))
        .item("text", AttributeValue::S(format!("{id:0>100}")))
        .item("version", AttributeValue::N("1".to_owned()))
        .item("_schema", AttributeValue::S("1.0.0".to_owned()));
    Ok(WriteRequest::builder().put_request(put.build()?).build())
}

/// Scans in one way, and tells what that took.
async fn scan(way: &str, file: &Path) -> Outcome {
    let client = dynamap::embedded::open(file)?;
    let db = Database::new(client.clone());
    let events = || Event::scan(&db).page_size(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let start = Instant::now();
    let (items, bytes) = match way {
        "sdk" => by_hand(&client).await?,
        "loaded" => taken(events().stream(), |event| event.text.len()).await?,
        "plain" => taken(events().plain().stream(), |event| event.text.len()).await?,
        "segments" => {
            taken(events().plain().segments(4).stream(), |event| event.text.len()).await?
        }
        _ => {
            let swept = events().plain().sweep().run(async |_| Ok::<_, dynamap::Error>(())).await?;
            (swept.progress.items, swept.progress.items * 100)
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    println!("{items} items, {bytes} bytes of text, {seconds:.1} s, at most {} KiB", peak()?);
    Ok(())
}

async fn by_hand(client: &Client) -> Outcome<(usize, usize)> {
    let (mut items, mut bytes, mut next) = (0, 0, None);
    loop {
        let scan = client.scan().table_name("events").limit(PAGE).set_exclusive_start_key(next);
        let page = scan.send().await?;
        for item in page.items() {
            items += 1;
            bytes += item.get("text").and_then(|text| text.as_s().ok()).map_or(0, String::len);
        }
        next = page.last_evaluated_key;
        if next.is_none() {
            return Ok((items, bytes));
        }
    }
}

async fn taken<T>(
    mut results: Results<'_, T>,
    length: impl Fn(&T) -> usize,
) -> Outcome<(usize, usize)> {
    let (mut items, mut bytes) = (0, 0);
    while let Some(result) = results.next().await {
        items += 1;
        bytes += length(&result?);
    }
    Ok((items, bytes))
}

/// The most memory that this process ever had, in KiB.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
    Ok(kib.trim().parse()?)
}
