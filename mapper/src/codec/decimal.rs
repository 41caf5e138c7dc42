//! `Decimal` of the crate `rust_decimal` (feature `rust_decimal`).

use rust_decimal::Decimal;

use super::sets::elements;
use super::{DecodeError, civil, number};
use crate::item::AttributeValue;

const EXPECTED: &str = "a number (Decimal)";

civil::attribute!(
    Decimal,
    N,
    "a number, exactly; a number of more digits than a `Decimal` has is not read, never rounded",
    |decimal: Decimal| Ok(decimal.normalize().to_string()),
    |value: &AttributeValue| match value {
        AttributeValue::N(text) => number::plain(text)
            .and_then(|plain| Self::from_str_exact(&plain).ok())
            .ok_or(DecodeError::new(EXPECTED, "N out of range or with too many digits")),
        other => Err(DecodeError::kind(EXPECTED, other)),
    }
);

elements! {
    Ns of N, Ns, "a number set": [] Decimal;
}
