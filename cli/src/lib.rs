//! Tables, items, sequences, views, transactions and migrations from the command line.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! Steps and views are Rust code, so the command is part of the program that has them: a binary of your own that names its
//! models. What needs no types is in the program `dynamap` too, the binary of this crate (feature `binary`).
//!
//! ```no_run
//! # use dynamap::{Database, Model};
//! # #[derive(Debug, Clone, Model)]
//! # #[model(table = "accounts", validate = false)]
//! # struct Account { #[model(hash_key)] id: u64 }
//! # #[derive(Debug, Clone, Model)]
//! # #[model(table = "maps", validate = false)]
//! # struct DoomMap { #[model(hash_key)] id: u64 }
//! use std::process::ExitCode;
//!
//! use dynamap::cli::{Cli, models};
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     // On AWS: `dynamap::cli::run(models![Account, DoomMap]).await`
//!     let db = Database::new(dynamap::embedded::open("game.db").expect("the file"));
//!     Cli::new(models![Account, DoomMap]).run(&db).await
//! }
//! ```
//!
//! | group | verbs |
//! |---|---|
//! | `table` | `list`, `describe`, `create`, `verify`, `plan`, `update`, `delete`, `copy`, `export`, `import`, `throughput`, `throughput-repair` |
//! | `item` | `get`, `query` |
//! | `sequence` | `list`, `peek`, `raise`, `verify`, `repair` |
//! | `view` | `rebuild`, `verify` |
//! | `transaction` | `resolve`, `list` |
//! | `migrate` | `status`, `plan`, `dry-run`, `run`, `verify`, `retry-failed`, `history` |
//! | `policy`, `completions` | |
//!
//! `admin table --help` lists the options. Ctrl-C stops `migrate run`, `migrate retry-failed` and `table copy` at the next
//! checkpoint, a second one at once; what has a checkpoint goes on when it is run again. What cannot be undone asks for
//! `--yes` where the store is not on this machine. `migrate run` does not: what it writes reads as before.
//!
//! # Exit codes
//!
//! | code | `outcome` | means |
//! |---|---|---|
//! | 0 | `done` | what was asked for is done; of `verify`: all is as it shall be; of `migrate status`: nothing is older |
//! | 1 | `error` | anything else, such as what the service said |
//! | 2 | `usage` | the command line is wrong, or lacks `--yes`; nothing was done |
//! | 3 | `older` | older items are left, or may be, since the job was never begun |
//! | 4 | `failed` | items or lines failed; of `dry-run`: would fail; of `throughput`: the command did |
//! | 5 | `running` | another one is at it; of `migrate status`: or was killed |
//! | 6 | `drifted` | the steps are not those that the job was begun with |
//! | 7 | `interrupted` | it was stopped; what has a checkpoint goes on when it is run again |
//! | 8 | `differs` | what is there is not what shall be |
//! | 9 | `missing` | there is no such table or item; of `migrate`: a model's table |
//! | 10 | `aborted` | the transaction was not committed, and never will be |
//! | 11 | `raised` | the throughput is raised still, or may be |
//!
//! Of several models the outcome of `migrate` is the first of `error`, `drifted`, `running`, `interrupted`, `failed`,
//! `missing`, `older`. One model's failure does not keep the others from their turn; Ctrl-C does.
//!
//! # JSON
//!
//! `--json` writes one document to standard output, and nothing else: `command`, `outcome`, `exit_code`, and `result`, or
//! `error` where there is none, with `failures` where items or lines failed. A command line that is not understood has none.
//! `has_more` is true where a limit cuts off what was found.
//!
//! Instead of `result` migrations have `models`, a list of objects with `model`, `schema`, `table`, `outcome`, and, where
//! there is one, `error`. Beside these
//!
//! | command | has |
//! |---|---|
//! | `status`, `run`, `retry-failed` | `record`, where the job was ever begun |
//! | `plan`, `verify` | `plan`: `items`, `older`, `schemas`, `write_units`; of `plan` also `required`: which steps need the backfill, and why |
//! | `dry-run` | `dry_run`: `upgraded`, `failed`, `failures`, `samples` |
//! | `history` | `history`: a list of records, the newest schema last |
//! | `run`, where more failed than are tolerated | `failures` |
//!
//! A record has the fields of [`BackfillRecord`](dynamap_migrations::BackfillRecord), times as RFC 3339 writes them; a
//! failure has `key`, in DynamoDB's own JSON, and `why`. No value of an attribute is shown, but those of keys, and of items
//! that `item` is asked for.
//!
//! # Layout
//!
//! * `args`: the groups of commands, and what all of them take
//! * `table`, `item`, `sequence`, `view`, `transaction`, `migrate`, `policy`, `completions`: a group each: what can be asked
//!   for, what is done, what is shown
//! * `models`: what can be done with a model, whatever its type
//! * `report`: what was found, as JSON and for people; `exit`: the exit code of it; `json`: items in JSON
//! * `consent`: whether what cannot be undone may be done; `place`: stores on the network
//! * `notes`: what is told meanwhile
//! * `session`: one call of the program; `binary` (feature): the program `dynamap`

mod args;
#[cfg(feature = "binary")]
mod binary;
mod completions;
mod consent;
mod exit;
mod item;
mod json;
mod migrate;
mod models;
mod notes;
#[cfg(feature = "aws")]
mod place;
mod policy;
mod report;
mod sequence;
mod session;
mod table;
mod transaction;
mod view;

#[cfg(feature = "binary")]
#[doc(hidden)]
pub use binary::main;
pub use exit::Exit;
pub use models::Models;
pub use session::Cli;
#[cfg(feature = "aws")]
pub use session::run;
