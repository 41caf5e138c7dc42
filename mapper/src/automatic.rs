//! What the library fills by itself: times of the database's clock, ids of its random source.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::database::Database;

/// Which verb writes a whole model: what a [`before_write`](crate::Model::before_write) hook is told.
///
/// ```
/// use dynamap::{Model, Report, WriteVerb};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "posts", before_write = count, validate = false)]
/// struct Post { #[model(hash_key)] id: u64, edits: u32 }
///
/// fn count(mut post: Post, verb: WriteVerb) -> Result<Post, Report> {
///     post.edits = if verb == WriteVerb::Insert { 0 } else { post.edits + 1 };
///     Ok(post)
/// }
///
/// let post = Post { id: 1, edits: 4 };
/// assert_eq!(post.clone().before_write(WriteVerb::Save)?.edits, 5);
/// assert_eq!(post.before_write(WriteVerb::Insert)?.edits, 0);
/// # Ok::<(), Report>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteVerb {
    /// `Model::insert`, also in a transaction.
    Insert,
    /// `Loaded::save`, also in a transaction.
    Save,
    /// `Model::upsert`.
    Upsert,
    /// `Model::replace`.
    Replace,
}

/// The type of a field with `#[model(created_at)]` or `#[model(updated_at)]`: made from the database's clock.
///
/// Numbers are whole seconds since 1970. Implement it for a type of your own to store times in another form.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use dynamap::FromClock;
///
/// let now = UNIX_EPOCH + Duration::from_millis(2_500);
/// assert_eq!(u64::from_clock(now), 2);
/// assert_eq!(Option::<i64>::from_clock(now), Some(2));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold a point in time",
    label = "not made from the clock",
    note = "use `u64` or `i64` for seconds since 1970, or `SystemTime` with `with = UnixSeconds` or `with = UnixMillis`",
    note = "or implement `dynamap::FromClock` for a type of your own"
)]
pub trait FromClock: Clone {
    /// The value of this moment.
    fn from_clock(now: SystemTime) -> Self;
}

impl FromClock for SystemTime {
    fn from_clock(now: SystemTime) -> Self {
        now
    }
}

/// Seconds since 1970; 0 before.
impl FromClock for u64 {
    fn from_clock(now: SystemTime) -> Self {
        now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// Seconds since 1970; 0 before.
impl FromClock for i64 {
    fn from_clock(now: SystemTime) -> Self {
        Self::try_from(u64::from_clock(now)).unwrap_or(Self::MAX)
    }
}

/// Stops at the ends of what a `Timestamp` can hold.
#[cfg(feature = "jiff")]
impl FromClock for jiff::Timestamp {
    fn from_clock(now: SystemTime) -> Self {
        Self::try_from(now).unwrap_or(if now < UNIX_EPOCH { Self::MIN } else { Self::MAX })
    }
}

/// 1970 for earlier times; stops at the end of what a `DateTime` can hold.
#[cfg(feature = "chrono")]
impl FromClock for chrono::DateTime<chrono::Utc> {
    fn from_clock(now: SystemTime) -> Self {
        // chrono's own conversion from `SystemTime` panics out of range.
        let (seconds, nanos) = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => (i64::try_from(since.as_secs()).ok(), since.subsec_nanos()),
            Err(_) => (Some(0), 0),
        };
        seconds.and_then(|s| Self::from_timestamp(s, nanos)).unwrap_or(Self::MAX_UTC)
    }
}

/// For items that were written before the field was there.
impl<T: FromClock> FromClock for Option<T> {
    fn from_clock(now: SystemTime) -> Self {
        Some(T::from_clock(now))
    }
}

/// The version of the UUIDs that an insert makes.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum UuidVersion {
    /// Random.
    V4,
    /// The time in milliseconds, then random.
    V7,
}

/// One write of a whole model: where its automatic fields come from. Every field sees the same moment.
///
/// For what the derive makes of a model.
#[doc(hidden)]
pub struct Automatic<'a> {
    db: &'a Database,
    verb: WriteVerb,
    now: SystemTime,
}

#[doc(hidden)]
impl<'a> Automatic<'a> {
    pub(crate) fn new(db: &'a Database, verb: WriteVerb) -> Self {
        Self { db, verb, now: db.now() }
    }

    /// Which verb writes.
    #[must_use]
    pub fn verb(&self) -> WriteVerb {
        self.verb
    }

    /// The moment of the write, by the database's clock.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.now
    }

    pub(crate) fn uuid(&self, version: UuidVersion) -> Uuid {
        match version {
            UuidVersion::V4 => uuid::Builder::from_random_bytes(self.db.random_bytes()).into_uuid(),
            UuidVersion::V7 => {
                let since = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
                let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
                let random = self.db.random_bytes();
                uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
            }
        }
    }
}

impl fmt::Debug for Automatic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Automatic")
            .field("verb", &self.verb)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
