//! Models whose tables are known to hold nothing older than their schema, as far as this program knows.

use std::sync::{PoisonError, RwLock};

use super::Database;
use crate::layout::Layout;

/// The layouts of such models: each model has one, in a `static`.
#[derive(Default)]
pub(super) struct Complete(RwLock<Vec<&'static Layout>>);

impl Database {
    /// Notes whether a look at the whole table found nothing older than the model's schema. Every clone of the handle
    /// knows then.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    pub fn note_complete(&self, layout: &'static Layout, is_complete: bool) {
        let mut known = self.inner.complete.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|other| !std::ptr::eq(*other, layout));
        if is_complete {
            known.push(layout);
        }
    }

    pub(crate) fn is_complete(&self, layout: &'static Layout) -> bool {
        let known = self.inner.complete.0.read().unwrap_or_else(PoisonError::into_inner);
        // What this program writes itself may be older.
        !self.writes_older(layout) && known.iter().any(|other| std::ptr::eq(*other, layout))
    }
}
