//! Why a conditional write failed, told from the item that was there.

use super::plan::{Base, Write};
use crate::decode::stored_version;
use crate::error::{Conflict, Error, Failure, Reason};
use crate::item::{Item, same_option};
use crate::schema::WRITE_ATTRIBUTE;

/// Whether the stored item was left by the write with this nonce: our own, its answer lost.
pub(crate) fn is_own(stored: Option<&Item>, nonce: &str) -> bool {
    stored.and_then(|item| item.text(WRITE_ATTRIBUTE)) == Some(nonce)
}

/// The error of one failed condition.
pub(crate) fn conflict(write: &Write, stored: Option<Item>) -> Error {
    if matches!(write.base, Base::Any) && stored.is_none() {
        return Error::not_found(&write.target.table, &write.target.key);
    }
    Error::Conflict(Box::new(Conflict::new(vec![failure(write, stored)])))
}

/// One failed condition.
pub(crate) fn failure(write: &Write, stored: Option<Item>) -> Failure {
    let reason = match (&write.base, &stored) {
        (Base::Absent, Some(_)) => Reason::AlreadyExists,
        // Where nothing was expected, or nothing is there as expected, only the program's own condition can have failed.
        (Base::Any, _) | (Base::Absent, None) => Reason::Condition,
        (Base::Stored(_), None) => Reason::Deleted,
        (Base::Stored(base), Some(stored)) => changed(write, base, stored),
    };
    let nothing = Item::default();
    let image = stored.as_ref().unwrap_or(&nothing);
    let labels = match (&reason, &write.condition) {
        (Reason::Condition, Some(condition)) => condition.failed_labels(image),
        _ => Vec::new(),
    };
    Failure { labels, ..refused(write, reason, stored) }
}

pub(crate) fn refused(write: &Write, reason: Reason, stored: Option<Item>) -> Failure {
    Failure {
        layout: write.layout,
        table: write.target.table.clone(),
        key: write.target.key.clone(),
        reason,
        stored,
        labels: Vec::new(),
        owner: None,
        target: write.number,
    }
}

fn changed(write: &Write, base: &Item, stored: &Item) -> Reason {
    let version = |item| stored_version(write.layout, item).ok().flatten();
    let (expected, actual) = (version(base), version(stored));
    let same_write = same_option(base.get(WRITE_ATTRIBUTE), stored.get(WRITE_ATTRIBUTE));
    if expected == actual && same_write {
        // Nothing that the library keeps has moved: the program's own condition, or another program.
        return match &write.condition {
            Some(condition) if !condition.holds(stored) => Reason::Condition,
            _ => Reason::Changed { expected, actual },
        };
    }
    match (expected, actual) {
        // Versions rise by one with every write, so a lower or equal one belongs to another life of the key.
        (Some(expected), Some(actual)) if actual <= expected => Reason::Recreated,
        (expected, actual) => Reason::Changed { expected, actual },
    }
}
