//! What can be asked of copies, exports and imports.

use std::path::PathBuf;

use clap::ValueEnum;
use dynamap_mapper::{Database, RateLimit};
use dynamap_transfer::Existing;

use super::full_name;
use crate::args::count;
use crate::consent;
use crate::report::Failure;
use crate::session::Call;

#[derive(Debug, clap::Args)]
pub(crate) struct CopyArgs {
    /// The table that is read
    #[arg(value_name = "FROM")]
    pub(super) from: String,
    /// The table that is written
    #[arg(value_name = "TO")]
    pub(super) to: String,
    #[command(flatten)]
    pub(super) target: Target,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Reads both tables afterwards, and compares them
    #[arg(long)]
    pub(super) verify: bool,
}

/// The store of the table that is written, where it is another one.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_field_names, reason = "they are the names of the options")]
pub(super) struct Target {
    /// The prefix of the table that is written [default: the same]
    #[arg(long, value_name = "PREFIX")]
    pub(super) to_prefix: Option<String>,
    /// Another AWS Region [default: that of the source, as all that is not said]
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "REGION")]
    pub(super) to_region: Option<String>,
    /// Another profile, and so another account
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "PROFILE")]
    pub(super) to_profile: Option<String>,
    /// Another store that speaks DynamoDB's protocol
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "URL")]
    pub(super) to_endpoint: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// A folder, which is made where it is missing
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// A folder with an export, or one file
    #[arg(value_name = "DIR")]
    pub(super) path: PathBuf,
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) writing: Writing,
}

#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// In how many segments the table is read; a job that was begun keeps its own
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = count)]
    pub(super) segments: usize,
    /// How many items one request reads, and lie between two checkpoints [default: what 1 MB holds]
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) page_size: Option<usize>,
    /// Reads at half the price: what was written in the last second may be missed
    #[arg(long)]
    pub(super) eventually_consistent: bool,
    /// Read units per second that are taken at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) read_units: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Writing {
    /// What becomes of items that are there already
    #[arg(long, value_enum, default_value_t = WhatIsThere::Refuse)]
    pub(super) existing: WhatIsThere,
    /// How many requests write at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = count)]
    pub(super) at_once: usize,
    /// How many items or lines may fail before the job ends
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) tolerate: usize,
    /// Keeps the place in this file, and goes on behind the one that it holds; a job that is finished removes it
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,
    /// Write units per second that are taken at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) write_units: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WhatIsThere {
    /// They stay, and that is a failure
    Refuse,
    /// They stay
    Keep,
    /// They are replaced
    Replace,
}

impl ImportArgs {
    /// What is told where it was ended at once.
    pub(crate) fn ended(&self) -> Failure {
        Failure::ended().and(match &self.writing.checkpoint {
            Some(_) => ": the next run goes on behind the last checkpoint",
            None => ": without --checkpoint the next run begins anew, and meets what is there",
        })
    }
}

impl Target {
    /// The store that is written: the same one, unless another is named. What is not said of another is as with the source;
    /// an embedded one has no place, and leaves it to the environment.
    pub(super) async fn open(&self, db: &Database) -> Database {
        let own = full_name(db, "");
        let prefix = self.to_prefix.clone().unwrap_or_else(|| own.clone());
        #[cfg(feature = "aws")]
        {
            let place = crate::place::Place {
                profile: self.to_profile.clone(),
                region: self.to_region.clone(),
                endpoint: self.to_endpoint.clone(),
            };
            if !place.is_unsaid() {
                let target = if consent::is_embedded(db.client()).await {
                    place.open().await
                } else {
                    place.open_beside(db.client())
                };
                return target.table_prefix(prefix).build();
            }
        }
        if prefix == own {
            return db.clone();
        }
        Database::builder(db.client().clone()).table_prefix(prefix).build()
    }
}

impl Reading {
    /// A handle that keeps to the limit.
    pub(super) fn of(&self, db: &Database) -> Database {
        self.read_units.map_or_else(|| db.clone(), |units| db.limited(RateLimit::new().read(units)))
    }
}

impl Writing {
    /// A handle that keeps to the limit.
    pub(super) fn of(&self, db: &Database) -> Database {
        let limited = |units| db.limited(RateLimit::new().write(units));
        self.write_units.map_or_else(|| db.clone(), limited)
    }

    /// What replaces items cannot be undone.
    pub(super) async fn ask(
        &self,
        db: &Database,
        call: Call<'_, '_>,
        table: &str,
    ) -> Result<(), Failure> {
        if self.existing != WhatIsThere::Replace {
            return Ok(());
        }
        consent::ask(db, call.yes, &format!("this replaces items of table {table}")).await
    }
}

impl From<WhatIsThere> for Existing {
    fn from(what: WhatIsThere) -> Self {
        match what {
            WhatIsThere::Refuse => Self::Refuse,
            WhatIsThere::Keep => Self::Keep,
            WhatIsThere::Replace => Self::Replace,
        }
    }
}
