//! Migrations from the command line.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! Steps are Rust code, so the command is part of the program that has them: a binary of your own that names its models.
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
//! `admin migrate status | plan | dry-run | run | verify | retry-failed | history`; `admin migrate --help` lists the
//! options. Ctrl-C stops `run` and `retry-failed` at the next checkpoint, a second one at once; whatever is stopped or
//! killed, the next `run` goes on.
//!
//! # Exit codes
//!
//! | code | `outcome` | means |
//! |---|---|---|
//! | 0 | `done` | what was asked for is done; of `status` and `verify`: nothing is older |
//! | 1 | `error` | anything else, such as what the service said |
//! | 2 | | the command line is wrong; nothing was done |
//! | 3 | `older` | older items are left, or may be, since the job was never begun |
//! | 4 | `failed` | items could not be upgraded; of `dry-run`: would fail |
//! | 5 | `running` | another runner is at it; of `status`: or was killed |
//! | 6 | `drifted` | the steps are not those that the job was begun with |
//! | 7 | `interrupted` | the job was stopped; `run` goes on |
//!
//! Of several models the outcome is the first of `error`, `drifted`, `running`, `interrupted`, `failed`, `older`. One
//! model's failure does not keep the others from their turn; Ctrl-C does.
//!
//! # JSON
//!
//! `--json` writes one document to standard output, and nothing else: `command`, `outcome`, `exit_code` and `models`, a
//! list of objects with `model`, `schema`, `table`, `outcome`, and, where there is one, `error`. Beside these
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
//! failure has `key`, in DynamoDB's own JSON, and `why`. No value of an attribute is shown, but those of keys.
//!
//! # Layout
//!
//! * `args`: what can be asked for
//! * `jobs`: what can be done with a model, whatever its type
//! * `report`: what was found, as JSON; `text`: the same for people; `exit`: the exit code of it
//! * `notes`: what is told meanwhile
//! * `session`: one call of the program

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
