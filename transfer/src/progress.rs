//! How much of a job is done.

use std::sync::{Mutex, PoisonError};

/// How much of a copy, an export or an import is done, by this run.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::AttributeValue;
/// use dynamap::transfer::{Existing, Progress, Transfer as _};
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
/// let copied = db.table("maps")
///     .copy_to(tests.table("maps"))
///     .existing(Existing::Keep)
///     .transform(|item| {
///         let is_last = item.get("map") == Some(&AttributeValue::N("9".into()));
///         Ok::<_, std::convert::Infallible>((!is_last).then_some(item))
///     })
///     .run()
///     .await?;
/// let Progress { items, written, kept, dropped, failures, .. } = copied.progress;
/// assert_eq!((items, written, kept, dropped, failures), (9, 7, 1, 1, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Items that were read, broken lines included.
    pub items: u64,
    /// Items that are written. Of a copy or import: those included that were there already, and the same.
    pub written: u64,
    /// How large those are together, as DynamoDB counts.
    pub bytes: u64,
    /// Items that the target had already, and kept ([`Existing::Keep`](crate::Existing::Keep)).
    pub kept: u64,
    /// Items that a transform has dropped.
    pub dropped: u64,
    /// Items or lines that failed.
    pub failures: u64,
    /// About how many items there are in all: the service counts them about every six hours. Of an import, as many as the
    /// export has written, and 0 where that is not known.
    pub estimated_items: u64,
}

/// The progress of a job that does several things at once.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<Progress>);

impl Counts {
    pub(crate) fn new(estimated_items: u64) -> Self {
        Self(Mutex::new(Progress { estimated_items, ..Progress::default() }))
    }

    pub(crate) fn note(&self, what: impl FnOnce(&mut Progress)) {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn now(&self) -> Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
