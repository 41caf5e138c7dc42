//! More throughput for a table while a command runs.

use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};

use dynamap_mapper::error::TableError;
use dynamap_mapper::{Error, Raised, Throughput};
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::process::Command;

use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered, Failure, chain};
use crate::session::Call;

#[derive(Debug, clap::Args)]
pub(crate) struct ThroughputArgs {
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    name: String,
    /// Read units per second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    read: u32,
    /// Write units per second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    write: u32,
    /// Raises a global index as well; can be given several times
    #[arg(long = "index", value_name = "INDEX:READ:WRITE", value_parser = index)]
    indexes: Vec<(String, Throughput)>,
    /// The command, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<std::ffi::OsString>,
}

/// What became of the command.
#[derive(Serialize)]
struct Ran {
    table: String,
    read: u32,
    write: u32,
    /// Its exit code; none where a signal ended it.
    command_exit_code: Option<i32>,
    /// Why it could not be run.
    command_error: Option<String>,
    /// Why the throughput is raised still.
    not_restored: Option<String>,
}

#[derive(Serialize)]
struct Repaired {
    table: String,
    was_raised: bool,
}

pub(super) async fn raise(call: Call<'_, '_>, args: &ThroughputArgs) -> Answered {
    let table = call.db.table(&args.name);
    let ThroughputArgs { read, write, .. } = *args;
    let mut raise = table.raise(Throughput::new(read, write));
    for (index, throughput) in &args.indexes {
        raise = raise.index(index.clone(), *throughput);
    }
    // Whatever becomes of the command, it is told whether the throughput was restored.
    // Whoever stops it before it begins does not want the command any more.
    let is_stopped = || call.stop.asked().now_or_never().is_some();
    let raised = raise.run(|| async {
        call.notes.say(&format!("the throughput of table {} is raised", table.full_name()));
        let stopped = || io::Error::new(io::ErrorKind::Interrupted, "stopped before it began");
        Ok::<_, Error>(if is_stopped() { Err(stopped()) } else { spawn(args, call.json).await })
    });
    let Raised { output, not_restored, .. } = match Box::pin(raised).await {
        Ok(raised) => raised,
        Err(Error::Table(error)) if matches!(*error, TableError::MayBeRaised { .. }) => {
            return Err(Failure::raised(&args.name, &error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    let outcome = match (&not_restored, &output) {
        (Some(_), _) => Exit::Raised,
        (None, Ok(status)) if status.success() => Exit::Done,
        (None, Err(error)) if error.kind() == io::ErrorKind::Interrupted => Exit::Interrupted,
        (None, _) => Exit::Failed,
    };
    let ran = Ran {
        table: table.full_name().to_owned(),
        read,
        write,
        command_exit_code: output.as_ref().ok().and_then(ExitStatus::code),
        command_error: output.err().map(|error| error.to_string()),
        not_restored: not_restored.map(|error| chain(&error)),
    };
    Answer::new(outcome, &ran)
}

impl ThroughputArgs {
    /// What is told where it was ended at once.
    pub(crate) fn ended(&self) -> Failure {
        Failure::raised(&self.name, "ended at once")
    }
}

/// Runs a command to its end. Its standard output is not the place of a document.
async fn spawn(args: &ThroughputArgs, json: bool) -> io::Result<ExitStatus> {
    let (program, arguments) =
        args.command.split_first().expect("the command line asks for one word at least");
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    if json {
        command.stdout(Stdio::from(io::stderr()));
    }
    command.status().await
}

pub(super) async fn repair(call: Call<'_, '_>, name: &str) -> Answered {
    let table = call.db.table(name);
    let full = table.full_name().to_owned();
    consent::ask(call.db, call.yes, &format!("this lowers the throughput of table {full}")).await?;
    let was_raised = table.restore_throughput().await?;
    Answer::new(Exit::Done, &Repaired { table: full, was_raised })
}

/// `by_day:100:50`.
fn index(text: &str) -> Result<(String, Throughput), String> {
    let wrong = || "write INDEX:READ:WRITE, as in by_day:100:50".to_owned();
    let mut parts = text.rsplitn(3, ':');
    let mut units = || parts.next()?.parse::<u32>().ok().filter(|units| *units > 0);
    let (write, read) = (units().ok_or_else(wrong)?, units().ok_or_else(wrong)?);
    let name = parts.next().filter(|name| !name.is_empty()).ok_or_else(wrong)?;
    Ok((name.to_owned(), Throughput::new(read, write)))
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, .. } = self;
        match (self.command_exit_code, &self.command_error) {
            (_, Some(error)) => writeln!(f, "the command could not be run: {error}")?,
            (Some(0), _) => writeln!(f, "the command is done")?,
            (Some(code), _) => writeln!(f, "the command ended with code {code}")?,
            (None, _) => writeln!(f, "the command was ended by a signal")?,
        }
        match &self.not_restored {
            None => writeln!(f, "the throughput of table {table} is restored"),
            Some(why) => writeln!(f, "the throughput of table {table} is raised still: {why}"),
        }
    }
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.was_raised { "is restored" } else { "was not raised" };
        writeln!(f, "the throughput of table {} {what}", self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_given_with_its_units() {
        assert_eq!(index("by_day:100:50"), Ok(("by_day".to_owned(), Throughput::new(100, 50))));
        for wrong in ["by_day", "by_day:1", ":1:2", "by_day:0:1", "by_day:1:x", ""] {
            assert!(index(wrong).is_err(), "{wrong}");
        }
    }
}
