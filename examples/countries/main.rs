//! The main job, on real data: a table that a program of long ago filled is worked with through today's model.
//!
//! The data are two releases of the `world-countries` package. Release 1.4.0 is stored as an old program would have
//! left it: no schema attribute, no version. Today's model is the shape of release 5.1.0. Every item is upgraded when
//! it is read, enriched, saved, moved between regions in transactions, and compared with what 5.1.0 really says.
//!
//! Run it: `cargo run --example countries`, or `cargo run --example countries -- countries.db` for a file. It can be
//! killed at any point: the next run finishes what is left, and the table ends the same.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::print_stdout,
    clippy::unnecessary_wraps,
    reason = "a program, not a library"
)]

mod chain;
mod compare;
mod country;
mod data;
mod job;
mod languages;
mod model;
mod steps;

use dynamap::{Database, embedded};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = match std::env::args().nth(1) {
        Some(path) => embedded::open(path)?,
        None => embedded::memory()?,
    };
    job::run(&Database::new(client)).await
}
