//! Types of the standard library and of other crates that have one obvious stored form.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use semver::Version;
use uuid::Uuid;

use super::{Attribute, DecodeError, EncodeError, kind, scalars};
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

/// Stored as seconds, with up to nine decimals: 1.5 s is `1.5`.
impl Attribute for Duration {
    type Kind = kind::N;
    type ListKind = kind::L;
    type Operand<'a> = Self;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(*self).map(Some)
    }

    fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
        let (seconds, nanos) = (operand.as_secs(), operand.subsec_nanos());
        let text = format!("{seconds}.{nanos:09}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        Ok(AttributeValue::N(text.to_owned()))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        const EXPECTED: &str = "a number of seconds";
        let AttributeValue::N(text) = value else {
            return Err(DecodeError::kind(EXPECTED, value));
        };
        let misfit =
            || DecodeError::new(EXPECTED, "N below 0, too large, or finer than nanoseconds");
        let nanos = super::number::scaled(text, 9).ok_or_else(misfit)?;
        let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| misfit())?;
        let nanos = u32::try_from(nanos % 1_000_000_000).map_err(|_| misfit())?;
        Ok(Self::new(seconds, nanos))
    }
}
