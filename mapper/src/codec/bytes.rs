//! `Bytes` of the crate bytes (feature `bytes`).

use ::bytes::Bytes;

use super::sets::elements;
use super::{Attribute, DecodeError, EncodeError, kind, scalars};
use crate::item::AttributeValue;

/// Stored as binary.
impl Attribute for Bytes {
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
        scalars::bytes(value).map(Self::copy_from_slice)
    }
}

elements! {
    Bs of B, Bs, "a binary set": [] Bytes;
}
