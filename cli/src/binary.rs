//! The program `dynamap`: all commands that need no types of a program, and the embedded store served.
//!
//! * `store`: which store is meant; `serve`: the embedded one over HTTP

mod serve;
mod store;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use dynamap_migrations::backfill::Stop;

use self::serve::Serve;
use self::store::Store;
use crate::args::{Args, Command, Global, choose};
use crate::exit::Exit;
use crate::models::Models;
use crate::notes::Notes;
use crate::report::{Failure, Report};
use crate::session::{Session, show};

/// Administers DynamoDB tables by their names, on AWS and in any store that speaks its protocol
#[derive(Debug, Parser)]
#[command(name = "dynamap", version)]
struct Line {
    #[command(flatten)]
    store: Store,
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Asked,
}

#[derive(Debug, Subcommand)]
enum Asked {
    /// Serves the embedded store over HTTP on this machine, until Ctrl-C
    Serve(Serve),
    #[command(flatten)]
    Other(Command),
}

/// The main function of the program `dynamap`.
pub async fn main(args: Vec<OsString>) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let exit = match parse(&args) {
        Err(shown) => show(&shown, &mut out, &mut err),
        Ok(Line { command: Asked::Serve(serve), global, store }) => {
            serve.run(&store, global.json, &mut out, &mut err).await
        }
        Ok(Line { command: Asked::Other(command), global, store }) => match store.open().await {
            Err(error) => {
                let failure = Failure::new(Exit::Error, &error);
                let report = Report::of(command.name(), Err(failure));
                report.write(global.json, &mut out, &Notes::new(&mut err, false))
            }
            Ok(db) => {
                let args = Args { global, command };
                let program = "dynamap".to_owned();
                let line = Some(line());
                let session =
                    Session { models: Models::new(), args, stop: Stop::new(), program, line };
                session.run(&db, &mut out, &mut err).await
            }
        },
    };
    exit.into()
}

/// What needs the types of a program is not offered.
fn line() -> clap::Command {
    let hidden = |line: clap::Command, names: &[&'static str]| {
        names.iter().fold(line, |line, name| line.mut_subcommand(name, |one| one.hide(true)))
    };
    hidden(Line::command(), &["migrate", "view"])
        .mut_subcommand("table", |table| hidden(table, &["create", "verify", "plan", "update"]))
        .mut_subcommand("sequence", |sequence| hidden(sequence, &["verify", "repair"]))
}

fn parse(args: &[OsString]) -> Result<Line, clap::Error> {
    use clap::FromArgMatches as _;
    let mut line = line();
    let mut matches = line.try_get_matches_from_mut(args)?;
    let parsed =
        Line::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut line))?;
    let wrong = match &parsed.command {
        Asked::Serve(serve) => serve.wrong(&parsed.store),
        Asked::Other(_) => parsed.store.wrong(false),
    };
    if let Some(wrong) = wrong {
        return Err(line.error(ErrorKind::ArgumentConflict, wrong));
    }
    if let Asked::Other(command) = &parsed.command {
        choose(command, &mut Models::new(), || line)?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_one_that_clap_takes() {
        line().debug_assert();
        Args::command().debug_assert();
    }
}
