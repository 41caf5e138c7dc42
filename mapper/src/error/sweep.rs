//! What fails in a sweep: an item, or all of it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::Target;

/// An item that could not be read, or whose action failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedItem {
    /// Which item.
    pub target: Target,
    /// Why: an [`Error`](super::Error) of reading it, or what the action said.
    pub error: Arc<dyn StdError + Send + Sync>,
}

/// Why a [`Sweep`](crate::Sweep) ended before all items were visited.
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
