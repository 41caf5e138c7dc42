//! Integers and floats as N.

use std::num::NonZero;

use super::{Attribute, DecodeError, EncodeError, kind, number};
use crate::item::AttributeValue;

/// DynamoDB keeps 38 significant digits; only 128-bit integers can have more.
const MAX_DIGITS: usize = 38;

fn text<'a>(expected: &'static str, value: &'a AttributeValue) -> Result<&'a str, DecodeError> {
    match value {
        AttributeValue::N(text) => Ok(text),
        other => Err(DecodeError::kind(expected, other)),
    }
}

/// Parses an integer, also from a text such as `7.0` or `1e2` that another program wrote.
fn integer<T: std::str::FromStr>(
    expected: &'static str,
    value: &AttributeValue,
) -> Result<T, DecodeError> {
    let text = text(expected, value)?;
    text.parse()
        .or_else(|_| number::canonical(text).parse())
        .map_err(|_| DecodeError::new(expected, "N with a fraction or out of range"))
}

macro_rules! integers {
    ($($ty:ty, $expected:literal, $list:ty { $($slice:tt)* };)*) => { $(
        impl Attribute for $ty {
            type Kind = kind::N;
            type ListKind = $list;
            type Operand<'a> = $ty;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Self::encode_operand(*self).map(Some)
            }

            fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
                let text = operand.to_string();
                if text.len() > MAX_DIGITS && number::significant_digits(&text) > MAX_DIGITS {
                    return Err(EncodeError::new("the number has more than 38 significant digits"));
                }
                Ok(AttributeValue::N(text))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                integer($expected, value)
            }

            fn is_stored_as(&self, stored: &AttributeValue) -> bool {
                Self::decode(stored).is_ok_and(|stored| stored == *self)
            }

            $($slice)*
        }
    )* };
}

integers! {
    // A `Vec<u8>` is binary, not a list of numbers.
    u8, "a number (u8)", kind::B {
        fn encode_slice(values: &[Self]) -> Result<AttributeValue, EncodeError> {
            Ok(super::scalars::binary(values))
        }

        fn is_slice_stored_as(values: &[Self], stored: &AttributeValue) -> bool {
            super::scalars::bytes(stored).is_ok_and(|stored| stored == values)
        }

        fn decode_slice(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
            super::scalars::bytes(value).map(<[u8]>::to_vec)
        }
    };
    u16, "a number (u16)", kind::L {};
    u32, "a number (u32)", kind::L {};
    u64, "a number (u64)", kind::L {};
    u128, "a number (u128)", kind::L {};
    usize, "a number (usize)", kind::L {};
    i8, "a number (i8)", kind::L {};
    i16, "a number (i16)", kind::L {};
    i32, "a number (i32)", kind::L {};
    i64, "a number (i64)", kind::L {};
    i128, "a number (i128)", kind::L {};
    isize, "a number (isize)", kind::L {};
}

/// The range of DynamoDB's positive numbers; negative ones mirror it.
const SMALLEST: f64 = 1e-130;
const TOO_LARGE: f64 = 1e126;

fn float_text(finite: bool, size: f64, text: String) -> Result<AttributeValue, EncodeError> {
    if !finite {
        return Err(EncodeError::new("NaN and infinity cannot be stored"));
    }
    // Zero is the only value below the smallest number.
    if size >= TOO_LARGE || (size < SMALLEST && size > 0.0) {
        return Err(EncodeError::new("the number is outside DynamoDB's range, 1E-130 to 9.9E+125"));
    }
    Ok(AttributeValue::N(text))
}

macro_rules! floats {
    ($($ty:ty, $expected:literal;)*) => { $(
        impl Attribute for $ty {
            type Kind = kind::N;
            type ListKind = kind::L;
            type Operand<'a> = $ty;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Self::encode_operand(*self).map(Some)
            }

            fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
                let size = f64::from(operand).abs();
                // Both are the shortest text that reads back as the same float; `{:e}` keeps long ones short.
                let plain = size == 0.0 || (1e-7..1e21).contains(&size);
                let text = if plain { operand.to_string() } else { format!("{operand:e}") };
                float_text(operand.is_finite(), size, text)
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                text($expected, value)?
                    .parse()
                    .map_err(|_| DecodeError::new($expected, "N that is no float"))
            }
        }
    )* };
}

floats! {
    f32, "a number (f32)";
    f64, "a number (f64)";
}

macro_rules! nonzero {
    ($($ty:ty),*) => { $(
        /// Stored as the number; 0 is an error.
        impl Attribute for NonZero<$ty> {
            type Kind = kind::N;
            type ListKind = kind::L;
            type Operand<'a> = Self;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                self.get().encode()
            }

            fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
                <$ty>::encode_operand(operand.get())
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                let zero = || DecodeError::new("a number other than 0", "0");
                <$ty>::decode(value).and_then(|number| Self::new(number).ok_or_else(zero))
            }
        }
    )* };
}

nonzero!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
