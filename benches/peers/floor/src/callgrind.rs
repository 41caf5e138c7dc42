//! Instructions of a row, counted by callgrind: the same on every run, whatever else the machine does.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::row::Row;

/// The instructions of one repetition of a row: a program runs it once with `n` and once with `2 n` repetitions, below
/// callgrind, and the difference is what `n` of them take.
///
/// `program` is called with `count WORK LIBRARY N`, and must do the row so often.
///
/// # Errors
/// Where callgrind cannot be run, or the program fails.
pub fn instructions(program: &Path, row: &Row) -> Outcome<f64> {
    let times = row.repeat / 8;
    let run = |times: u32| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        valgrind.arg("--toggle-collect=*counted*").arg(program);
        collected(valgrind.args(["count", row.work, row.library, &times.to_string()]))
    };
    Ok((run(2 * times)? - run(times)?) / f64::from(times))
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
    Ok(line.1.trim().parse()?)
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
