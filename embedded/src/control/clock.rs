//! What time it is: the system's when the store was opened, and from then on that of the runtime.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A moment, as the time since 1970. It is written down, so it is no `Instant`.
pub(super) type Moment = Duration;

/// A clock that stands still, and moves, with a runtime that is paused.
#[derive(Debug)]
pub(super) struct Clock {
    opened: Moment,
    at: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        let opened = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { opened, at: Instant::now() }
    }

    pub(super) fn now(&self) -> Moment {
        self.opened.saturating_add(self.at.elapsed())
    }
}
