//! Rows measured in interleaved rounds, so that what disturbs the machine disturbs all of them alike.

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::row::{Row, Run};

/// What one row took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub work: String,
    pub library: String,
    /// The median of all rounds: CPU time of one repetition, in nanoseconds.
    pub nanos: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub spread: f64,
    /// The instructions of one repetition.
    pub instructions: Option<f64>,
}

/// Does every row once, and measures nothing.
///
/// # Errors
/// Where a row does not what it should.
pub fn smoke(rows: &[Row]) -> Outcome {
    for row in rows {
        begin(row)?(1).map_err(|error| named(row, &error.to_string()))?;
    }
    Ok(())
}

/// Measures rows, one after another in each of so many rounds; the first round is not counted.
///
/// # Errors
/// Where a row does not what it should.
pub fn measure(rows: &[Row], rounds: usize) -> Outcome<Vec<Measured>> {
    let mut runs: Vec<(Run, Vec<f64>)> =
        rows.iter().map(|row| Ok((begin(row)?, Vec::new()))).collect::<Outcome<_>>()?;
    for round in 0..=rounds {
        for (row, (run, times)) in rows.iter().zip(&mut runs) {
            let took = run(row.repeat).map_err(|error| named(row, &error.to_string()))?;
            if round > 0 {
                times.push(took.as_secs_f64() * 1e9 / f64::from(row.repeat));
            }
        }
    }
    let measured = |(row, (_, times)): (&Row, (Run, Vec<f64>))| {
        let (nanos, spread) = median(times);
        // More digits would say more than was measured.
        let (nanos, spread) = (nanos.round(), (spread * 1_000.0).round() / 1_000.0);
        let (work, library) = (row.work.to_owned(), row.library.to_owned());
        Measured { work, library, nanos, spread, instructions: None }
    };
    Ok(rows.iter().zip(runs).map(measured).collect())
}

/// The median, and half the distance between the quartiles as a share of it.
#[must_use]
pub fn median(mut times: Vec<f64>) -> (f64, f64) {
    if times.is_empty() {
        return (0.0, 0.0);
    }
    times.sort_by(f64::total_cmp);
    let (last, middle) = (times.len() - 1, times[times.len() / 2]);
    let spread = (times[last * 3 / 4] - times[last / 4]) / 2.0;
    (middle, spread / middle)
}

fn begin(row: &Row) -> Outcome<Run> {
    (row.start)().map_err(|error| named(row, &error.to_string()))
}

fn named(row: &Row, error: &str) -> Box<dyn std::error::Error> {
    format!("{} by {}: {error}", row.work, row.library).into()
}
