//! What fails in a sweep: an item, or all of it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::Target;

/// An item that could not be read, or whose action failed.
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
/// for map in 1..=3 {
///     DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?;
/// }
/// let visit = |found: dynamap::Loaded<DoomMap>| async move {
///     if found.map == 2 { Err("it has no music") } else { Ok(()) }
/// };
/// let swept = DoomMap::scan(&db).sweep().tolerate(1).run(visit).await?;
/// assert_eq!(swept.failed[0].target.table, "maps");
/// assert_eq!(swept.failed[0].to_string(), "item (episode = 1, map = 2) of table maps: it has no music");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedItem {
    /// Which item.
    pub target: Target,
    /// Why: an [`Error`](super::Error) of reading it, or what the action said.
    pub error: Arc<dyn StdError + Send + Sync>,
}

/// Why a [`Sweep`](crate::Sweep) ended before all items were visited.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::error::SweepError;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # DoomMap { episode: 1, map: 8, name: "E1M8".into() }.insert(&db).await?;
/// let visit = |_| async { Err("it is locked") };
/// let Err(Error::Sweep(error)) = DoomMap::scan(&db).sweep().run(visit).await else { panic!("it fails") };
/// match *error {
///     SweepError::Failures { tolerated, failed, .. } => assert_eq!((tolerated, failed.len()), (0, 1)),
///     SweepError::Checkpoint { error, .. } => panic!("no checkpoint was asked for: {error}"),
///     other => panic!("{other}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// More items failed than the sweep tolerates.
    #[error(
        "{} items of table {table} failed in a sweep that tolerates {tolerated}; the last one was {}",
        failed.len(), last(failed)
    )]
    Failures {
        /// The table's full name.
        table: String,
        /// How many failures are tolerated.
        tolerated: usize,
        /// Every item that failed.
        failed: Vec<FailedItem>,
    },
    /// The program could not store a checkpoint. The actions before it were done.
    #[error("a checkpoint of the sweep of table {table} could not be stored")]
    Checkpoint {
        /// The table's full name.
        table: String,
        /// What the program said.
        #[source]
        error: Box<dyn StdError + Send + Sync>,
    },
}

impl fmt::Display for FailedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}: {}", self.target, self.error)
    }
}

fn last(failed: &[FailedItem]) -> String {
    failed.last().map_or_else(String::new, ToString::to_string)
}
