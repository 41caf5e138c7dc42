//! Toasty, beside the bare SDK of the version that its driver pins.
//!
//! * `measure ROUNDS`: all rows, as JSON.
//! * `smoke`: every row once.
//! * `count WORK LIBRARY N`: one row so often, for callgrind.

mod rows;

use std::env;
use std::process::ExitCode;

use floor::{Outcome, bare, callgrind, rounds};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    let all = [rows::rows(), bare::rows()].concat();
    match arguments {
        ["smoke"] => rounds::smoke(&all),
        ["count", work, library, times] => callgrind::count(&all, work, library, times.parse()?),
        ["measure", times] => {
            let mut measured = rounds::measure(&all, times.parse()?)?;
            callgrind::count_all(&env::current_exe()?, &all, &mut measured)?;
            println!("{}", serde_json::to_string(&measured)?);
            Ok(())
        }
        _ => Err("smoke | measure ROUNDS | count WORK LIBRARY N".into()),
    }
}
