//! Dates and points in time as older programs stored them.

use super::Convert;
use crate::codec::{Attribute, DecodeError, EncodeError, civil, kind};
use crate::item::AttributeValue;

/// A date as the number of its day in the Gregorian calendar, as Python's `date.toordinal()`: 0001-01-01 is 1.
///
/// ```
/// use dynamap::{AttributeValue, Convert, DayOrdinal};
///
/// let day = jiff::civil::date(2026, 7, 29);
/// assert_eq!(DayOrdinal::encode(&day)?, AttributeValue::N("739826".into()));
/// # Ok::<(), dynamap::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DayOrdinal;

/// A point in time as ISO 8601 text; text without an offset, or without a time, reads as UTC.
///
/// Written in UTC and of one width, as the type itself is stored: use it where older programs wrote no offset.
///
/// ```
/// use dynamap::{AttributeValue, Convert, Iso8601};
/// use jiff::Timestamp;
///
/// let read: Timestamp = Iso8601::decode(&AttributeValue::S("2026-07-29 12:00:00".into()))?;
/// assert_eq!(read, "2026-07-29T12:00:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Iso8601;

const DAY: &str = "the number of a day";

macro_rules! dates {
    ($date:ty, $number:expr, $of_number:expr; $instant:ty, $module:ident) => {
        impl Convert<$date> for DayOrdinal {
            type Kind = kind::N;

            fn encode(value: &$date) -> Result<AttributeValue, EncodeError> {
                i64::encode_operand($number(*value))
            }

            fn decode(value: &AttributeValue) -> Result<$date, DecodeError> {
                $of_number(i32::decode(value)?).ok_or(DecodeError::new(DAY, "N out of range"))
            }
        }

        impl Convert<$instant> for Iso8601 {
            type Kind = kind::S;

            fn encode(value: &$instant) -> Result<AttributeValue, EncodeError> {
                crate::codec::$module::instant_text(*value).map(AttributeValue::S)
            }

            fn decode(value: &AttributeValue) -> Result<$instant, DecodeError> {
                civil::from_text(civil::ISO, value, |text| {
                    let (civil, _, offset) = civil::parse(text)?;
                    crate::codec::$module::instant(civil, offset.unwrap_or(0))
                })
            }
        }
    };
}

#[cfg(feature = "jiff")]
dates!(::jiff::civil::Date, jiff_number, jiff_date; ::jiff::Timestamp, jiff);

/// The day before day 1.
#[cfg(feature = "jiff")]
const DAY_ZERO: ::jiff::civil::Date = ::jiff::civil::date(0, 12, 31);

#[cfg(feature = "jiff")]
fn jiff_number(day: ::jiff::civil::Date) -> i64 {
    day.duration_since(DAY_ZERO).as_hours() / 24
}

#[cfg(feature = "jiff")]
fn jiff_date(number: i32) -> Option<::jiff::civil::Date> {
    DAY_ZERO.checked_add(::jiff::Span::new().try_days(number).ok()?).ok()
}

#[cfg(feature = "chrono")]
dates!(
    ::chrono::NaiveDate,
    chrono_number,
    ::chrono::NaiveDate::from_num_days_from_ce_opt;
    ::chrono::DateTime<::chrono::Utc>, chrono
);

#[cfg(feature = "chrono")]
fn chrono_number(day: ::chrono::NaiveDate) -> i64 {
    ::chrono::Datelike::num_days_from_ce(&day).into()
}
