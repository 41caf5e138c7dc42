//! What is told about a cache: names and outcomes, never an attribute value.

use super::CacheError;

/// What became of asking the cache about one item; what [`Caching::on_report`](crate::Caching::on_report) is told.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CacheReport<'a> {
    /// The full name of the item's table.
    pub table: &'a str,
    /// What became of it.
    pub outcome: CacheOutcome<'a>,
}

/// What became of asking the cache.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum CacheOutcome<'a> {
    /// A read found the item, or that there is none.
    Hit,
    /// A read found nothing, or what was put longer ago than it takes, and went to the store.
    Miss,
    /// A read found what is no entry of this library, or of another layout, and went to the store.
    Unreadable,
    /// What was read or written stands in the cache.
    Put,
    /// What was read or written was not put: what stands there is newer, nothing may stand there yet, or what was read is
    /// more than the cache takes.
    Refused,
    /// What stood there is gone, and nothing is put in its place for some seconds.
    Evicted,
    /// The cache did not do what it was asked. The read went to the store; what was written is written, and what the
    /// cache holds of it may be old until its time is over, unless [`Evicted`](Self::Evicted) follows.
    Failed(&'a CacheError),
}

impl CacheReport<'_> {
    /// Traces what somebody should look at.
    pub(super) fn trace(&self) {
        let table = self.table;
        match self.outcome {
            CacheOutcome::Unreadable => {
                tracing::warn!(target: "dynamap", table, "the cache holds what is no item of this library");
            }
            CacheOutcome::Failed(error) => {
                tracing::warn!(target: "dynamap", table, %error, "the cache failed");
            }
            _ => {}
        }
    }
}
