//! Writing all items of a table into files.

mod manifest;
mod part;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dynamap_mapper::raw::{RawTable, ScanTerms};
use dynamap_mapper::{Item, NamedTable};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

pub(crate) use self::manifest::{Manifest, described};
use self::part::Part;
use crate::digest::Digest;
use crate::error::TransferError;
use crate::file::Lock;
use crate::progress::{Counts, Progress};
use crate::table::{SEGMENTS, raw};
use crate::{BoxFuture, Watch};

/// How many items are compressed and written at a time.
const AT_A_TIME: usize = 500;

/// Locked while an export is under way.
const LOCK: &str = ".lock";

/// A job that writes every item of a table into a folder; from [`Transfer::export_to`](crate::Transfer::export_to).
///
/// There is one file for each segment, `part-00000.jsonl.gz` and so on: an item on each line as DynamoDB JSON,
/// `{"Item":{"id":{"N":"1"}}}`, compressed with gzip, as AWS exports a table to S3. `manifest.json` names the table with
/// its keys, and of each file the items and their digest. It holds every attribute of every item in plain text: keep it as
/// the table is kept.
///
/// **Kills.** A file has another name until it is finished, and the manifest is written last: what has its name is whole.
/// An export that was killed, or that met a full disk, is run again as it was: files that are finished stay, the others
/// begin anew. With more segments less is done again.
///
/// **Writers.** An export is no picture of one moment: each item is as it was when it was read. For that AWS exports from
/// point-in-time recovery, in the same form.
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
/// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("backup");
/// let exported = db.table("maps").export_to(&folder).segments(4).run().await?;
/// assert_eq!(exported.digest.items, 9);
/// assert_eq!(exported.digest, db.table("maps").digest().await?);
/// assert!(folder.join("part-00003.jsonl.gz").exists());
/// # Ok(())
/// # }
/// ```
///
/// How it reads, and what it tells:
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use dynamap::transfer::{Transfer as _, TransferError};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("backup");
/// let exported = AtomicU64::new(0);
/// let maps = db.table("maps");
/// let export = maps.export_to(&folder)
///     .segments(4)
///     .at_once(2) // of these, at a time
///     .page_size(100)
///     .eventually_consistent()
///     .on_progress(|progress| exported.store(progress.items, Relaxed));
/// export.run().await?;
/// assert_eq!(exported.load(Relaxed), 9);
/// assert!(matches!(export.run().await, Err(TransferError::Complete(_)))); // a folder is filled once
/// # Ok(())
/// # }
/// ```
///
/// [AWS: export output format](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html)
#[must_use = "an export does nothing until it is run"]
pub struct Export<'a> {
    source: NamedTable<'a>,
    folder: PathBuf,
    terms: ScanTerms,
    at_once: usize,
    watch: Option<Watch<'a>>,
}

/// What an [`Export`] did.
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
/// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("backup");
/// let exported = db.table("maps").export_to(&folder).segments(2).run().await?;
/// assert_eq!((exported.files, exported.digest.items), (2, 9));
/// assert_eq!(exported.progress.written, 9);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Exported {
    /// What the files hold, those included that were finished by earlier runs.
    pub digest: Digest,
    /// How many files there are.
    pub files: usize,
    /// How much was done by this run.
    pub progress: Progress,
}

impl<'a> Export<'a> {
    pub(crate) fn of(source: NamedTable<'a>, folder: &Path) -> Self {
        let terms = ScanTerms { segments: SEGMENTS, page_size: None, consistent: true };
        Self { source, folder: folder.to_owned(), terms, at_once: SEGMENTS, watch: None }
    }

    /// In how many segments the table is read, each into a file; default 8, at least 1. An export that was begun keeps its
    /// own.
    pub fn segments(mut self, segments: usize) -> Self {
        self.terms.segments = segments;
        self
    }

    /// How many segments are read side by side; default 8, at least 1.
    pub fn at_once(mut self, segments: usize) -> Self {
        self.at_once = segments.max(1);
        self
    }

    /// How many items one request reads; default is what 1 MB holds.
    pub fn page_size(mut self, items: usize) -> Self {
        self.terms.page_size = Some(items);
        self
    }

    /// Reads at half the price, eventually consistent: what was written in the last second may be missed.
    pub fn eventually_consistent(mut self) -> Self {
        self.terms.consistent = false;
        self
    }

    /// Is told how far the export has come, every few hundred items.
    pub fn on_progress(mut self, watch: impl Fn(Progress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Writes every file that is not finished, then the manifest. Creates the folder where it is missing.
    ///
    /// If the future is dropped, files that are finished stay, and there is no manifest. What it was just writing is written
    /// to its end; until then another run is [`Running`](TransferError::Running).
    ///
    /// # Errors
    /// [`TransferError::Complete`], [`Occupied`](TransferError::Occupied) and [`Running`](TransferError::Running): nothing
    /// was written; nor was it with a number of segments that no scan has. [`TransferError::File`] where a file cannot be written, as on a full disk; what the service says. Files
    /// that are finished stay, there is no manifest, and the export goes on when it is run again.
    pub async fn run(&self) -> Result<Exported, TransferError> {
        // Boxed: the SDK's futures are large, and every caller's future would hold them. Without its type: what it holds, and
        // whether that is `Send`, is no matter of theirs either.
        let run: BoxFuture<'_, _> = Box::pin(self.export());
        run.await
    }

    async fn export(&self) -> Result<Exported, TransferError> {
        self.terms.check()?;
        let table = raw(&self.source).await?;
        let start = Manifest::of(&table, self.terms.segments);
        let folder = self.folder.clone();
        let begun = tokio::task::spawn_blocking(move || begin(&folder, start)).await;
        let failed = |error| TransferError::writing(&self.folder)(io::Error::other(error));
        let (mut manifest, lock) = begun.map_err(failed)??;
        let counts = Counts::new(table.estimated_items());
        let terms = ScanTerms { segments: manifest.segments, ..self.terms };
        let is_open = |segment: &usize| {
            let name = part::name(*segment);
            manifest.parts.iter().all(|part| part.file != name)
        };
        let open: Vec<usize> = (0..terms.segments).filter(is_open).collect();
        let segment = |number| self.segment(&table, number, terms, &counts, &lock);
        let segments = open.into_iter().map(segment);
        let mut finished = stream::iter(segments).buffer_unordered(self.at_once);
        while let Some(part) = finished.try_next().await? {
            manifest.add(part);
            let (manifest, folder) = (manifest.clone(), self.folder.clone());
            let stored = lock.blocking(move || manifest.store(&folder)).await;
            stored.map_err(TransferError::writing(&self.folder))?;
        }
        drop(finished);
        let folder = self.folder.clone();
        let complete = lock.blocking(move || manifest.complete(&folder)).await;
        let Manifest { digest, segments: files, .. } =
            complete.map_err(TransferError::writing(&self.folder))?;
        Ok(Exported { digest, files, progress: counts.now() })
    }

    /// Writes the file of one segment.
    async fn segment(
        &self,
        table: &RawTable,
        number: usize,
        terms: ScanTerms,
        counts: &Counts,
        lock: &Lock,
    ) -> Result<part::Finished, TransferError> {
        let path = self.folder.join(part::name(number));
        let begin = path.clone();
        let part = lock.blocking(move || Part::begin(begin)).await;
        let mut part = part.map_err(TransferError::writing(&path))?;
        let mut items = table.segment(number, terms);
        loop {
            let mut some = Vec::with_capacity(AT_A_TIME);
            while some.len() < AT_A_TIME {
                let Some(item) = items.next().await.transpose()? else { break };
                some.push(item);
            }
            if some.is_empty() {
                break;
            }
            let written = lock.blocking(move || Ok((part.write(&some)?, some))).await;
            (part, some) = written.map_err(TransferError::writing(&path))?;
            self.note(counts, &some);
        }
        lock.blocking(move || part.finish()).await.map_err(TransferError::writing(&path))
    }

    fn note(&self, counts: &Counts, items: &[Item]) {
        counts.note(|progress| {
            progress.items += items.len() as u64;
            progress.written += items.len() as u64;
            progress.bytes += items.iter().map(|item| item.size() as u64).sum::<u64>();
        });
        self.watch.iter().for_each(|watch| watch(counts.now()));
    }
}

/// Takes a folder for an export, and finds out how far it has come.
fn begin(folder: &Path, start: Manifest) -> Result<(Manifest, Lock), TransferError> {
    let writing = || TransferError::writing(folder);
    // Before anything is written, and again once nobody else can.
    begun(folder, &start)?;
    fs::create_dir_all(folder).map_err(writing())?;
    let taken = Lock::take(&folder.join(LOCK)).map_err(writing())?;
    let lock = taken.ok_or_else(|| TransferError::Running(folder.to_owned()))?;
    if let Some(begun) = begun(folder, &start)? {
        return Ok((begun, lock));
    }
    start.store(folder).map_err(writing())?;
    Ok((start, lock))
}

/// What a folder holds of this export.
fn begun(folder: &Path, start: &Manifest) -> Result<Option<Manifest>, TransferError> {
    match Manifest::read(folder)? {
        Some(begun) if begun.complete => return Err(TransferError::Complete(folder.to_owned())),
        Some(begun) if begun.is_of(start) => return Ok(Some(begun)),
        Some(_) => return Err(TransferError::Occupied(folder.to_owned())),
        None => {}
    }
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(TransferError::reading(folder))?,
    };
    for entry in entries {
        let name = entry.map_err(TransferError::reading(folder))?.file_name();
        if name != LOCK && !manifest::is_remnant(&name) {
            return Err(TransferError::Occupied(folder.to_owned()));
        }
    }
    Ok(None)
}

impl fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("source", &self.source.name())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
