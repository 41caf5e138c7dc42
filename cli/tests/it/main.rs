//! The program `dynamap` as a process: over a file, over a served store, in a terminal.

#![allow(missing_docs, reason = "a binary has no public API")]

mod process;
#[cfg(unix)]
mod terminal;

use std::path::Path;
use std::process::{Command, Output};

use dynamap::{Database, Model, Table};
use serde_json::Value;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(range_key)]
    map: u32,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A file with so many maps, and an empty table for a copy of them.
async fn fill(file: &Path, maps: u32) -> Outcome {
    let db = Database::new(dynamap::embedded::open(file)?);
    let copy = Database::builder(db.client().clone()).table_prefix("copy_").build();
    Table::<DoomMap>::create(&db).await?;
    Table::<DoomMap>::create(&copy).await?;
    DoomMap::put_many(&db, (1..=maps).map(|map| DoomMap { episode: 1, map })).await?;
    Ok(())
}

/// The program, on a store.
fn dynamap(store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynamap"));
    // Nothing of the machine's own.
    command.env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL").args(["--store", store]);
    command
}

fn document(output: &Output) -> Value {
    let (text, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    assert_eq!(document["exit_code"].as_i64(), output.status.code().map(i64::from));
    document
}

fn call(store: &str, line: &str) -> Value {
    let output = dynamap(store).args(line.split_whitespace()).arg("--json").output();
    document(&output.expect("the program"))
}
