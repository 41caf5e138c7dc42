//! What can be asked for on the command line: the groups of commands, and what all of them take.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::completions::Completions;
use crate::item::ItemCommand;
use crate::migrate::Migrate;
use crate::models::Models;
use crate::policy::Policy;
use crate::report::Failure;
use crate::sequence::SequenceCommand;
use crate::table::TableCommand;
use crate::transaction::TransactionCommand;
use crate::view::ViewCommand;

/// Administers the tables of this program's models, and any others by their names
#[derive(Debug, Parser)]
#[command(about)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Global {
    /// One JSON document on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Does what cannot be undone also where the store is not on this machine
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Brings stored items to the schemas of their models
    Migrate(Migrate),
    /// Tables: made, compared, changed, copied, exported, imported, deleted
    #[command(subcommand)]
    Table(TableCommand),
    /// Items, as they are stored
    #[command(subcommand)]
    Item(ItemCommand),
    /// Sequences: what they have given out, and whether that is behind
    #[command(subcommand)]
    Sequence(SequenceCommand),
    /// Views: rows that follow from items
    #[command(subcommand)]
    View(ViewCommand),
    /// Recorded transactions
    #[command(subcommand)]
    Transaction(TransactionCommand),
    /// Prints the smallest IAM policy for what a program does; keys of KMS need rights of their own
    Policy(Policy),
    /// Prints what makes a shell complete these commands
    Completions(Completions),
}

/// Which of the program's models are meant.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Chosen {
    /// Only this model; can be given several times
    #[arg(long = "model", value_name = "NAME")]
    pub(crate) models: Vec<String>,
}

impl Command {
    /// Its name, as it is told in the JSON document.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Migrate(migrate) => migrate.verb.name().to_owned(),
            Self::Table(command) => format!("table {}", command.name()),
            Self::Item(command) => format!("item {}", command.name()),
            Self::Sequence(command) => format!("sequence {}", command.name()),
            Self::View(command) => format!("view {}", command.name()),
            Self::Transaction(command) => format!("transaction {}", command.name()),
            Self::Policy(_) => "policy".to_owned(),
            Self::Completions(_) => "completions".to_owned(),
        }
    }

    /// The models that are named, of a command that is about models.
    fn models(&self) -> Option<&[String]> {
        match self {
            Self::Migrate(migrate) => Some(&migrate.options.models),
            Self::Table(command) => command.models(),
            Self::Sequence(command) => command.models(),
            Self::View(command) => Some(command.models()),
            Self::Policy(policy) => policy.models(),
            Self::Item(_) | Self::Transaction(_) | Self::Completions(_) => None,
        }
    }

    /// What is said at the first Ctrl-C, of a command that does not end at once then.
    pub(crate) fn when_interrupted(&self) -> Option<&'static str> {
        match self {
            Self::Migrate(migrate) if migrate.verb.has_checkpoints() => Some(AT_CHECKPOINT),
            Self::Table(TableCommand::Copy(_)) => Some(AT_CHECKPOINT),
            Self::Table(TableCommand::Throughput(_)) => Some(
                "waits for the command, and restores the throughput; Ctrl-C again ends both at once, and leaves it raised",
            ),
            _ => None,
        }
    }
}

impl Command {
    /// What is told where it was ended at once.
    pub(crate) fn ended(&self) -> Failure {
        match self {
            Self::Table(command) => command.ended(),
            _ => Failure::ended(),
        }
    }
}

const AT_CHECKPOINT: &str = "stops at the next checkpoint; Ctrl-C again ends it at once";

/// Reads a command line, and chooses the models that it names.
///
/// # Errors
/// Where it is no such command, or asks for help: what is to be shown.
pub(crate) fn parse(args: &[OsString], models: &mut Models) -> Result<Args, clap::Error> {
    let args = Args::try_parse_from(args)?;
    choose(&args.command, models, Args::command)?;
    Ok(args)
}

/// Chooses the models that a command names.
///
/// # Errors
/// Where there is no such model, or none at all, and the command is about models.
pub(crate) fn choose(
    command: &Command,
    models: &mut Models,
    line: impl FnOnce() -> clap::Command,
) -> Result<(), clap::Error> {
    let Some(chosen) = command.models() else { return Ok(()) };
    let names = models.names();
    let wrong = if names.is_empty() {
        "this program names no models: write one that calls `dynamap::cli::run(models![…])`"
            .to_owned()
    } else if let Some(name) = chosen.iter().find(|name| !names.contains(&name.as_str())) {
        format!("there is no model `{name}`: there are {}", names.join(", "))
    } else {
        models.choose(chosen, matches!(command, Command::Table(_)));
        return Ok(());
    };
    Err(line().error(ErrorKind::InvalidValue, wrong))
}

/// A number of 1 or more.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
