//! What is written into a table, and what becomes of items that are there already.

use dynamap_mapper::raw::RawTable;
use dynamap_mapper::{Error, Item};

use crate::progress::Counts;

/// How many items one request takes that expects nothing.
const BATCH: usize = 25;

/// What becomes of an item of the target that has the key of one that is to be written.
///
/// One that is the same already is left, and counts as written, so that a job can be run again.
///
/// A put whose answer is lost is sent again: what was stored by the first one, and deleted by somebody since, is there again.
/// An item that the second one meets, and that is another one, is in the way as at the first.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::{Existing, Transfer as _};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # Table::<DoomMap>::create(&tests).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
/// // The target has another item with the key of the first of nine.
/// # DoomMap { episode: 1, map: 1 }.insert(&tests).await?;
/// let maps = db.table("maps");
/// let copy = |existing| maps.copy_to(tests.table("maps")).existing(existing);
/// assert!(copy(Existing::Refuse).run().await.is_err());
/// let kept = copy(Existing::Keep).run().await?.progress;
/// assert_eq!((kept.kept, kept.written), (1, 8));
/// let replaced = copy(Existing::Replace).run().await?.progress;
/// assert_eq!((replaced.kept, replaced.written), (0, 9));
/// assert!(copy(Existing::Replace).verify().await?.is_equal());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Existing {
    /// It stays, and that is a failure. Each item is a request of its own, under the condition that there is none.
    #[default]
    Refuse,
    /// It stays, and the new one is left out. Each item is a request of its own, as for `Refuse`.
    Keep,
    /// It is replaced, also by an older one. 25 items are one request, so that this is the fastest, and of the same price:
    /// the choice for a target that is empty and has no other writers.
    Replace,
}

/// The way into a table.
pub(crate) struct Sink<'a> {
    table: &'a RawTable,
    existing: Existing,
    counts: &'a Counts,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(table: &'a RawTable, existing: Existing, counts: &'a Counts) -> Self {
        Self { table, existing, counts }
    }

    /// How many items are written at a time: what one request takes.
    pub(crate) fn at_a_time(&self) -> usize {
        match self.existing {
            Existing::Refuse | Existing::Keep => 1,
            Existing::Replace => BATCH,
        }
    }

    /// Writes items; a result for each.
    pub(crate) async fn write(&self, items: Vec<Item>) -> Vec<Result<(), Error>> {
        let sizes: Vec<_> = items.iter().map(|item| item.size() as u64).collect();
        let results = match self.existing {
            Existing::Replace => self.table.replace(items).await,
            Existing::Refuse | Existing::Keep => {
                let mut results = Vec::with_capacity(items.len());
                for item in items {
                    results.push(self.table.insert(item).await);
                }
                results
            }
        };
        let results = results.into_iter().zip(sizes);
        results.map(|(result, size)| self.noted(result, size)).collect()
    }

    fn noted(&self, result: Result<(), Error>, size: u64) -> Result<(), Error> {
        match result {
            Ok(()) => self.counts.note(|progress| {
                progress.written += 1;
                progress.bytes += size;
            }),
            Err(Error::Conflict(_)) if self.existing == Existing::Keep => {
                self.counts.note(|progress| progress.kept += 1);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
