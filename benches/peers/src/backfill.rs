//! The library's example of a backfill, beside its loop by hand: instructions of one item of each.

use std::env;
use std::process::Command;

use floor::Outcome;
use floor::callgrind::collected;
use serde::{Deserialize, Serialize};

/// The instructions that one item takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Backfill {
    pub dynamap: f64,
    pub by_hand: f64,
}

/// Counts both, without what it takes to fill the table.
///
/// # Errors
/// Where callgrind cannot be run, or the example fails.
pub fn measure() -> Outcome<Backfill> {
    let program = env::current_exe()?.with_file_name("backfill");
    let part = |part: &str| -> Outcome<f64> {
        const ITEMS: u32 = 200;
        let of = |items: u32| {
            let mut valgrind = Command::new("valgrind");
            valgrind.arg("--tool=callgrind").arg("--callgrind-out-file=/dev/null");
            collected(valgrind.arg(&program).args([&items.to_string(), part]))
        };
        Ok(((of(2 * ITEMS)? - of(ITEMS)?) / f64::from(ITEMS)).round())
    };
    let filled = part("filled")?;
    Ok(Backfill { dynamap: part("backfill")? - filled, by_hand: part("by-hand")? - filled })
}
