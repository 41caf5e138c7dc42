//! Instructions of a row, counted by callgrind: the same on every run, whatever else the machine does.

use std::path::Path;
use std::process::Command;
use std::thread;

use crate::Outcome;
use crate::rounds::Measured;
use crate::row::Row;

/// How many rows are counted at once: what is counted does not depend on it.
const AT_ONCE: usize = 4;

/// Counts the instructions of all rows, and puts them beside the times.
///
/// # Errors
/// Where a row cannot be counted.
pub fn count_all(program: &Path, rows: &[Row], measured: &mut [Measured]) -> Outcome {
    for (rows, measured) in rows.chunks(AT_ONCE).zip(measured.chunks_mut(AT_ONCE)) {
        let counted: Vec<Result<f64, String>> = thread::scope(|scope| {
            let count = |row| instructions(program, row).map_err(|error| error.to_string());
            let threads: Vec<_> = rows.iter().map(|row| scope.spawn(move || count(row))).collect();
            let joined = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err("a count panicked".to_owned()))
            };
            threads.into_iter().map(joined).collect()
        });
        for (measured, counted) in measured.iter_mut().zip(counted) {
            measured.instructions = Some(counted?);
        }
    }
    Ok(())
}

/// The instructions of one repetition of a row, counted inside of the work only, after it was done once.
///
/// `program` is called with `count WORK LIBRARY N`, and must do the row so often.
///
/// # Errors
/// Where callgrind cannot be run, or the program fails.
fn instructions(program: &Path, row: &Row) -> Outcome<f64> {
    let times = row.repeat / 8;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg("--toggle-collect=floor::row::counted").arg(program);
    let all = collected(valgrind.args(["count", row.work, row.library, &times.to_string()]))?;
    Ok((all / f64::from(times)).round())
}

/// What callgrind says that it collected.
///
/// # Errors
/// Where callgrind cannot be run, or the program fails.
pub fn collected(valgrind: &mut Command) -> Outcome<f64> {
    let output = valgrind
        .output()
        .map_err(|error| format!("valgrind, of the package of that name: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{valgrind:?}: {told}").into());
    }
    let line = told.lines().find_map(|line| line.split_once("Collected :")).ok_or("no count")?;
    match line.1.trim().parse()? {
        0.0 => {
            Err("nothing was counted: the function that the count begins with has another name"
                .into())
        }
        count => Ok(count),
    }
}

/// Does a row so often: what runs below callgrind.
///
/// # Errors
/// Where there is no such row, or it fails.
pub fn count(rows: &[Row], work: &str, library: &str, times: u32) -> Outcome {
    let row = rows.iter().find(|row| row.work == work && row.library == library);
    let row = row.ok_or("there is no such row")?;
    (row.start)()?(times)?;
    Ok(())
}
