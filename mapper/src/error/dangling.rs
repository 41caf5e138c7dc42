//! A reference to an item that is not there.

use super::Target;

/// An item refers to another one that is not there: deleted meanwhile, or never stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("item {from} refers to item {to}, which is not there: nothing was written")]
pub struct Dangling {
    /// The item that holds the reference.
    pub from: Target,
    /// The item that it names.
    pub to: Target,
}

impl Dangling {
    pub(crate) fn new(from: Target, to: Target) -> Self {
        Self { from, to }
    }
}
