//! How far a backfill has come: what one run counts, and what is told.

use std::sync::atomic::{AtomicU64, Ordering};

use dynamap_mapper::SweepProgress;

use super::upgrade::Became;

/// How far a [`Backfill`](super::Backfill) has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackfillProgress {
    /// What the scan of this run has done.
    pub sweep: SweepProgress,
    /// How many items this run has upgraded.
    pub upgraded: u64,
    /// How often somebody else wrote an item first, so that this run read it again.
    pub conflicts: u64,
    /// How many items were seen from the first one on, by earlier runs too.
    pub items: u64,
    /// How many of them could not be upgraded.
    pub failed: u64,
    /// About how many items the table had when this run began: what the service counted some six hours before, items of
    /// other models included. `None` where it does not tell.
    pub estimate: Option<u64>,
}

/// What this run counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    upgraded: AtomicU64,
    pub(super) conflicts: AtomicU64,
}

/// What a job had counted before a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) items: u64,
    pub(super) upgraded: u64,
    pub(super) failed: u64,
}

impl Counts {
    pub(super) fn add(&self, became: Became) {
        if became == Became::Upgraded {
            self.upgraded.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn upgraded(&self) -> u64 {
        self.upgraded.load(Ordering::Relaxed)
    }

    pub(super) fn progress(
        &self,
        sweep: SweepProgress,
        before: Before,
        estimate: Option<u64>,
    ) -> BackfillProgress {
        let more = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        BackfillProgress {
            sweep,
            upgraded: self.upgraded(),
            conflicts: self.conflicts.load(Ordering::Relaxed),
            items: before.items.saturating_add(more(sweep.items)),
            failed: before.failed.saturating_add(more(sweep.failures)),
            estimate,
        }
    }
}
