//! Storing the items of files in a table.

mod aws;
mod files;
mod lines;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynamap_mapper::raw::RawTable;
use dynamap_mapper::{Error, Item, NamedTable};
use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};

use self::files::Files;
use self::lines::{Chunk, Lines};
use crate::checkpoint::{Checkpoints, Identity, Kept};
use crate::digest::DigestSum;
use crate::error::{ImportFailure, TransferError, keys};
use crate::export::described;
use crate::progress::{Counts, Progress};
use crate::sink::{Existing, Sink};
use crate::table::raw;
use crate::{BoxError, BoxFuture, Watch};

/// A job that stores the items of files in a table; from [`Transfer::import_from`](crate::Transfer::import_from).
///
/// It reads what [`Export`](crate::Export) has written, and what AWS has exported to S3, fetched into a folder: files whose
/// names end in `.json.gz`, `.jsonl.gz`, `.json` or `.jsonl`, in the folder and in its `data`, with
/// `{"Item":{"id":{"N":"1"}}}` on each line. Exports in Ion and incremental exports are no such files.
///
/// Each line is checked before it is sent: the keys that the table has, numbers, sets, sizes. One that is broken, or that
/// the table refuses, is listed by file and line; [`tolerate`](Self::tolerate) says how many may be. A file that is not what
/// its manifest says is an error; where lines are no items, their number is compared, as it is for files of AWS.
///
/// **Kills.** With [`checkpoint_file`](Self::checkpoint_file) or [`checkpoint`](Self::checkpoint) it can be killed at any
/// time, and goes on behind the last checkpoint. What is written a second time is the same, unless somebody else changed
/// it meanwhile: then it is what [`existing`](Self::existing) says.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::Transfer as _;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let folder = tempfile::tempdir()?;
/// let file = folder.path().join("maps.jsonl");
/// let lines = [
///     r#"{"Item": {"episode": {"N": "1"}, "map": {"N": "8"}}}"#,
///     r#"{"Item": {"episode": {"N": "1"}, "map": {"S": "eight"}}}"#,
/// ];
/// std::fs::write(&file, lines.join("\n"))?;
/// let imported = db.table("maps").import_from(&file).tolerate(10).run().await?;
/// assert_eq!(imported.progress.written, 1);
/// let failed = imported.failed[0].to_string();
/// assert!(failed.starts_with("maps.jsonl:2: ") && failed.contains("`map`"), "{failed}");
/// # Ok(())
/// # }
/// ```
///
/// One that ends early, and goes on:
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # use std::{future::ready, sync::atomic::{AtomicU64, Ordering::Relaxed}};
/// use dynamap::transfer::{Existing, Transfer as _};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("maps.jsonl");
/// # let line = |map| format!(r#"{{"Item": {{"episode": {{"N": "1"}}, "map": {{"N": "{map}"}}}}}}"#);
/// # let lines = (1..=3_000).map(|map| if map == 1_500 { "{}".to_owned() } else { line(map) });
/// # std::fs::write(&file, lines.collect::<Vec<_>>().join("\n"))?;
/// // 3,000 lines, of which number 1,500 is broken.
/// let (maps, place, seen) = (db.table("maps"), folder.path().join("checkpoint"), AtomicU64::new(0));
/// let import = || maps.import_from(&file).existing(Existing::Replace).at_once(4);
/// assert!(import().checkpoint_file(&place).run().await.is_err());
/// // Where the program itself keeps what it goes on behind:
/// let rest = import().tolerate(1).resume(std::fs::read_to_string(&place)?);
/// let rest = rest.checkpoint(|behind| ready(std::fs::write(&place, behind)));
/// let rest = rest.on_progress(|progress| seen.store(progress.items, Relaxed));
/// assert_eq!(rest.run().await?.failed[0].line, 1_500);
/// assert_eq!(seen.load(Relaxed), 2_000); // the first thousand was behind the checkpoint
/// # Ok(())
/// # }
/// ```
///
/// [AWS: export output format](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html)
#[must_use = "an import does nothing until it is run"]
pub struct Import<'a> {
    target: NamedTable<'a>,
    path: PathBuf,
    at_once: usize,
    tolerated: usize,
    existing: Existing,
    checkpoints: Checkpoints<'a>,
    watch: Option<Watch<'a>>,
}

/// What an [`Import`] did.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::Transfer as _;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("maps.jsonl");
/// let line = r#"{"Item": {"episode": {"N": "1"}, "map": {"N": "8"}}}"#;
/// std::fs::write(&file, [line, "no item"].join("\n"))?;
/// let imported = db.table("maps").import_from(&file).tolerate(1).run().await?;
/// assert_eq!((imported.progress.items, imported.progress.written), (2, 1));
/// assert_eq!(imported.failed[0].line, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Imported {
    /// How much, by this run.
    pub progress: Progress,
    /// Every line that was not imported, by all runs.
    pub failed: Vec<ImportFailure>,
}

/// A checkpoint of an import.
#[derive(Serialize, Deserialize)]
struct Place {
    /// What changes when one of the files does.
    import_of: DigestSum,
    to: Identity,
    /// The position of the file, and how many of its lines are behind.
    behind: (usize, u64),
    failed: Vec<ImportFailure>,
}

impl<'a> Import<'a> {
    pub(crate) fn of(target: NamedTable<'a>, path: &Path) -> Self {
        Self {
            target,
            path: path.to_owned(),
            at_once: 16,
            tolerated: 0,
            existing: Existing::default(),
            checkpoints: Checkpoints::default(),
            watch: None,
        }
    }

    /// How many requests write at once; default 16, at least 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    /// What becomes of items that the table has already; default [`Existing::Refuse`]. Two lines with one key are a
    /// failure, or with [`Existing::Replace`] one of them wins, unless one request holds both.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Goes on where lines cannot be imported, up to so many in one run; default 0. They are listed in
    /// [`Imported::failed`].
    pub fn tolerate(mut self, failures: usize) -> Self {
        self.tolerated = failures;
        self
    }

    /// Goes on behind a checkpoint of this import, also where a [`checkpoint_file`](Self::checkpoint_file) has another;
    /// from the start where there is none. Behind that of a finished one is
    /// nothing.
    pub fn resume(mut self, checkpoint: impl Into<Option<String>>) -> Self {
        self.checkpoints.resume(checkpoint.into());
        self
    }

    /// Calls this with a checkpoint behind every thousand lines, to be stored. One is stored after the other, each in place
    /// of the one before.
    pub fn checkpoint<S, Fut, E>(mut self, store: S) -> Self
    where
        S: Fn(String) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
        E: Into<BoxError>,
    {
        self.checkpoints.store_by(store);
        self
    }

    /// Keeps the checkpoint in a file, and goes on behind the one that is there. The file is replaced at once, so that a
    /// kill leaves the old one or the new one; an import that is finished removes it, so that the next one begins anew. One
    /// run at a time has it: a file beside it, with `.lock` behind its name, is locked, and stays.
    pub fn checkpoint_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoints.keep_in(path.into());
        self
    }

    /// Is told how far the import has come, every thousand lines.
    pub fn on_progress(mut self, watch: impl Fn(Progress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Stores every item, from the last checkpoint on where there is one.
    ///
    /// If the future is dropped, requests under way may or may not take effect, each item as a whole.
    ///
    /// # Errors
    /// [`TransferError::NoFiles`], [`Incomplete`](TransferError::Incomplete), [`OtherKeys`](TransferError::OtherKeys) and
    /// [`ForeignCheckpoint`](TransferError::ForeignCheckpoint), which is also one of files that were changed since or of a
    /// table that was made anew, and [`Running`](TransferError::Running): nothing was written. [`TransferError::Lines`]
    /// where more lines failed than are tolerated; [`Damaged`](TransferError::Damaged), [`File`](TransferError::File) and
    /// [`Checkpoint`](TransferError::Checkpoint); what the service says. What was stored stays, and an import that is
    /// resumed goes on.
    pub async fn run(&self) -> Result<Imported, TransferError> {
        // Boxed: the SDK's futures are large, and every caller's future would hold them. Without its type: what it holds, and
        // whether that is `Send`, is no matter of theirs either.
        let run: BoxFuture<'_, _> = Box::pin(self.import());
        run.await
    }

    async fn import(&self) -> Result<Imported, TransferError> {
        let table = raw(&self.target).await?;
        let path = self.path.clone();
        let files = self.away(move || Files::of(&path)).await?;
        self.check(&files, &table)?;
        let (mut place, kept) = self.place(&files, &table).await?;
        let before = place.failed.len();
        let counts = Counts::new(files.items());
        let sink = Sink::new(&table, self.existing, &counts);
        let lines = Lines::from(Arc::new(files), table.clone(), place.behind);
        let mut next = self.away(move || lines.next()).await?;
        while let Some((chunk, lines)) = next {
            let behind = chunk.behind;
            // The next lines are read while these are written.
            let (failed, ahead) =
                join(self.store(chunk, &sink, &counts), self.away(move || lines.next())).await;
            place.failed.extend(failed?);
            self.watch.iter().for_each(|watch| watch(counts.now()));
            if place.failed.len() - before > self.tolerated {
                let (table, tolerated) = (table.full_name(), self.tolerated);
                let failed = place.failed.split_off(before);
                return Err(TransferError::Lines { table, tolerated, failed });
            }
            place.behind = behind;
            kept.store(&place).await.map_err(TransferError::Checkpoint)?;
            next = ahead?;
        }
        kept.finish().await?;
        Ok(Imported { progress: counts.now(), failed: place.failed })
    }

    /// Stores some items; returns the lines that failed.
    async fn store(
        &self,
        chunk: Chunk,
        sink: &Sink<'_>,
        counts: &Counts,
    ) -> Result<Vec<ImportFailure>, Error> {
        let Chunk { items, broken: mut failed, file, .. } = chunk;
        let read = items.len() + failed.len();
        let mut items = items.into_iter();
        let pieces = std::iter::from_fn(|| {
            let piece: Vec<_> = items.by_ref().take(sink.at_a_time()).collect();
            (!piece.is_empty()).then_some(piece)
        });
        let pieces = pieces.map(async |piece: Vec<(u64, Item)>| {
            let (lines, items): (Vec<u64>, Vec<Item>) = piece.into_iter().unzip();
            lines.into_iter().zip(sink.write(items).await).collect::<Vec<_>>()
        });
        let mut written = stream::iter(pieces).buffer_unordered(self.at_once);
        while let Some(piece) = written.next().await {
            for (line, result) in piece {
                match result {
                    Err(error) if is_about_item(&error) => {
                        let why = error.to_string();
                        failed.push(ImportFailure { file: file.clone(), line, why });
                    }
                    result => result?,
                }
            }
        }
        failed.sort_by_key(|failure| failure.line);
        counts.note(|progress| {
            progress.items += read as u64;
            progress.failures += failed.len() as u64;
        });
        Ok(failed)
    }

    /// Refuses files of a table with other keys.
    fn check(&self, files: &Files, table: &RawTable) -> Result<(), TransferError> {
        let Some(manifest) = &files.manifest else { return Ok(()) };
        if manifest.keys == described(&table.keys()) {
            return Ok(());
        }
        let items = manifest.keys.iter().map(|key| format!("{} ({})", key.name, key.kind));
        Err(TransferError::OtherKeys {
            origin: self.path.display().to_string(),
            target: table.full_name(),
            items: items.collect::<Vec<_>>().join(", "),
            has: keys(&table.keys()),
        })
    }

    /// Where the import begins.
    async fn place(
        &self,
        files: &Files,
        table: &RawTable,
    ) -> Result<(Place, Kept<'_, 'a>), TransferError> {
        let (import_of, to) = (files.mark, Identity::of(table));
        let job = format!("an import of {} into table {}", self.path.display(), to.table);
        let is_own = |place: &Place| place.import_of == import_of && place.to == to;
        let (begun, kept) = self.checkpoints.begin(&job, is_own).await?;
        let start = || Place { import_of, to: to.clone(), behind: (0, 0), failed: Vec::new() };
        Ok((begun.unwrap_or_else(start), kept))
    }

    /// Does what blocks.
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
    ) -> Result<T, TransferError> {
        let done = tokio::task::spawn_blocking(work).await;
        let failed = |error| Err(TransferError::reading(&self.path)(io::Error::other(error)));
        done.unwrap_or_else(failed)
    }
}

/// Whether another item would have been stored.
fn is_about_item(error: &Error) -> bool {
    match error {
        Error::Encode { .. }
        | Error::Limit { .. }
        | Error::Conflict(_)
        | Error::DuplicateKey(_) => true,
        Error::Service(error) => {
            error.code == "ValidationException"
                || error.code == "ItemCollectionSizeLimitExceededException"
        }
        _ => false,
    }
}

impl fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("path", &self.path)
            .field("target", &self.target.name())
            .finish_non_exhaustive()
    }
}
