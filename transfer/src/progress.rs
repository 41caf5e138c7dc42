//! How much of a job is done.

use std::sync::{Mutex, PoisonError};

/// How much of a copy, an export or an import is done, by this run.
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
