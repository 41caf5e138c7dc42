//! The page of the numbers: `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::fs;

use floor::Outcome;
use floor::bare::BY_HAND;
use floor::rounds::Measured;

use crate::results::{Results, docs};
use crate::rows::{BULK, GETS};
use crate::targets::{self, Target, VERBS};
use crate::toasty;
use crate::versions::Versions;

/// What stands above the numbers.
const HEAD: &str = include_str!("../page/head.md");
/// Why a target is missed, and what was tried.
const TAIL: &str = include_str!("../page/tail.md");

/// Writes the page.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(results: &Results) -> Outcome {
    let mut page = HEAD.to_owned();
    measured_on(&mut page, &results.versions, results.rounds)?;
    targets(&mut page, &targets::all(results))?;
    rows(&mut page, "Codec", results, &["decode", "decode, image kept", "encode"])?;
    rows(&mut page, "Verbs", results, &VERBS)?;
    rows(&mut page, "Several items", results, &["transfer", GETS])?;
    rows(&mut page, "Many small items", results, &BULK)?;
    many(&mut page, results)?;
    toasty::section(&mut page)?;
    building(&mut page, results)?;
    page.push_str(TAIL);
    Ok(fs::write(docs().join("benchmarks.md"), page)?)
}

/// On what was measured, and what.
pub(crate) fn measured_on(page: &mut String, versions: &Versions, rounds: usize) -> Outcome {
    writeln!(
        page,
        "Measured on {}, {rounds} rounds: {}, {}, release profile.",
        versions.date, versions.machine, versions.compiler
    )?;
    writeln!(page, "Versions: {}.\n", versions.libraries.join(", "))?;
    Ok(())
}

fn targets(page: &mut String, targets: &[Target]) -> Outcome {
    let met = targets.iter().filter(|target| target.met).count();
    writeln!(page, "## Targets\n\n{met} of {} are met.\n", targets.len())?;
    writeln!(page, "| work | target | measured | |\n|---|---|---|---|")?;
    for Target { work, asked, found, met } in targets {
        writeln!(
            page,
            "| {work} | {asked} | {found} | {} |",
            if *met { "met" } else { "**not met**" }
        )?;
    }
    Ok(())
}

fn rows(page: &mut String, title: &str, results: &Results, works: &[&str]) -> Outcome {
    writeln!(page, "\n## {title}\n\n{COLUMNS}")?;
    for work in works {
        let base = results.row(work, BY_HAND);
        for row in results.rows.iter().filter(|row| row.work == *work) {
            line(page, row, base)?;
        }
    }
    Ok(())
}

/// The columns of a table of rows.
pub(crate) const COLUMNS: &str = "| work | library | CPU time | spread | × by hand | instructions | × by hand |\n\
     |---|---|---:|---:|---:|---:|---:|";

/// One row, beside the row by hand.
pub(crate) fn line(page: &mut String, row: &Measured, base: Option<&Measured>) -> Outcome {
    let times = base.map_or_else(String::new, |base| format!("{:.2}", row.nanos / base.nanos));
    let counts = base.and_then(|base| Some(row.instructions? / base.instructions?));
    let counts = counts.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let instructions = row.instructions.map_or_else(String::new, thousands);
    let (time, spread) = (time(row.nanos), row.spread * 100.0);
    let Measured { work, library, .. } = row;
    writeln!(
        page,
        "| {work} | {library} | {time} | ± {spread:.0} % | {times} | {instructions} | {counts} |"
    )?;
    Ok(())
}

fn many(page: &mut String, results: &Results) -> Outcome {
    writeln!(page, "\n## With 2 ms for each request\n")?;
    writeln!(page, "| work | requests | at once | dynamap | by hand |\n|---|---:|---:|---:|---:|")?;
    for row in &results.delayed {
        writeln!(
            page,
            "| {} | {} | {} | {:.2} | {:.2} |",
            row.work, row.requests, row.at_once, row.dynamap, row.by_hand
        )?;
    }
    writeln!(page, "\n## Memory of a scan\n")?;
    writeln!(page, "| items | dynamap | by hand |\n|---:|---:|---:|")?;
    for row in &results.memory {
        writeln!(page, "| {} | {} KiB | {} KiB |", row.items, row.dynamap, row.by_hand)?;
    }
    let Some(backfill) = &results.backfill else { return Ok(()) };
    writeln!(page, "\n## Backfill\n")?;
    writeln!(
        page,
        "Instructions for one item, the engine of the embedded store included: {} by the loop by hand, {} by the backfill.",
        thousands(backfill.by_hand),
        thousands(backfill.dynamap)
    )?;
    Ok(())
}

fn building(page: &mut String, results: &Results) -> Outcome {
    let Some(building) = &results.building else { return Ok(()) };
    writeln!(page, "\n## Building\n")?;
    writeln!(page, "| | crates | CPU time of a clean debug build |\n|---|---:|---:|")?;
    writeln!(page, "| the SDK with its HTTPS client | {} | |", building.sdk_alone_crates)?;
    writeln!(
        page,
        "| with `aws-config`, and a program that reads an item | {} | {:.0} s |",
        building.sdk_crates, building.sdk_seconds
    )?;
    writeln!(
        page,
        "| dynamap with its default features, and a program that reads an item | {} | {:.0} s |",
        building.crates, building.seconds
    )?;
    Ok(())
}

fn time(nanos: f64) -> String {
    if nanos < 10_000.0 {
        return format!("{nanos:.0} ns");
    }
    format!("{:.1} µs", nanos / 1_000.0)
}

/// `1 234 567`.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
