//! What is kept of a table beyond what the engine keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::backups::Recovery;
use super::capacity::{Changes, Units};
use super::clock::Moment;
use super::index::Maximum;
use super::warm::Warm;
use super::windows::Window;

/// Of a table. It is written to the file as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// Which table it is: another one may have its name by now.
    pub(super) id: Option<Value>,
    pub(super) changes: Changes,
    pub(super) indexes: BTreeMap<String, IndexSettings>,
    pub(super) warm: Warm,
    /// What the last update said of encryption.
    pub(super) encryption: Option<Encryption>,
    pub(super) recovery: Option<Recovery>,
    /// When it was switched to payment by request.
    pub(super) switches: Window,
    /// When it was moved to another table class.
    pub(super) moves: Window,
    /// When its time to live was changed.
    pub(super) expiry: Option<Moment>,
}

/// Of a global index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct IndexSettings {
    /// What was provisioned last, if that was after it was created with its table.
    pub(super) units: Option<Units>,
    pub(super) changes: Changes,
    pub(super) warm: Warm,
    pub(super) maximum: Maximum,
}

/// Encryption with a key of the account, or with one of the service, which no description tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Encryption {
    pub(super) key: Option<String>,
}
