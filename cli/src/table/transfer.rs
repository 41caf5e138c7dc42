//! All items of a table: into another one, into files, from files.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;
use dynamap_mapper::{Database, RateLimit};
use dynamap_transfer::{Existing, Progress, Transfer as _};
use serde::Serialize;

use crate::args::count;
use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered, Failure};
use crate::session::Call;

#[derive(Debug, clap::Args)]
pub(crate) struct CopyArgs {
    /// The table that is read
    #[arg(value_name = "FROM")]
    from: String,
    /// The table that is written
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    writing: Writing,
    /// Reads both tables afterwards, and compares them
    #[arg(long)]
    verify: bool,
}

/// The store of the table that is written, where it is another one.
#[derive(Debug, clap::Args)]
struct Target {
    /// The prefix of the table that is written [default: the same]
    #[arg(long, value_name = "PREFIX")]
    to_prefix: Option<String>,
    /// Another AWS Region
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "REGION")]
    to_region: Option<String>,
    /// Another profile, and so another account
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "PROFILE")]
    to_profile: Option<String>,
    /// Another store that speaks DynamoDB's protocol
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "URL")]
    to_endpoint: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    name: String,
    /// A folder, which is made where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// A folder with an export, or one file
    #[arg(value_name = "DIR")]
    path: PathBuf,
    /// The table's name, without the prefix
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Debug, clap::Args)]
struct Reading {
    /// In how many segments the table is read; a job that was begun keeps its own
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = count)]
    segments: usize,
    /// How many items one request reads, and lie between two checkpoints [default: what 1 MB holds]
    #[arg(long, value_name = "N", value_parser = count)]
    page_size: Option<usize>,
    /// Reads at half the price: what was written in the last second may be missed
    #[arg(long)]
    eventually_consistent: bool,
    /// Read units per second that are taken at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    read_units: Option<u32>,
}

#[derive(Debug, clap::Args)]
struct Writing {
    /// What becomes of items that are there already
    #[arg(long, value_enum, default_value_t = WhatIsThere::Refuse)]
    existing: WhatIsThere,
    /// How many requests write at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = count)]
    at_once: usize,
    /// How many items or lines may fail before the job ends
    #[arg(long, value_name = "N", default_value_t = 0)]
    tolerate: usize,
    /// Keeps the place in this file, and goes on behind the one that it holds; a job that is finished removes it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Write units per second that are taken at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    write_units: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhatIsThere {
    /// They stay, and that is a failure
    Refuse,
    /// They stay
    Keep,
    /// They are replaced
    Replace,
}

/// What was moved.
#[derive(Serialize)]
struct Moved {
    from: String,
    to: String,
    is_finished: bool,
    items: u64,
    written: u64,
    bytes: u64,
    kept: u64,
    /// What failed, by all runs.
    failures: Vec<String>,
    /// Whether both tables hold the same, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_equal: Option<bool>,
    /// How many files an export has.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    #[serde(skip)]
    has_checkpoint: bool,
}

pub(super) async fn copy(call: Call<'_, '_>, args: &CopyArgs) -> Answered {
    let CopyArgs { from, to, target, reading, writing, verify } = args;
    let (source, target) = (reading.of(call.db), target.open(call.db).await);
    let full = target.table(to).full_name().to_owned();
    writing.ask(&target, call, &full).await?;
    let target = writing.of(&target);
    let mut copy = source
        .table(from)
        .copy_to(target.table(to))
        .segments(reading.segments)
        .at_once(writing.at_once)
        .tolerate(writing.tolerate)
        .existing(writing.existing.into())
        .until(call.stop.asked())
        .on_progress(|progress| call.notes.transferred(&progress));
    if let Some(items) = reading.page_size {
        copy = copy.page_size(items);
    }
    if reading.eventually_consistent {
        copy = copy.eventually_consistent();
    }
    if let Some(file) = &writing.checkpoint {
        copy = copy.checkpoint_file(file);
    }
    begin(call, &format!("copy of {from} to {full}"));
    let copied = copy.run().await?;
    let is_equal = match copied.is_finished && *verify {
        true => Some(copy.verify().await?.is_equal()),
        false => None,
    };
    let mut failures = copied.failed_before;
    failures.extend(copied.failed.iter().map(ToString::to_string));
    let mut moved = Moved::of(full_name(call.db, from), full, copied.progress, failures);
    (moved.is_finished, moved.is_equal) = (copied.is_finished, is_equal);
    moved.has_checkpoint = writing.checkpoint.is_some();
    moved.answer()
}

pub(super) async fn export(call: Call<'_, '_>, args: &ExportArgs) -> Answered {
    let ExportArgs { name, folder, reading } = args;
    let source = reading.of(call.db);
    let mut export = source
        .table(name)
        .export_to(folder)
        .segments(reading.segments)
        .on_progress(|progress| call.notes.transferred(&progress));
    if let Some(items) = reading.page_size {
        export = export.page_size(items);
    }
    if reading.eventually_consistent {
        export = export.eventually_consistent();
    }
    let folder = folder.display().to_string();
    begin(call, &format!("export of {name} into {folder}"));
    let exported = export.run().await?;
    let mut moved = Moved::of(full_name(call.db, name), folder, exported.progress, Vec::new());
    // Those included that earlier runs have written.
    (moved.written, moved.bytes) = (exported.digest.items, exported.digest.bytes);
    moved.files = Some(exported.files);
    moved.answer()
}

pub(super) async fn import(call: Call<'_, '_>, args: &ImportArgs) -> Answered {
    let ImportArgs { path, name, writing } = args;
    let full = full_name(call.db, name);
    writing.ask(call.db, call, &full).await?;
    let target = writing.of(call.db);
    let mut import = target
        .table(name)
        .import_from(path)
        .at_once(writing.at_once)
        .tolerate(writing.tolerate)
        .existing(writing.existing.into())
        .on_progress(|progress| call.notes.transferred(&progress));
    if let Some(file) = &writing.checkpoint {
        import = import.checkpoint_file(file);
    }
    let path = path.display().to_string();
    begin(call, &format!("import of {path} into {full}"));
    let imported = import.run().await?;
    let failures = imported.failed.iter().map(ToString::to_string).collect();
    Moved::of(path, full, imported.progress, failures).answer()
}

fn full_name(db: &Database, name: &str) -> String {
    db.table(name).full_name().to_owned()
}

fn begin(call: Call<'_, '_>, job: &str) {
    call.notes.say(&format!("the {job} is begun"));
    call.notes.begin(job);
}

impl Target {
    /// The store that is written: the same one, unless another is named.
    async fn open(&self, db: &Database) -> Database {
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
                return place.open().await.table_prefix(prefix).build();
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
    fn of(&self, db: &Database) -> Database {
        self.read_units.map_or_else(|| db.clone(), |units| db.limited(RateLimit::new().read(units)))
    }
}

impl Writing {
    /// A handle that keeps to the limit.
    fn of(&self, db: &Database) -> Database {
        let limited = |units| db.limited(RateLimit::new().write(units));
        self.write_units.map_or_else(|| db.clone(), limited)
    }

    /// What replaces items cannot be undone.
    async fn ask(&self, db: &Database, call: Call<'_, '_>, table: &str) -> Result<(), Failure> {
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

impl Moved {
    fn of(from: String, to: String, progress: Progress, failures: Vec<String>) -> Self {
        let Progress { items, written, bytes, kept, .. } = progress;
        let (is_finished, is_equal, files, has_checkpoint) = (true, None, None, false);
        Self {
            from,
            to,
            is_finished,
            items,
            written,
            bytes,
            kept,
            failures,
            is_equal,
            files,
            has_checkpoint,
        }
    }

    fn answer(&self) -> Answered {
        let outcome = match self {
            Self { is_finished: false, .. } => Exit::Interrupted,
            Self { failures, .. } if !failures.is_empty() => Exit::Failed,
            Self { is_equal: Some(false), .. } => Exit::Differs,
            _ => Exit::Done,
        };
        Answer::new(outcome, self)
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, items, written, bytes, kept, .. } = self;
        writeln!(f, "{from} to {to}: {items} items read, {written} written, {bytes} bytes")?;
        if *kept > 0 {
            writeln!(f, "  {kept} were there and stay")?;
        }
        if let Some(files) = self.files {
            writeln!(f, "  {files} files")?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "  failed: {failure}"))?;
        match self.is_equal {
            Some(true) => writeln!(f, "  both hold the same")?,
            Some(false) => writeln!(f, "  they do not hold the same")?,
            None => {}
        }
        match (self.is_finished, self.has_checkpoint) {
            (true, _) => Ok(()),
            (false, true) => writeln!(f, "  stopped: run it again to go on"),
            (false, false) => {
                writeln!(f, "  stopped: without --checkpoint the next run begins anew")
            }
        }
    }
}
