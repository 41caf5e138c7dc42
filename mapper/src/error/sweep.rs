//! Why a sweep ended before its time.

use std::error::Error as StdError;

use crate::sweep::FailedItem;

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

fn last(failed: &[FailedItem]) -> String {
    failed.last().map_or_else(String::new, ToString::to_string)
}
