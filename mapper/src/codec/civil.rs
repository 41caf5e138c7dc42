//! Dates and times as text of one width, so that the order of the texts is the order of the times.
//!
//! Shared by [`jiff`](super::jiff) and [`chrono`](super::chrono), which so read and write the same.

use super::{DecodeError, EncodeError};
use crate::item::AttributeValue;

/// The reading of a calendar and a clock, not yet known to exist: the crates check that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i32,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanos: u32,
}

/// The years that four digits can hold.
const YEARS: std::ops::RangeInclusive<i32> = 0..=9999;

impl Civil {
    /// `2026-07-29`.
    pub(super) fn date_text(self) -> Result<String, EncodeError> {
        let Self { year, month, day, .. } = self;
        if !YEARS.contains(&year) {
            return Err(EncodeError::new("only the years 0 to 9999 can be stored as text"));
        }
        Ok(format!("{year:04}-{month:02}-{day:02}"))
    }

    /// `2026-07-29T12:00:00.000000000`.
    pub(super) fn text(self) -> Result<String, EncodeError> {
        let Self { hour, minute, second, nanos, .. } = self;
        let date = self.date_text()?;
        Ok(format!("{date}T{hour:02}:{minute:02}:{second:02}.{nanos:09}"))
    }
}

/// Reads a date, a time of it, and the offset from UTC in seconds; the latter two may be missing.
///
/// Accepts RFC 3339 and what Python's `isoformat` writes: any number of fraction digits (of which those after the ninth
/// must be zeros), a space for the `T`, no seconds. A leap second reads as the second before it.
pub(super) fn parse(text: &str) -> Option<(Civil, bool, Option<i32>)> {
    let mut rest = Text(text.as_bytes());
    let mut civil = Civil { year: rest.digits(4)?, ..Civil::default() };
    rest.one_of(b"-")?;
    civil.month = rest.two()?;
    rest.one_of(b"-")?;
    civil.day = rest.two()?;
    if rest.0.is_empty() {
        return Some((civil, false, None));
    }
    rest.one_of(b"Tt ")?;
    civil.hour = rest.two()?;
    rest.one_of(b":")?;
    civil.minute = rest.two()?;
    if rest.one_of(b":").is_some() {
        let second = rest.two()?;
        civil.second = if second == 60 { 59 } else { second };
        if rest.one_of(b".,").is_some() {
            civil.nanos = rest.fraction()?;
        }
    }
    let offset = if rest.0.is_empty() { None } else { Some(rest.offset()?) };
    Some((civil, true, offset))
}

/// What is left to read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn one_of(&mut self, any: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if any.contains(first) {
            self.0 = rest;
            Some(*first)
        } else {
            None
        }
    }

    fn digit(&mut self) -> Option<i32> {
        self.one_of(b"0123456789").map(|digit| i32::from(digit - b'0'))
    }

    fn digits(&mut self, count: usize) -> Option<i32> {
        let mut number = 0;
        for _ in 0..count {
            number = number * 10 + self.digit()?;
        }
        Some(number)
    }

    fn two(&mut self) -> Option<u8> {
        u8::try_from(self.digits(2)?).ok()
    }

    fn fraction(&mut self) -> Option<u32> {
        let (mut nanos, mut unit) = (self.digit()? * 100_000_000, 10_000_000);
        while let Some(digit) = self.digit() {
            if unit == 0 && digit != 0 {
                return None;
            }
            nanos += digit * unit;
            unit /= 10;
        }
        u32::try_from(nanos).ok()
    }

    /// The offset that ends the text.
    fn offset(mut self) -> Option<i32> {
        let seconds = match self.one_of(b"Zz+-")? {
            sign @ (b'+' | b'-') => {
                let hours = self.digits(2)?;
                let colon = self.one_of(b":").is_some();
                let minutes = if self.0.is_empty() && !colon { 0 } else { self.digits(2)? };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let size = hours * 3600 + minutes * 60;
                if sign == b'-' { -size } else { size }
            }
            _ => 0,
        };
        self.0.is_empty().then_some(seconds)
    }
}

/// Reads a string attribute by `read`.
pub(super) fn from_text<T>(
    expected: &'static str,
    value: &AttributeValue,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, DecodeError> {
    match value {
        AttributeValue::S(text) => read(text).ok_or(DecodeError::new(expected, "another string")),
        other => Err(DecodeError::kind(expected, other)),
    }
}

/// What is expected where a point in time is read.
pub(super) const INSTANT: &str = "the text of a point in time with its offset";
/// What is expected where a point in time may lack its offset.
pub(super) const ISO: &str = "the text of a point in time";
/// What is expected where a date is read.
pub(super) const DATE: &str = "the text of a date";
/// What is expected where a date and a time without an offset are read.
pub(super) const DATE_TIME: &str = "the text of a date and time without an offset";

/// An `Attribute` of a type that is copied, written and read by two functions.
macro_rules! attribute {
    ($ty:ty, $kind:ident, $text:literal, $write:expr, $read:expr) => {
        #[doc = concat!("Stored as ", $text, ".")]
        impl $crate::codec::Attribute for $ty {
            type Kind = $crate::kind::$kind;
            type ListKind = $crate::kind::L;
            type Operand<'a> = Self;

            fn encode(&self) -> Result<Option<$crate::AttributeValue>, $crate::EncodeError> {
                Self::encode_operand(*self).map(Some)
            }

            fn encode_operand(
                operand: Self,
            ) -> Result<$crate::AttributeValue, $crate::EncodeError> {
                $write(operand).map($crate::AttributeValue::$kind)
            }

            fn decode(value: &$crate::AttributeValue) -> Result<Self, $crate::DecodeError> {
                $read(value)
            }
        }
    };
}

pub(super) use attribute;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_programs_are_read() {
        let noon = Civil { year: 2026, month: 7, day: 29, hour: 12, minute: 5, ..Civil::default() };
        for (text, civil, has_time, offset) in [
            ("2026-07-29T12:05:00Z", noon, true, Some(0)),
            ("2026-07-29 12:05", noon, true, None),
            ("2026-07-29T12:05:00.000000000000+02:00", noon, true, Some(7200)),
            ("2026-07-29T12:05:00-0930", noon, true, Some(-34_200)),
            ("2026-07-29T12:05:60z", Civil { second: 59, ..noon }, true, Some(0)),
            ("2026-07-29T12:05:00.5", Civil { nanos: 500_000_000, ..noon }, true, None),
            ("2026-07-29", Civil { hour: 0, minute: 0, ..noon }, false, None),
        ] {
            assert_eq!(parse(text), Some((civil, has_time, offset)), "{text}");
        }
        for text in [
            "",
            "2026",
            "2026-7-29",
            "-026-07-29",
            "2026-07-29T",
            "2026-07-29T12",
            "2026-07-29Z",
            "2026-07-29T12:05:00.",
            "2026-07-29T12:05:00.0000000001Z",
            "2026-07-29T12:05:00+24:00",
            "2026-07-29T12:05:00+02:",
            "2026-07-29T12:05:00Zz",
            "2026-07-29T12:05é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
