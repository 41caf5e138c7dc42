//! What can be asked of migrations.

use std::time::Duration;

use clap::Subcommand;
use dynamap_mapper::{Database, RateLimit};
use dynamap_migrations::BackfillRecord;

use crate::args::count;

/// Units per second of the table of the records.
const RECORDS: u32 = 1_000;

/// A verb, and its options: they may stand before it or behind it.
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum Verb {
    /// Tells what became of the jobs, from their records alone
    Status,
    /// Counts the items of each schema, and what upgrading takes; reads whole tables, writes nothing
    Plan,
    /// Runs the steps in memory and tells which items would fail; reads whole tables, writes nothing
    DryRun,
    /// Upgrades all older items, from the last checkpoint on; Ctrl-C stops at the next one. It asks for no --yes: what is
    /// upgraded reads as before
    Run,
    /// Counts what is older, and notes in the record whether nothing is; reads whole tables
    Verify,
    /// Tries again the items that the records name as failed
    RetryFailed,
    /// Lists all jobs and their runs
    History,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only this model; can be given several times
    #[arg(long = "model", value_name = "NAME", global = true)]
    pub(crate) models: Vec<String>,
    /// In how many segments a table is scanned; a job that was begun keeps its own
    #[arg(long, value_name = "N", default_value_t = 4, global = true, value_parser = count)]
    pub(crate) segments: usize,
    /// How many items lie between two checkpoints [default: what 1 MB holds]
    #[arg(long, value_name = "N", global = true, value_parser = count)]
    pub(crate) page_size: Option<usize>,
    /// How many items are upgraded at once
    #[arg(long, value_name = "N", default_value_t = 16, global = true, value_parser = count)]
    pub(crate) at_once: usize,
    /// How many items may fail before the job stops
    #[arg(long, value_name = "N", default_value_t = 100, global = true)]
    pub(crate) tolerate: usize,
    /// Seconds without a sign of life after which a runner is taken for dead; the same for all runners
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true,
          value_parser = clap::value_parser!(u32).range(1..))]
    lease: u32,
    /// Read units per second that are taken at most, of each table of a model and each index
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(1..))]
    read_units: Option<u32>,
    /// Write units per second that are taken at most, of each table of a model and each index
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(1..))]
    write_units: Option<u32>,
}

impl Verb {
    /// Its name, as it is told in the JSON document.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Plan => "plan",
            Self::DryRun => "dry-run",
            Self::Run => "run",
            Self::Verify => "verify",
            Self::RetryFailed => "retry-failed",
            Self::History => "history",
        }
    }

    /// Whether it ends at a checkpoint where it is stopped. The others write nothing that could be half done.
    pub(crate) fn has_checkpoints(self) -> bool {
        matches!(self, Self::Run | Self::RetryFailed)
    }
}

impl Options {
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease.into())
    }

    /// A handle that keeps to the limits. The table of the records has its own, so that a runner that goes slowly still
    /// gives signs of life.
    pub(crate) fn limited(&self, db: &Database) -> Database {
        let mut limit = RateLimit::new().table::<BackfillRecord>(RECORDS, RECORDS);
        if let Some(units) = self.read_units {
            limit = limit.read(units);
        }
        if let Some(units) = self.write_units {
            limit = limit.write(units);
        }
        match (self.read_units, self.write_units) {
            (None, None) => db.clone(),
            _ => db.limited(limit),
        }
    }
}
