//! A backfill on a file that is killed twenty times: the next process goes on, and every item is upgraded once.

#![allow(clippy::print_stdout, reason = "numbers that are worth a look")]

use std::path::Path;
use std::process::Command;

use dynamap::Item;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{Outcome, example, killed};

const ITEMS: u64 = 5000;
const KILLS: usize = 20;
/// A run that is killed has sent at most so many requests, so that twenty of them leave something to do.
const MOST_REQUESTS: u32 = 600;

fn run(file: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(example("resume")).arg(file).args(arguments).output().expect("the example");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Runs the job until it is held at a request, and kills the process there.
fn kill_at(file: &Path, side: &str, request: u32) {
    let mut job = Command::new(example("resume"));
    let line = killed(job.arg(file).args(["hold", side, &request.to_string()]));
    assert_eq!(line, "held", "{side} request {request}");
}

#[tokio::test]
async fn a_backfill_that_is_killed_at_twenty_points_upgrades_every_item_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("users.db");
    run(&file, &["fill", &ITEMS.to_string()]);
    let mut random = StdRng::seed_from_u64(9);
    for kill in 0..KILLS {
        // The first requests of a run take the record over.
        let most = if kill % 4 == 0 { 5 } else { MOST_REQUESTS };
        let side = if random.random_bool(0.5) { "before" } else { "after" };
        kill_at(&file, side, random.random_range(1..=most));
    }
    let upgraded = items(&file).await?.into_iter().filter(is_upgraded).count();
    println!("upgraded after {KILLS} kills: {upgraded}");
    assert!((1000..5000).contains(&upgraded), "{upgraded}");
    let end = run(&file, &[]);
    println!("{end}");
    assert!(end.starts_with("Completed") && end.ends_with(": 5000 items, 0 older\n"), "{end}");
    for item in items(&file).await? {
        let id: u64 = item.get("id").and_then(|id| id.as_n().ok()).ok_or("an id")?.parse()?;
        assert!(is_upgraded(&item), "{id}");
        assert_eq!(item.text("email"), Some(&*format!("user{id}@example.org")));
        assert!(!item.contains("mail"), "{id}");
        let version = item.get("version").and_then(|version| version.as_n().ok());
        assert_eq!(version, Some(&(id % 7 + 2).to_string()), "user {id} was upgraded once");
    }
    Ok(())
}

fn is_upgraded(item: &Item) -> bool {
    item.text("_schema") == Some("2.0.0")
}

async fn items(file: &Path) -> Result<Vec<Item>, Box<dyn std::error::Error>> {
    let client = dynamap::embedded::open(file)?;
    let pages = client.scan().table_name("users").into_paginator().items().send();
    let items: Vec<_> = pages.collect::<Result<Vec<_>, _>>().await?;
    Ok(items.into_iter().map(Item::from).collect())
}
