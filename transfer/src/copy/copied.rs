//! What a copy did, and what its verification found.

use dynamap_mapper::error::FailedItem;

use crate::digest::Digest;
use crate::progress::Progress;

/// What a [`Copy`](struct@super::Copy) did.
///
/// ```
/// # use dynamap::{Database, Model, Table, transfer::Transfer as _};
/// # #[derive(Clone, Model)] #[model(table = "users", validate = false)] struct User { #[model(hash_key)] id: u64 }
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # for db in [&db, &tests] { Table::<User>::create(db).await?; }
/// # for id in 1..=9 { User { id }.insert(&db).await?; }
/// let copied = db.table("users").copy_to(tests.table("users")).run().await?;
/// assert_eq!((copied.progress.items, copied.progress.written), (9, 9));
/// assert!(copied.is_finished && copied.failed.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Copied {
    /// How much, by this run.
    pub progress: Progress,
    /// Whether every item was seen. If not, it was stopped by [`until`](super::Copy::until).
    pub is_finished: bool,
    /// The items that failed, by this run, where that is tolerated.
    pub failed: Vec<FailedItem>,
    /// Those that failed in earlier runs, as their checkpoint says.
    pub failed_before: Vec<String>,
    /// Where it ended: another one goes on from there.
    pub checkpoint: String,
}

/// What [`Copy::verify`](super::Copy::verify) found.
///
/// ```
/// # use dynamap::{Database, Model, Table, transfer::Transfer as _};
/// # #[derive(Clone, Model)] #[model(table = "users", validate = false)] struct User { #[model(hash_key)] id: u64 }
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # for db in [&db, &tests] { Table::<User>::create(db).await?; }
/// # for id in 1..=9 { User { id }.insert(&db).await?; }
/// let verified = db.table("users").copy_to(tests.table("users")).verify().await?;
/// assert_eq!((verified.source.items, verified.target.items), (9, 0));
/// assert!(!verified.is_equal());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What the source holds, transformed.
    pub source: Digest,
    /// What the target holds.
    pub target: Digest,
}

impl Verified {
    /// Whether both hold the same.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.source == self.target
    }
}
