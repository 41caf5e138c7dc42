//! Points in time as numbers since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Convert;
use crate::codec::foreign::NANOS;
use crate::codec::{Attribute, DecodeError, EncodeError, kind, number};
use crate::item::AttributeValue;

/// A point in time as whole seconds since 1970; earlier times are negative.
///
/// Converts `SystemTime`, and the points in time of jiff and chrono. A number with a fraction, as older programs stored,
/// is read down to nanoseconds.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use dynamap::{AttributeValue, Convert, UnixSeconds};
///
/// let read: SystemTime = UnixSeconds::decode(&AttributeValue::N("1.25".into()))?;
/// assert_eq!(read, UNIX_EPOCH + Duration::from_millis(1_250));
/// assert_eq!(UnixSeconds::encode(&read)?, AttributeValue::N("1".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct UnixSeconds;

/// A point in time as whole milliseconds since 1970; earlier times are negative. Otherwise as [`UnixSeconds`].
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use dynamap::{AttributeValue, Convert, UnixMillis};
///
/// let before = UNIX_EPOCH - Duration::from_millis(1_500);
/// assert_eq!(UnixMillis::encode(&before)?, AttributeValue::N("-1500".into()));
/// # Ok::<(), dynamap::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct UnixMillis;

/// The nanoseconds since 1970 as whole ticks, rounded down.
fn encode(nanos: i128, per_tick: i128) -> Result<AttributeValue, EncodeError> {
    i64::try_from(nanos.div_euclid(per_tick))
        .map_err(|_| EncodeError::new("the time is too far from 1970"))
        .and_then(i64::encode_operand)
}

/// The nanoseconds since 1970 from a number of ticks of ten to the power of `scale` nanoseconds.
fn decode(value: &AttributeValue, scale: i64, expected: &'static str) -> Result<i128, DecodeError> {
    match value {
        AttributeValue::N(text) => number::scaled(text, scale)
            .ok_or(DecodeError::new(expected, "N out of range, or finer than nanoseconds")),
        other => Err(DecodeError::kind(expected, other)),
    }
}

macro_rules! unix {
    ($ty:ty, $nanos:expr, $from:expr) => {
        unix!(UnixSeconds 9 "seconds since 1970", $ty, $nanos, $from);
        unix!(UnixMillis 6 "milliseconds since 1970", $ty, $nanos, $from);
    };
    ($converter:ident $scale:literal $what:literal, $ty:ty, $nanos:expr, $from:expr) => {
        impl Convert<$ty> for $converter {
            type Kind = kind::N;

            fn encode(value: &$ty) -> Result<AttributeValue, EncodeError> {
                encode($nanos(*value), 10_i128.pow($scale))
            }

            fn decode(value: &AttributeValue) -> Result<$ty, DecodeError> {
                let nanos = decode(value, $scale, $what)?;
                $from(nanos).ok_or(DecodeError::new($what, "N out of range"))
            }
        }
    };
}

unix!(SystemTime, system_nanos, system_time);

fn system_nanos(time: SystemTime) -> i128 {
    // A `Duration` has fewer than 2^64 seconds: its nanoseconds fit.
    let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}

fn system_time(nanos: i128) -> Option<SystemTime> {
    let size = i128::try_from(nanos.unsigned_abs()).ok()?;
    let seconds = u64::try_from(size / NANOS).ok()?;
    let distance = Duration::new(seconds, u32::try_from(size % NANOS).ok()?);
    if nanos < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}

#[cfg(feature = "jiff")]
unix!(::jiff::Timestamp, ::jiff::Timestamp::as_nanosecond, |nanos| {
    ::jiff::Timestamp::from_nanosecond(nanos).ok()
});

#[cfg(feature = "chrono")]
unix!(
    ::chrono::DateTime<::chrono::Utc>,
    |at: ::chrono::DateTime<::chrono::Utc>| {
        i128::from(at.timestamp()) * NANOS + i128::from(at.timestamp_subsec_nanos())
    },
    |nanos: i128| {
        let seconds = i64::try_from(nanos.div_euclid(NANOS)).ok()?;
        let nanos = u32::try_from(nanos.rem_euclid(NANOS)).ok()?;
        ::chrono::DateTime::from_timestamp(seconds, nanos)
    }
);
