//! How far a sweep has come: what is stored, what is told, what is left at the end.

use crate::error::FailedItem;
use crate::read::Cursor;

/// What a [`Sweep`](crate::Sweep) gives the program to store: every item behind it is done.
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
