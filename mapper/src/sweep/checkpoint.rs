//! How far a sweep has come: what is stored, what is told, what is left at the end.

use crate::error::FailedItem;
use crate::read::Cursor;

/// What a [`Sweep`](crate::Sweep) gives the program to store: every item behind it is done.
///
/// ```
/// # use std::sync::Mutex;
/// # use dynamap::{Cursor, Database, Error, Model, Table};
/// use dynamap::Checkpoint;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: map % 3, map, name: format!("map {map}") }.insert(&db).await?; }
/// let stored = Mutex::new(Vec::new()); // a file, an item
/// let store = async |checkpoint: Checkpoint| {
///     let Checkpoint { cursor, progress, .. } = checkpoint;
///     stored.lock().expect("one thread").push((cursor.to_string(), progress.items));
///     Ok::<(), Error>(())
/// };
/// let visit = |_| async { Ok::<(), Error>(()) };
/// DoomMap::scan(&db).page_size(4).sweep().checkpoint(store).run(visit).await?;
///
/// let (cursor, done) = stored.lock().expect("one thread")[0].clone(); // had it been killed there
/// let scan = DoomMap::scan(&db).page_size(4);
/// let rest = scan.sweep().resume(cursor.parse::<Cursor>()?).run(visit).await?;
/// assert_eq!(done + rest.progress.items, 9);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Where another sweep goes on; as text by `to_string`.
    pub cursor: Cursor,
    /// The items that failed since the checkpoint before and are not visited again: to be kept beside the cursor.
    pub failed: Vec<FailedItem>,
    /// How much was done until here, by this run.
    pub progress: SweepProgress,
}

/// How much of a sweep is done, by this run.
///
/// ```
/// # use std::sync::Mutex;
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::SweepProgress;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: map % 3, map, name: format!("map {map}") }.insert(&db).await?; }
/// let last = Mutex::new(SweepProgress::default());
/// let watch = |progress: SweepProgress| *last.lock().expect("one thread") = progress;
/// let visit = |_| async { Ok::<(), Error>(()) };
/// let swept = DoomMap::scan(&db).segments(3).sweep().on_progress(watch).run(visit).await?;
/// let last = *last.lock().expect("one thread");
/// assert_eq!((last.items, last.failures), (9, 0));
/// assert_eq!((last.segments_done, last.segments), (3, 3));
/// assert_eq!(last, swept.progress);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepProgress {
    /// Items whose actions are done, failures included, in pages that are done.
    pub items: usize,
    /// Pages that are done.
    pub pages: usize,
    /// How many of the items failed.
    pub failures: usize,
    /// Segments that are done, those included that were done before.
    pub segments_done: usize,
    /// All segments.
    pub segments: usize,
}

/// What a [`Sweep`](crate::Sweep) did.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: map % 3, map, name: format!("map {map}") }.insert(&db).await?; }
/// let visit = |_| async { Ok::<(), Error>(()) };
/// let swept = DoomMap::scan(&db).sweep().run(visit).await?;
/// assert!(swept.is_finished() && swept.failed.is_empty());
/// let again = DoomMap::scan(&db).sweep().resume(swept.cursor).run(visit).await?;
/// assert_eq!(again.progress.items, 0); // nothing is left
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Swept {
    /// Where it ended: another one goes on from there.
    pub cursor: Cursor,
    /// Every item that failed, by this run.
    pub failed: Vec<FailedItem>,
    /// How much was done.
    pub progress: SweepProgress,
}

impl Swept {
    /// Whether every segment is done. If not, it was stopped by [`until`](crate::Sweep::until).
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.progress.segments_done == self.progress.segments
    }
}
