//! Tables: made, compared with models, changed, copied, exported, imported, deleted.
//!
//! * `named`: what needs only a name; `wanted`: what models want; `transfer`: all items of one; `throughput`: for a while

mod named;
mod throughput;
mod transfer;
mod wanted;

use clap::Subcommand;
use futures_util::future::BoxFuture;

use crate::args::Chosen;
use crate::report::{Answered, Failure};
use crate::session::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum TableCommand {
    /// Lists the names of all tables that begin with the prefix, without it
    List,
    /// Tells what a table is: keys, indexes, billing, sizes
    Describe(Name),
    /// Makes the tables of the models, and those that the library needs for them, where they are missing
    Create(Chosen),
    /// Compares the tables with what the models want
    Verify(Chosen),
    /// Tells what `update` would change
    Plan(Update),
    /// Brings the tables to what the models want, as far as the service can
    Update(Update),
    /// Deletes a table, if it holds no items
    Delete(Delete),
    /// Copies all items into another table, which must be there; Ctrl-C stops at the next checkpoint
    Copy(transfer::CopyArgs),
    /// Writes all items into the files of a folder
    Export(transfer::ExportArgs),
    /// Stores the items of the files of a folder, or of one file
    Import(transfer::ImportArgs),
    /// Raises the throughput of a table while a command runs
    Throughput(throughput::ThroughputArgs),
    /// Restores the throughput that a killed command has left raised
    ThroughputRepair(Name),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Name {
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    pub(super) name: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// Also drops indexes: those that no model knows, and those with other keys or attributes, which are made again
    #[arg(long)]
    pub(super) drop_indexes: bool,
    /// Also turns streams off, and makes those anew that tell something else: what reads the old one gets nothing more
    #[arg(long)]
    pub(super) remake_stream: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(super) table: Name,
    /// Whatever it holds
    #[arg(long)]
    pub(super) with_all_items: bool,
}

impl TableCommand {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Describe(_) => "describe",
            Self::Create(_) => "create",
            Self::Verify(_) => "verify",
            Self::Plan(_) => "plan",
            Self::Update(_) => "update",
            Self::Delete(_) => "delete",
            Self::Copy(_) => "copy",
            Self::Export(_) => "export",
            Self::Import(_) => "import",
            Self::Throughput(_) => "throughput",
            Self::ThroughputRepair(_) => "throughput-repair",
        }
    }

    /// The models that are named, of a command that is about models.
    pub(crate) fn models(&self) -> Option<&[String]> {
        match self {
            Self::Create(chosen) | Self::Verify(chosen) => Some(&chosen.models),
            Self::Plan(update) | Self::Update(update) => Some(&update.chosen.models),
            _ => None,
        }
    }

    /// What is told where it was ended at once.
    pub(crate) fn ended(&self) -> Failure {
        match self {
            Self::Throughput(args) => args.ended(),
            Self::Import(args) => args.ended(),
            _ => Failure::ended(),
        }
    }

    pub(crate) fn run<'f, 'n: 'f>(&'f self, call: Call<'f, 'n>) -> BoxFuture<'f, Answered> {
        match self {
            Self::List => Box::pin(named::list(call)),
            Self::Describe(Name { name }) => Box::pin(named::describe(call, name)),
            Self::Create(_) => Box::pin(wanted::create(call)),
            Self::Verify(_) => Box::pin(wanted::verify(call)),
            Self::Plan(update) => Box::pin(wanted::plan(call, update)),
            Self::Update(update) => Box::pin(wanted::update(call, update)),
            Self::Delete(delete) => Box::pin(named::delete(call, delete)),
            Self::Copy(args) => Box::pin(transfer::copy(call, args)),
            Self::Export(args) => Box::pin(transfer::export(call, args)),
            Self::Import(args) => Box::pin(transfer::import(call, args)),
            Self::Throughput(args) => Box::pin(throughput::raise(call, args)),
            Self::ThroughputRepair(Name { name }) => Box::pin(throughput::repair(call, name)),
        }
    }
}
