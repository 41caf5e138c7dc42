//! The numbers of the last run, kept beside the page that shows them.

use std::fs;
use std::path::PathBuf;

use floor::Outcome;
use floor::rounds::Measured;
use serde::{Deserialize, Serialize};

use crate::backfill::Backfill;
use crate::building::Building;
use crate::delayed::Delayed;
use crate::memory::Memory;
use crate::versions::Versions;

/// Everything that was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Results {
    pub versions: Versions,
    pub rounds: usize,
    pub rows: Vec<Measured>,
    pub delayed: Vec<Delayed>,
    pub memory: Vec<Memory>,
    pub backfill: Option<Backfill>,
    /// Measured apart, since it takes minutes.
    pub building: Option<Building>,
}

/// The folder of the documentation.
#[must_use]
pub fn docs() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"))
}

fn file() -> PathBuf {
    docs().join("benchmarks.json")
}

/// The numbers of the last run.
///
/// # Errors
/// Where there are none.
pub fn last() -> Outcome<Results> {
    let file = file();
    let text = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

impl Results {
    /// Keeps these numbers, and writes the page.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn keep(&self) -> Outcome {
        fs::write(file(), serde_json::to_string_pretty(self)? + "\n")?;
        crate::page::write(self)
    }

    /// What a library's row of some work took.
    #[must_use]
    pub fn row(&self, work: &str, library: &str) -> Option<&Measured> {
        find(&self.rows, work, library)
    }
}

/// The row of a library and some work.
#[must_use]
pub fn find<'a>(rows: &'a [Measured], work: &str, library: &str) -> Option<&'a Measured> {
    rows.iter().find(|row| row.work == work && row.library == library)
}
