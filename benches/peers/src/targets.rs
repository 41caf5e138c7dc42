//! What was aimed at, and what was reached.

use floor::bare::BY_HAND;

use crate::results::Results;
use crate::rows::{COALESCED, GETS};

/// A target, and what was measured of it.
#[derive(Debug)]
pub struct Target {
    pub work: String,
    pub asked: String,
    pub found: String,
    pub met: bool,
}

impl Target {
    fn at_most(work: impl Into<String>, asked: &str, most: f64, found: f64) -> Self {
        let (work, asked, found_text) = (work.into(), asked.to_owned(), format!("{found:.3}"));
        Self { work, asked, found: found_text, met: found <= most }
    }

    fn at_least(work: impl Into<String>, asked: &str, least: f64, found: f64) -> Self {
        Self { met: found >= least, ..Self::at_most(work, asked, f64::MAX, found) }
    }
}

/// The verbs that are compared with the bare SDK and with all mappers.
pub const VERBS: [&str; 5] = ["get", "insert", "save", "update", "query of 10"];
/// The mappers that are compared.
pub const MAPPERS: [&str; 3] = ["serde_dynamo", "modyne", "dynamodb-facade"];

/// All targets that the numbers tell something about.
#[must_use]
pub fn all(results: &Results) -> Vec<Target> {
    let mut all = Vec::new();
    codec(results, &mut all);
    verbs(results, &mut all);
    many(results, &mut all);
    building(results, &mut all);
    all
}

fn codec(results: &Results, all: &mut Vec<Target>) {
    for (work, asked, faster) in [
        ("decode", "≥ 3 × faster than serde_dynamo", 3.0),
        ("encode", "≥ 2.3 × faster than serde_dynamo", 2.3),
    ] {
        if let Some(ratio) = ratio(results, work, "dynamap", BY_HAND) {
            all.push(Target::at_most(work, "≤ 1.10 × by hand", 1.10, ratio));
        }
        if let Some(ratio) = ratio(results, work, "serde_dynamo", "dynamap") {
            all.push(Target::at_least(work, asked, faster, ratio));
        }
    }
}

fn verbs(results: &Results, all: &mut Vec<Target>) {
    for work in VERBS {
        let Some(own) = ratio(results, work, "dynamap", BY_HAND) else { continue };
        all.push(Target::at_most(work, "≤ 1.03 × the bare SDK", 1.03, own));
        let mappers = MAPPERS.iter().filter_map(|mapper| ratio(results, work, mapper, BY_HAND));
        let fastest = mappers.fold(f64::MAX, f64::min);
        let asked = "fastest of all mappers: below".to_owned();
        let (asked, found) = (format!("{asked} {fastest:.3} ×"), format!("{own:.3}"));
        all.push(Target { work: work.to_owned(), asked, found, met: own <= fastest });
    }
    if let Some(ratio) = ratio(results, "transfer", "dynamap", BY_HAND) {
        all.push(Target::at_most("2-item transfer", "≤ 1.05 × by hand", 1.05, ratio));
    }
}

fn many(results: &Results, all: &mut Vec<Target>) {
    let cpu = |library| results.row(GETS, library).map(|row| row.nanos);
    if let (Some(coalesced), Some(bare)) = (cpu(COALESCED), cpu(BY_HAND)) {
        let asked = "≥ 5 × less CPU time than bare gets";
        all.push(Target::at_least(GETS, asked, 5.0, bare / coalesced));
    }
    for delayed in &results.delayed {
        let work = format!("{}, 2 ms for each request", delayed.work);
        all.push(Target::at_least(work, "≥ 0.95 of the ideal", 0.95, delayed.dynamap));
    }
    if let [first, .., last] = &results.memory[..] {
        let (least, most) = (first.dynamap, last.dynamap);
        let found = format!("{least} KiB and {most} KiB");
        let work = format!("memory of a scan of {} and of {} items", first.items, last.items);
        // Buffers may grow by a tenth; a scan that keeps what it read grows by a hundred times.
        let met = most * 10 <= least * 11;
        all.push(Target { work, asked: "flat".to_owned(), found, met });
    }
    if let Some(backfill) = &results.backfill {
        let ratio = backfill.by_hand / backfill.dynamap;
        all.push(Target::at_least("backfill", "≥ 0.95 × the bare loop", 0.95, ratio));
    }
}

fn building(results: &Results, all: &mut Vec<Target>) {
    let Some(building) = &results.building else { return };
    let added = building.crates - building.sdk_alone_crates;
    let found = added.to_string();
    let work = "crates added to the SDK".to_owned();
    all.push(Target { work, asked: "≤ 40".to_owned(), found, met: added <= 40 });
    let ratio = building.seconds / building.sdk_seconds;
    all.push(Target::at_most(
        "clean debug build",
        "≤ 1.15 × the SDK with `aws-config`",
        1.15,
        ratio,
    ));
}

/// How many times the instructions of `other` a library takes for some work.
#[must_use]
pub fn ratio(results: &Results, work: &str, library: &str, other: &str) -> Option<f64> {
    let count = |library| results.row(work, library)?.instructions;
    Some(count(library)? / count(other)?)
}
