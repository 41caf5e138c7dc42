//! The example that administers migrations, as a process of its own: stopped by Ctrl-C, finished by the next run.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::example;

fn admin(file: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(example("admin"));
    command.env("ADMIN_DB", file).arg("migrate").args(args);
    command
}

fn document(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{error}"));
    assert_eq!(document["exit_code"].as_i64(), output.status.code().map(i64::from));
    document
}

fn call(file: &Path, args: &[&str]) -> Value {
    document(&admin(file, args).arg("--json").output().expect("the example"))
}

/// Sends Ctrl-C as soon as the job is begun, and again where it shall end at once.
#[cfg(unix)]
fn interrupted(file: &Path, args: &[&str], times: usize) -> Value {
    let mut child = admin(file, args)
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example");
    let pid = child.id().to_string();
    let mut lines = BufReader::new(child.stderr.take().expect("its notes")).lines();
    for line in lines.by_ref().take(times) {
        assert!(!line.expect("a note").is_empty());
        let status = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
        assert!(status.success());
    }
    let output = child.wait_with_output().expect("its end");
    lines.for_each(drop);
    document(&output)
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_what_the_next_run_finishes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("game.db");
    assert_eq!(call(&file, &["plan"])["models"][0]["plan"]["older"], 200);
    let slowly = ["run", "--write-units", "10", "--page-size", "5", "--segments", "1"];

    let stopped = interrupted(&file, &slowly, 1);
    assert_eq!((&stopped["exit_code"], &stopped["outcome"]), (&7.into(), &"interrupted".into()));
    let record = &stopped["models"][0]["record"];
    let seen = record["items"].as_u64().expect("a number");
    assert!((1..200).contains(&seen), "{record}");
    assert_eq!(record["state"], "interrupted");
    assert_eq!(call(&file, &["status"])["models"][0]["outcome"], "interrupted");

    // The second one ends it as a kill does, in the middle of a page that takes a minute.
    let slower = ["run", "--write-units", "1", "--page-size", "80", "--at-once", "1"];
    let ended = interrupted(&file, &slower, 2);
    assert_eq!(ended["exit_code"], 7);
    // On a slow machine it comes before the run has noted that it began.
    let status = call(&file, &["status"]);
    let has_begun = status["models"][0]["outcome"] == "running";
    assert!(has_begun || status["models"][0]["outcome"] == "interrupted", "{status}");

    let done = call(&file, &["run", "--lease", "1"]);
    assert_eq!(done["exit_code"], 0, "{done}");
    let record = &done["models"][0]["record"];
    let expected = ["interrupted", "interrupted", "completed"];
    let expected = if has_begun { &expected[..] } else { &expected[1..] };
    assert_eq!((&record["items"], &record["runs"]), (&200.into(), &expected.len().into()));
    let history = record["history"].as_array().expect("runs").iter().map(|run| &run["state"]);
    assert_eq!(history.collect::<Vec<_>>(), expected);
    assert_eq!(call(&file, &["verify"])["exit_code"], 0);
}

#[test]
fn a_process_tells_its_outcome_by_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("game.db");
    for (args, code) in [
        (&["status"][..], 3),
        (&["verify"], 3),
        (&["retry-failed"], 3),
        (&["nothing"], 2),
        (&["run", "--model", "DoomMap"], 0),
        (&["status", "--model", "DoomMap"], 0),
        (&["verify"], 3),
    ] {
        let output = admin(&file, args).output().expect("the example");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    }
    assert!(!admin(Path::new("/"), &["status"]).status().expect("the example").success());
}
