//! One run: every row in interleaved rounds, its instructions, and what is no row.

use std::env;

use floor::rounds::{self, Measured};
use floor::{Outcome, callgrind};

use crate::results::{self, Results};
use crate::{backfill, delayed, memory, rows, same, versions};

/// The sizes of the tables that are scanned.
const SCANNED: [usize; 3] = [10_000, 100_000, 1_000_000];
/// How often each work with delays is done.
const DELAYED: usize = 5;

/// Does everything once, and measures nothing.
///
/// # Errors
/// Where anything does not what it should.
pub fn smoke() -> Outcome {
    same::check()?;
    rounds::smoke(&rows::all())?;
    delayed::measure(1, true)?;
    memory::measure(&[1_000])?;
    println!("every row does what it should");
    Ok(())
}

/// Measures everything, keeps the numbers and writes the page.
///
/// # Errors
/// Where anything does not what it should.
pub fn all(rounds: usize) -> Outcome {
    same::check()?;
    let all = rows::all();
    println!("{} rows, {rounds} rounds", all.len());
    let mut rows = rounds::measure(&all, rounds)?;
    callgrind::count_all(&env::current_exe()?, &all, &mut rows)?;
    rows.iter().for_each(|measured| println!("{}", line(measured)));
    println!("delays, memory, backfill");
    let mut results = Results {
        versions: versions::now(),
        rounds,
        rows,
        delayed: delayed::measure(DELAYED, false)?,
        memory: memory::measure(&SCANNED)?,
        backfill: None,
        building: results::last().ok().and_then(|last| last.building),
    };
    // What was measured so far is not lost where the example was not built.
    results.keep()?;
    results.backfill = Some(backfill::measure()?);
    results.keep()
}

fn line(measured: &Measured) -> String {
    let Measured { work, library, nanos, instructions, .. } = measured;
    let instructions = instructions.unwrap_or_default();
    format!("{work:<20} {library:<20} {nanos:>12.0} ns {instructions:>14.0} instructions")
}
