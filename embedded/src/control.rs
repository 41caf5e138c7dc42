//! The control plane: tables are administered as on the service, where the engine does everything at once and refuses little.
//!
//! * `plane`: the one way in, between `store` and `throttle`; `tables`: a request, and all tables that are known.
//! * `progress`: what is under way, counted in polls; `table`: all that is known of one table.
//! * `create`, `update`: what the two requests change, and why they are refused; `index`: the part of them about one index.
//! * `capacity`: provisioned units and how often they may go down; `windows`: what may happen so many times in a while.
//! * `warm`, `expiry`, `backups`: warm throughput, times to live, recovery to a point in time.
//! * `describe`: what a description tells beyond the engine's.
//! * `settings`: what is kept of a table; `disc`: where it is kept; `clock`: what time it is.
//! * `denial`: how the service words a refusal.

mod backups;
mod capacity;
mod clock;
mod create;
mod denial;
mod describe;
mod disc;
mod expiry;
mod index;
mod plane;
mod progress;
mod settings;
mod table;
mod tables;
mod update;
mod warm;
mod windows;

pub(crate) use denial::Denial;
pub(crate) use disc::{Disc, TABLE as DISC_TABLE};
pub(crate) use plane::Plane;

/// How the tables of a store are administered: see [`Builder::control_plane`](crate::Builder::control_plane).
///
/// ```
/// use dynamap_embedded::ControlPlane;
///
/// const SLOW: ControlPlane = ControlPlane::polled().creating(10).deleting(0);
/// assert_ne!(SLOW, ControlPlane::polled());
/// assert_eq!(SLOW.creating(2).deleting(2), ControlPlane::polled());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlPlane {
    unseen: u32,
    creating: u32,
    updating: u32,
    backfilling: u32,
    deleting: u32,
}

impl ControlPlane {
    /// What changes takes two polls, and a new table is not seen by the first one. A poll is a `DescribeTable` of the
    /// table.
    #[must_use]
    pub const fn polled() -> Self {
        Self { unseen: 1, creating: 2, updating: 2, backfilling: 2, deleting: 2 }
    }

    /// Nothing takes a poll. What is limited or refused stays so.
    #[must_use]
    pub const fn at_once() -> Self {
        Self { unseen: 0, creating: 0, updating: 0, backfilling: 0, deleting: 0 }
    }

    /// How many polls do not find a new table: `DescribeTable` is eventually consistent.
    #[must_use]
    pub const fn unseen(self, polls: u32) -> Self {
        Self { unseen: polls, ..self }
    }

    /// How many polls tell that a table is being created.
    #[must_use]
    pub const fn creating(self, polls: u32) -> Self {
        Self { creating: polls, ..self }
    }

    /// How many polls tell that a table is being updated. A new index has no entries meanwhile.
    #[must_use]
    pub const fn updating(self, polls: u32) -> Self {
        Self { updating: polls, ..self }
    }

    /// How many polls tell that a new index is backfilled, when the update is over.
    #[must_use]
    pub const fn backfilling(self, polls: u32) -> Self {
        Self { backfilling: polls, ..self }
    }

    /// How many polls tell that a table or an index is being deleted.
    #[must_use]
    pub const fn deleting(self, polls: u32) -> Self {
        Self { deleting: polls, ..self }
    }
}
