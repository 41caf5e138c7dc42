//! The time that a test sets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 1 January 2026, 00:00 UTC.
const BEGINNING: Duration = Duration::from_hours(490_896);

/// The clock of a [`TestDatabase`](crate::TestDatabase): it stands still until the test moves it. Clones are the same
/// clock, so the program under test can be given it, too.
///
/// It is what `created_at`, `updated_at`, `ttl` and UUIDs of version 7 are made from. Pauses between attempts, deadlines
/// and throttled tables go by the time of tokio, which
/// [`start_paused`](https://docs.rs/tokio/latest/tokio/attr.test.html) stops.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use dynamap::testing::TestDatabase;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let noon = UNIX_EPOCH + Duration::from_hours(12);
/// let test = TestDatabase::builder().clock_at(noon).build().await?;
/// assert_eq!(test.database().now(), noon);
///
/// test.clock().advance(Duration::from_mins(5));
/// assert_eq!(test.database().now(), noon + Duration::from_mins(5));
/// test.clock().set(noon);
/// assert_eq!(test.database().now(), noon);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<SystemTime>>);

impl TestClock {
    pub(crate) fn at(time: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        *self.shown()
    }

    /// Moves it on. At the end of what the system can count it stays.
    pub fn advance(&self, by: Duration) {
        let mut shown = self.shown();
        *shown = shown.checked_add(by).unwrap_or(*shown);
    }

    /// Sets it, also back: clocks of servers are set back, too.
    pub fn set(&self, time: SystemTime) {
        *self.shown() = time;
    }

    fn shown(&self) -> MutexGuard<'_, SystemTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::at(UNIX_EPOCH + BEGINNING)
    }
}
