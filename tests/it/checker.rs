//! A checker of transaction histories: which anomalies a history shows, each with its evidence.
//!
//! It builds Adya's direct serialization graph from what transactions read and wrote, and looks for cycles.
//! Sources: A. Adya, *Weak Consistency* (MIT, 1999), for the anomalies; K. Kingsbury and P. Alvaro, *Elle: Inferring
//! Isolation Anomalies from Experimental Observations* (PVLDB 14(3), 2020), for inferring the graph from reads of lists.
//!
//! * `history`: what happened. `elle`: the same for the original checker, to be asked for a second opinion.
//! * `order`: the versions of each key, inferred from lists or told by registers.
//! * `reads`: anomalies of single reads. `graph`: dependencies. `cycles`: anomalies of several transactions.
//! * `mutate`: sabotage below the SDK, which the checker must notice.

pub mod history;
pub mod mutate;

mod cycles;
mod elle;
mod examples;
mod graph;
mod order;
mod reads;

use std::fmt;

pub use history::{End, History, Key, Micro, Value};

/// What a history must not show. Each level forbids what the ones before it forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    ReadCommitted,
    /// No read skew and no lost update. Write skew is allowed, and so are all cycles of two or more anti-dependencies.
    Snapshot,
    Serializable,
    /// Serializable in an order that keeps each process's own order.
    Session,
    /// Serializable in an order that keeps transactions apart that did not overlap.
    StrictSerializable,
}

/// The names of Adya's thesis and of Elle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A transaction does not see what it read or wrote before.
    Internal,
    Duplicate,
    /// Two reads of a key cannot both be states of one order of writes.
    IncompatibleOrder,
    /// A cycle of writes.
    G0,
    /// A read of what was rolled back, or of what nobody wrote.
    G1a,
    /// A read of what its writer replaced itself.
    G1b,
    /// A cycle of writes and reads.
    G1c,
    /// Two transactions write by the same version of a key.
    LostUpdate,
    /// A cycle with one anti-dependency: read skew.
    GSingle,
    /// A cycle with several anti-dependencies: write skew, long fork.
    G2Item,
}

impl Kind {
    fn forbidden_from(self) -> Level {
        match self {
            Self::G2Item => Level::Serializable,
            Self::GSingle | Self::LostUpdate => Level::Snapshot,
            _ => Level::ReadCommitted,
        }
    }
}

/// An order beside that of the data, which a cycle needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    Nothing,
    Process,
    RealTime,
}

impl Beside {
    fn forbidden_from(self) -> Level {
        match self {
            Self::Nothing => Level::ReadCommitted,
            Self::Process => Level::Session,
            Self::RealTime => Level::StrictSerializable,
        }
    }
}

/// What must not be, and why it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    pub kind: Kind,
    pub beside: Beside,
    pub evidence: String,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.beside {
            Beside::Nothing => write!(f, "{:?}: {}", self.kind, self.evidence),
            beside => write!(f, "{:?} by {beside:?}: {}", self.kind, self.evidence),
        }
    }
}

/// The anomalies of a history that the level forbids.
pub fn check(history: &History, level: Level) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let order = order::Order::of(history, &mut found);
    reads::check(history, &order, &mut found);
    cycles::check(history, &graph::build(history, &order, level), &mut found);
    found.retain(|anomaly| {
        anomaly.kind.forbidden_from().max(anomaly.beside.forbidden_from()) <= level
    });
    found
}
