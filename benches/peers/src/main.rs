//! The same work by dynamap, by the bare SDK with hand-written mapping, and by other mappers, in one process.
//!
//! ```sh
//! cargo run --release -- run     # measures, and writes docs/benchmarks.md
//! cargo run --release -- plot    # draws the numbers of the last run
//! ```
//!
//! # Layout
//!
//! * `rows`: the work of each library; `floor` has that of the bare SDK, and what measures.
//! * `same`: that requests are the same.
//! * `delayed` `memory` `backfill` `building`: what is no row.
//! * `results`: the numbers that are kept; `targets`: what was aimed at.
//! * `page` `plot`: what is shown; `toasty`: what the program in `toasty/` measured.

mod backfill;
mod building;
mod delayed;
mod memory;
#[path = "../../order.rs"]
mod order;
mod page;
mod plot;
mod results;
mod rows;
mod run;
mod same;
mod targets;
mod toasty;
mod versions;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use floor::{Outcome, callgrind};

/// Compares dynamap with the bare SDK and with other mappers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures everything but the build, and writes docs/benchmarks.md.
    Run {
        /// Does everything once, and writes nothing.
        #[arg(long)]
        smoke: bool,
        /// How often each row is measured.
        #[arg(long, default_value_t = 15)]
        rounds: usize,
    },
    /// Measures what dynamap adds to the build of a program of the SDK.
    Building,
    /// Draws the numbers of the last run.
    Plot,
    /// Writes the page again, from the numbers of the last run.
    Page,
    /// One row so often: what callgrind runs.
    #[command(hide = true)]
    Count { work: String, library: String, times: u32 },
    /// A scan in this process: what the memory is measured of.
    #[command(hide = true)]
    Memory { way: String, items: usize },
}

fn main() -> ExitCode {
    match execute(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Outcome {
    match command {
        Command::Run { smoke: true, .. } => run::smoke(),
        Command::Run { rounds, .. } => run::all(rounds),
        Command::Building => {
            let results = results::last()?;
            results::Results { building: Some(building::measure()?), ..results }.keep()
        }
        Command::Plot => plot::draw(&results::last()?),
        Command::Page => page::write(&results::last()?),
        Command::Count { work, library, times } => {
            callgrind::count(&rows::all(), &work, &library, times)
        }
        Command::Memory { way, items } => {
            println!("{}", memory::scan(&way, items)?);
            Ok(())
        }
    }
}
