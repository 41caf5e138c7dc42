//! One run: every row in interleaved rounds, its instructions, and what is no row.

use std::env;
use std::path::Path;
use std::process::Command;

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
pub fn smoke(toasty: Option<&Path>) -> Outcome {
    same::check()?;
    rounds::smoke(&rows::all())?;
    delayed::measure(1, true)?;
    memory::measure(&[1_000])?;
    if let Some(toasty) = toasty {
        told(Command::new(toasty).arg("smoke"))?;
    }
    println!("every row does what it should");
    Ok(())
}

/// Measures everything, keeps the numbers and writes the page.
///
/// # Errors
/// Where anything does not what it should.
pub fn all(rounds: usize, toasty: Option<&Path>) -> Outcome {
    same::check()?;
    let all = rows::all();
    println!("{} rows, {rounds} rounds", all.len());
    let mut rows = rounds::measure(&all, rounds)?;
    callgrind::count_all(&env::current_exe()?, &all, &mut rows)?;
    rows.iter().for_each(|measured| println!("{}", line(measured)));
    let toasty = match toasty {
        Some(toasty) => of_toasty(toasty, rounds)?,
        None => Vec::new(),
    };
    println!("delays, memory, backfill");
    let mut results = Results {
        versions: versions::now(),
        rounds,
        rows,
        toasty,
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

fn of_toasty(program: &Path, rounds: usize) -> Outcome<Vec<Measured>> {
    let told = told(Command::new(program).args(["measure", &rounds.to_string()]))?;
    let measured: Vec<Measured> = serde_json::from_str(&told)?;
    measured.iter().for_each(|measured| println!("{}", line(measured)));
    Ok(measured)
}

fn told(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn line(measured: &Measured) -> String {
    let Measured { work, library, nanos, instructions, .. } = measured;
    let instructions = instructions.unwrap_or_default();
    format!("{work:<20} {library:<20} {nanos:>12.0} ns {instructions:>14.0} instructions")
}
