//! The numbers that are kept: `docs/benchmarks-toasty.json`, which the page of the peers shows.

use std::{env, fs};

use floor::rounds::{self, Measured};
use floor::versions::{self, Versions};
use floor::{Outcome, callgrind};
use serde::Serialize;

use crate::rows;

/// Where they are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/benchmarks-toasty.json");
/// The lock file that was built.
const LOCK: &str = include_str!("../Cargo.lock");
/// The libraries whose versions are told.
const LIBRARIES: [&str; 3] = ["toasty", "toasty-driver-dynamodb", "aws-sdk-dynamodb"];

/// What was measured.
#[derive(Debug, Serialize)]
struct Results {
    versions: Versions,
    rounds: usize,
    rows: Vec<Measured>,
}

/// Measures all rows in so many rounds, and keeps the numbers.
///
/// # Errors
/// Where a row does not what it should, or the file cannot be written.
pub(crate) fn measure(rounds: usize) -> Outcome {
    let all = rows::all();
    println!("{} rows, {rounds} rounds", all.len());
    let mut rows = rounds::measure(&all, rounds)?;
    callgrind::count_all(&env::current_exe()?, &all, &mut rows)?;
    rows.iter().for_each(|measured| println!("{}", line(measured)));
    let results = Results { versions: versions::now(LOCK, &LIBRARIES), rounds, rows };
    Ok(fs::write(FILE, serde_json::to_string_pretty(&results)? + "\n")?)
}

fn line(measured: &Measured) -> String {
    let Measured { work, library, nanos, spread, instructions } = measured;
    let (spread, instructions) = (spread * 100.0, instructions.unwrap_or_default());
    format!(
        "{work:<12} {library:<8} {nanos:>9.0} ns ± {spread:>2.0} % {instructions:>9.0} instructions"
    )
}
