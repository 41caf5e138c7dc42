//! All that is known of one table.

use super::progress::Progress;
use super::settings::Settings;

/// A table, and what is under way with it.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) settings: Settings,
    pub(super) progress: Progress,
    /// Polls of the time to live that tell of its change.
    pub(super) expiring: u32,
}

impl Table {
    /// A table that was here before.
    pub(super) fn settled(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }
}
