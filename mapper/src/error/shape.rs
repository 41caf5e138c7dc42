//! Items whose shape is not the model's: of other schemas, or of other programs.

use semver::Version;

use super::Target;
use crate::codec::DecodeError;
use crate::key::Key;
use crate::layout::Layout;
use crate::upgrade::UpgradeError;

/// An item that does not fit its model.
#[derive(Debug)]
pub struct Undecodable {
    /// Which item.
    pub target: Target,
    /// Which attribute, what was expected and what was found.
    pub error: DecodeError,
}

/// The schemas of an item and of the model that tried to read it.
#[derive(Debug)]
pub struct SchemaGap {
    /// Which item.
    pub target: Target,
    /// The schema of the item.
    pub stored: Version,
    /// The schema of the model.
    pub known: Version,
}

/// What an older schema cannot hold.
#[derive(Debug)]
pub struct Loss {
    /// Which item.
    pub target: Target,
    /// The schema in which it was to be written.
    pub schema: Version,
    /// The attribute that would be another one, or gone.
    pub attribute: String,
}

/// An item that a migration step could not read.
#[derive(Debug)]
pub struct NotUpgraded {
    /// Which item.
    pub target: Target,
    /// Which step, and why.
    pub error: UpgradeError,
}

impl SchemaGap {
    pub(super) fn new(table: &str, key: &Key, stored: Version, layout: &Layout) -> Self {
        Self { target: Target::new(table, key), stored, known: layout.schema.clone() }
    }
}

/// Why an item was not upgraded.
pub(super) fn step(error: &UpgradeError) -> String {
    match error {
        UpgradeError::Step(step) => format!("step {} to {}: {}", step.from, step.to, step.error),
        UpgradeError::NoPath => "no step leads from its schema".to_owned(),
        UpgradeError::Expiry { attribute } => {
            format!(
                "the steps change `{attribute}`, by which the service deletes the item: leave it as it is"
            )
        }
        UpgradeError::Keyed { from, to } => {
            format!("step {from} to {to} changes the key: run the backfill, which moves the item")
        }
    }
}
