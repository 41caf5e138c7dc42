//! Toasty, which is measured by a program of its own: the section of the page.

use std::fmt::Write as _;
use std::fs;

use floor::Outcome;
use floor::bare::BY_HAND;
use floor::rounds::Measured;
use serde::Deserialize;

use crate::page::{COLUMNS, line, measured_on};
use crate::results::{docs, find};
use crate::versions::Versions;

/// What stands above the numbers.
const HEAD: &str = include_str!("../page/toasty.md");

/// What that program keeps.
#[derive(Debug, Deserialize)]
struct Results {
    versions: Versions,
    rounds: usize,
    rows: Vec<Measured>,
}

/// Adds the section, where that program was run.
///
/// # Errors
/// Where its numbers cannot be read.
pub fn section(page: &mut String) -> Outcome {
    let file = docs().join("benchmarks-toasty.json");
    if !file.exists() {
        return Ok(());
    }
    let results: Results = serde_json::from_slice(&fs::read(file)?)?;
    page.push_str(HEAD);
    measured_on(page, &results.versions, results.rounds)?;
    writeln!(page, "{COLUMNS}")?;
    for row in &results.rows {
        line(page, row, find(&results.rows, &row.work, BY_HAND))?;
    }
    Ok(())
}
