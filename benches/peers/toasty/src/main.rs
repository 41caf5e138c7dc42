//! The works of the other peers by Toasty, beside the bare SDK of the version that its driver pins.
//!
//! ```sh
//! cargo run --release -- run        # measures, and writes docs/benchmarks-toasty.json
//! cargo run --release -- smoke      # does everything once, and writes nothing
//! cargo run --release -- requests   # prints what is sent, by Toasty and by hand
//! ```
//!
//! # Layout
//!
//! * `order`: the model; `verbs`: what is done with it.
//! * `answers`: what it is answered.
//! * `rows`: the verbs as rows; `floor` has those of the bare SDK, and what measures.
//! * `requests`: what the verbs send; `results`: the numbers that are kept.

mod answers;
mod order;
mod requests;
mod results;
mod rows;
mod verbs;

use std::env;
use std::process::ExitCode;

use floor::{Outcome, callgrind, rounds};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match execute(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: &[&str]) -> Outcome {
    match arguments {
        ["run"] => results::measure(15),
        ["run", "--rounds", rounds] => results::measure(rounds.parse()?),
        ["smoke"] => rounds::smoke(&rows::all()),
        ["requests"] => requests::print(),
        // What callgrind runs.
        ["count", work, library, times] => {
            callgrind::count(&rows::all(), work, library, times.parse()?)
        }
        _ => Err("run [--rounds N] | smoke | requests".into()),
    }
}
