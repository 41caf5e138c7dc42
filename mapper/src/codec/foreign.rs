//! Types of the standard library and of other crates that have one obvious stored form.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use semver::Version;
use uuid::Uuid;

use super::{Attribute, DecodeError, EncodeError, kind, number, scalars};
use crate::item::AttributeValue;

macro_rules! pointers {
    ($($pointer:ident)*) => { $(
        /// Stored as what it points to.
        impl<T: Attribute> Attribute for $pointer<T> {
            type Kind = T::Kind;
            type ListKind = kind::L;
            type Operand<'a> = T::Operand<'a> where Self: 'a;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                T::encode(self)
            }

            fn encode_operand(operand: T::Operand<'_>) -> Result<AttributeValue, EncodeError> {
                T::encode_operand(operand)
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                T::decode(value).map($pointer::new)
            }

            fn is_stored_as(&self, stored: &AttributeValue) -> bool {
                T::is_stored_as(self, stored)
            }

            fn absent() -> Option<Self> {
                T::absent().map($pointer::new)
            }
        }

        /// Stored as a string.
        impl Attribute for $pointer<str> {
            type Kind = kind::S;
            type ListKind = kind::L;
            type Operand<'a> = &'a str;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Self::encode_operand(self).map(Some)
            }

            fn encode_operand(operand: &str) -> Result<AttributeValue, EncodeError> {
                String::encode_operand(operand)
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                String::decode(value).map($pointer::from)
            }
        }
    )* };
}

pointers!(Box Arc Rc);

/// Stored as a string; reads as owned.
impl Attribute for Cow<'static, str> {
    type Kind = kind::S;
    type ListKind = kind::L;
    type Operand<'a> = &'a str;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(self).map(Some)
    }

    fn encode_operand(operand: &str) -> Result<AttributeValue, EncodeError> {
        String::encode_operand(operand)
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        String::decode(value).map(Cow::Owned)
    }
}

/// Stored as binary of exactly this length.
impl<const N: usize> Attribute for [u8; N] {
    type Kind = kind::B;
    type ListKind = kind::L;
    type Operand<'a> = &'a [u8];

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Ok(Some(scalars::binary(self)))
    }

    fn encode_operand(operand: &[u8]) -> Result<AttributeValue, EncodeError> {
        Ok(scalars::binary(operand))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        scalars::bytes(value)?
            .try_into()
            .map_err(|_| DecodeError::new("binary of a fixed length", "binary of another length"))
    }
}

macro_rules! texts {
    ($($ty:ty, $operand:ty, $expected:literal, $from:expr;)*) => { $(
        #[doc = concat!("Stored as ", $expected, ".")]
        impl Attribute for $ty {
            type Kind = kind::S;
            type ListKind = kind::L;
            type Operand<'a> = $operand;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Ok(Some(AttributeValue::S(self.to_string())))
            }

            fn encode_operand(operand: Self::Operand<'_>) -> Result<AttributeValue, EncodeError> {
                Ok(AttributeValue::S(operand.to_string()))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                match value {
                    AttributeValue::S(text) => {
                        $from(text.as_str()).ok_or(DecodeError::new($expected, "another string"))
                    }
                    other => Err(DecodeError::kind($expected, other)),
                }
            }
        }
    )* };
}

texts! {
    Uuid, Self, "the hyphenated text of a UUID", |text| Uuid::try_parse(text).ok();
    Version, &'a Self, "the text of a semver", |text| Version::parse(text).ok();
    char, Self, "a string of one character", one_character;
}

fn one_character(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Whole units of ten to the power of minus nine from a number of seconds.
pub(super) fn nanoseconds(value: &AttributeValue) -> Result<i128, DecodeError> {
    match value {
        AttributeValue::N(text) => number::scaled(text, 9)
            .ok_or(DecodeError::new(SECONDS, "N too large, or finer than nanoseconds")),
        other => Err(DecodeError::kind(SECONDS, other)),
    }
}

/// What durations are read from.
pub(super) const SECONDS: &str = "a number of seconds";

/// Stored as seconds, with up to nine decimals: 1.5 s is `1.5`.
impl Attribute for Duration {
    type Kind = kind::N;
    type ListKind = kind::L;
    type Operand<'a> = Self;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(*self).map(Some)
    }

    fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
        let nanos = i128::from(operand.as_secs()) * NANOS + i128::from(operand.subsec_nanos());
        Ok(AttributeValue::N(number::unscaled(nanos, 9)))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        let nanos = nanoseconds(value)?;
        let seconds = u64::try_from(nanos.div_euclid(NANOS)).ok();
        let nanos = u32::try_from(nanos.rem_euclid(NANOS)).ok();
        let duration = seconds.zip(nanos).map(|(seconds, nanos)| Self::new(seconds, nanos));
        duration.ok_or(DecodeError::new(SECONDS, "N below 0 or too large"))
    }
}

/// Nanoseconds in a second.
pub(super) const NANOS: i128 = 1_000_000_000;
