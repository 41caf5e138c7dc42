//! The most memory that a scan of canned pages ever has, each in a process of its own (`VmHWM`, so on Linux).

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use dynamap::{Database, Model};
use floor::Outcome;
use floor::canned::Canned;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::delayed::{Entry, TABLE, json, read};

/// The items of one page.
const PAGE: usize = 100;

/// The memory of a scan of so many items, in KiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    pub items: usize,
    pub dynamap: u64,
    pub by_hand: u64,
}

/// Measures scans of these sizes.
///
/// # Errors
/// Where a scan fails, or finds another number of items.
pub fn measure(sizes: &[usize]) -> Outcome<Vec<Memory>> {
    let peak = |way: &str, items: usize| -> Outcome<u64> {
        let output =
            Command::new(env::current_exe()?).args(["memory", way, &items.to_string()]).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
    };
    let memory = |items: &usize| {
        let (dynamap, by_hand) = (peak("dynamap", *items)?, peak("by-hand", *items)?);
        Ok(Memory { items: *items, dynamap, by_hand })
    };
    sizes.iter().map(memory).collect()
}

/// Scans in this process, and tells the most memory that it ever had, in KiB.
///
/// # Errors
/// Where the scan fails, or finds another number of items.
pub fn scan(way: &str, items: usize) -> Outcome<u64> {
    let canned = pages(items / PAGE);
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let found = runtime.block_on(async {
        match way {
            "dynamap" => through(&Database::new(canned.client())).await,
            _ => through_by_hand(&canned.client()).await,
        }
    })?;
    if found != items {
        return Err(format!("{found} items and not {items}").into());
    }
    peak()
}

/// A table of so many pages.
fn pages(pages: usize) -> Canned {
    let items: Vec<String> = (0..PAGE).map(json).collect();
    let items = items.join(",");
    let page = |key: &str| {
        Bytes::from(format!(r#"{{"Items":[{items}],"Count":{PAGE},"ScannedCount":{PAGE}{key}}}"#))
    };
    let (page, last) = (page(r#","LastEvaluatedKey":{"id":{"N":"99"}}"#), page(""));
    let asked = AtomicUsize::new(0);
    Canned::new(move |_: &str, _: &[u8]| {
        let asked = asked.fetch_add(1, Ordering::Relaxed) + 1;
        if asked < pages { page.clone() } else { last.clone() }
    })
}

async fn through(db: &Database) -> Outcome<usize> {
    let mut results = Entry::scan(db).stream();
    let mut found = 0;
    while let Some(entry) = results.next().await {
        found += usize::from(!entry?.text.is_empty());
    }
    Ok(found)
}

async fn through_by_hand(client: &aws_sdk_dynamodb::Client) -> Outcome<usize> {
    let (mut found, mut next) = (0, None);
    loop {
        let scan = client.scan().table_name(TABLE).set_exclusive_start_key(next);
        let page = scan.send().await?;
        for item in page.items.unwrap_or_default() {
            found += usize::from(!read(item)?.text.is_empty());
        }
        next = page.last_evaluated_key;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// The most memory that this process ever had, in KiB.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
    Ok(kib.trim().parse()?)
}
