//! What was measured, and on what.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, the compiler and the libraries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Versions {
    pub date: String,
    pub machine: String,
    pub compiler: String,
    pub libraries: Vec<String>,
}

/// What is measured now, and on what: the versions of these libraries are those of the lock file.
#[must_use]
pub fn now(lock: &str, libraries: &[&str]) -> Versions {
    let told = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map_or_else(
            |_| format!("no {program}"),
            |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let version = |name: &&str| Some(format!("{name} {}", locked(lock, name)?));
    Versions {
        date: told("date", "+%Y-%m-%d"),
        machine: machine(),
        compiler: told("rustc", "--version"),
        libraries: libraries.iter().filter_map(version).collect(),
    }
}

/// The processor and how many of its cores there are.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores, Linux", model.map_or("an unknown processor", |(_, model)| model))
}

/// The version of a package in a lock file.
#[must_use]
pub fn locked(lock: &str, name: &str) -> Option<String> {
    let package = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&package)?;
    rest.split_once('"').map(|(version, _)| version.to_owned())
}
