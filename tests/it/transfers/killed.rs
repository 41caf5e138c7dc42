//! Processes that are killed in the middle of a transfer: the next one goes on, and the result is the same.

#![allow(clippy::print_stdout, reason = "numbers that are worth a look")]

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use dynamap::{Database, embedded};
use flate2::read::GzDecoder;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::digest;
use crate::support::{Outcome, example, killed};

fn run(folder: &Path, arguments: &[&str]) -> String {
    let job = Command::new(example("tables")).current_dir(folder).args(arguments).output();
    let output = job.expect("the example");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Runs a job until it is held at a request, and kills the process there; whether it came so far before its end.
fn kill_at(folder: &Path, job: &[&str], side: &str, request: u32) -> bool {
    let mut process = Command::new(example("tables"));
    let process = process.current_dir(folder).args(job);
    killed(process.args(["hold", side, &request.to_string()])) == "held"
}

/// Kills a job at several requests of its runs.
fn kill(folder: &Path, job: &[&str], kills: usize, most: u32) {
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..kills {
        let side = if random.random_bool(0.5) { "before" } else { "after" };
        let request = random.random_range(1..=most);
        assert!(kill_at(folder, job, side, request), "{job:?} {side} request {request}");
    }
}

/// The number in `copied 5 in …`.
fn count(text: &str) -> u64 {
    let number = text.split(' ').nth(1).and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no number: {text}"))
}

/// Fills a table, and copies it by processes that are killed at ten points.
fn copy_with_kills(items: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run(folder, &["fill", "a.db", &items.to_string()]);
    let copy = ["copy", "a.db", "b.db"];
    kill(folder, &copy, 10, items / 100);
    let end = run(folder, &copy);
    println!("{end}");
    assert!(end.ends_with(&format!("true, {items} items\n")), "{end}");
    assert!((1..u64::from(items) * 9 / 10).contains(&count(&end)), "the last run went on: {end}");
}

#[test]
fn a_copy_that_is_killed_at_ten_points_is_the_same_in_the_end() {
    copy_with_kills(2000);
}

/// `cargo test --release --test it transfers::killed -- --ignored --nocapture` prints what the last run had left to do.
#[test]
#[ignore = "as the one before, and minutes where the disk is slow"]
fn a_copy_of_100000_items_that_is_killed_at_ten_points_is_the_same_in_the_end() {
    copy_with_kills(100_000);
}

/// How many lines the files have that look whole; each must be.
fn lines_of_whole_files(folder: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let mut lines = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        assert_ne!(path.file_name(), Some("manifest.json".as_ref()));
        if path.extension() == Some("gz".as_ref()) {
            let mut text = String::new();
            GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
            lines += text.lines().count();
        }
    }
    Ok(lines)
}

#[tokio::test]
async fn an_export_that_is_killed_leaves_whole_files_only_and_goes_on() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    run(folder, &["fill", "a.db", "2000"]);
    let export = ["export", "a.db", "backup"];
    let mut whole = vec![0];
    for request in [2, 30, 60, 10] {
        assert!(kill_at(folder, &export, "after", request), "request {request} of {whole:?}");
        whole.push(lines_of_whole_files(&folder.join("backup"))?);
    }
    println!("{whole:?} items in whole files");
    let last = whole.last().copied().unwrap_or_default();
    assert!(whole.is_sorted() && (1..2000).contains(&last), "{whole:?}");
    let end = run(folder, &export);
    assert!(end.starts_with("exported 2000") && end.ends_with("true\n"), "{end}");

    let import = ["import", "backup", "b.db"];
    kill(folder, &import, 5, 20);
    let end = run(folder, &import);
    println!("{end}");
    assert!(count(&end) < 2000 && end.ends_with("2000 items\n"), "{end}");
    let [a, b] = ["a.db", "b.db"].map(|name| folder.join(name));
    let (a, b) = (Database::new(embedded::open(a)?), Database::new(embedded::open(b)?));
    assert_eq!(digest(&a).await, digest(&b).await);
    Ok(())
}

/// `cargo test --release --test it transfers -- --ignored --nocapture` prints how long it takes.
#[test]
#[ignore = "numbers, and a minute"]
fn a_hundred_thousand_items_are_copied_exported_and_imported() -> Outcome {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    run(folder, &["fill", "a.db", "100000"]);
    let copied = run(folder, &["copy", "a.db", "b.db"]);
    assert!(copied.ends_with("true, 100000 items\n"), "{copied}");
    let exported = run(folder, &["export", "a.db", "backup"]);
    assert!(exported.ends_with("true\n"), "{exported}");
    let imported = run(folder, &["import", "backup", "c.db"]);
    assert!(imported.ends_with("100000 items\n"), "{imported}");
    println!("{copied}{exported}{imported}");
    Ok(())
}
