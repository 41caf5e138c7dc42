//! All items of a table: into another one, into files, from files.

mod args;

use std::fmt;

use dynamap_mapper::Database;
use dynamap_transfer::{Progress, Transfer as _};
use serde::Serialize;

pub(crate) use self::args::{CopyArgs, ExportArgs, ImportArgs};
use crate::exit::Exit;
use crate::report::{Answer, Answered};
use crate::session::Call;

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
    let full = full_name(&target, to);
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
    let is_equal =
        if copied.is_finished && *verify { Some(copy.verify().await?.is_equal()) } else { None };
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
