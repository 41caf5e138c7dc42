//! Strings, booleans, bytes and `Option`.

use aws_sdk_dynamodb::primitives::Blob;

use super::{Attribute, DecodeError, EncodeError, kind};
use crate::item::AttributeValue;

impl Attribute for String {
    type Kind = kind::S;
    type ListKind = kind::L;
    type Operand<'a> = &'a str;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Ok(Some(AttributeValue::S(self.clone())))
    }

    fn encode_operand(operand: &str) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::S(operand.to_owned()))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        match value {
            AttributeValue::S(text) => Ok(text.clone()),
            other => Err(DecodeError::kind("a string", other)),
        }
    }

    fn is_stored_as(&self, stored: &AttributeValue) -> bool {
        matches!(stored, AttributeValue::S(text) if text == self)
    }
}

impl Attribute for bool {
    type Kind = kind::Bool;
    type ListKind = kind::L;
    type Operand<'a> = bool;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Ok(Some(AttributeValue::Bool(*self)))
    }

    fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::Bool(operand))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        match value {
            AttributeValue::Bool(value) => Ok(*value),
            other => Err(DecodeError::kind("a boolean", other)),
        }
    }
}

pub(super) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(super) fn bytes(value: &AttributeValue) -> Result<&[u8], DecodeError> {
    match value {
        AttributeValue::B(blob) => Ok(blob.as_ref()),
        other => Err(DecodeError::kind("binary", other)),
    }
}

/// `None` is an absent attribute. A stored NULL reads as `None` too.
impl<T: Attribute> Attribute for Option<T> {
    type Kind = T::Kind;
    type ListKind = kind::L;
    type Operand<'a>
        = T::Operand<'a>
    where
        Self: 'a;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        match self {
            Some(value) => value.encode(),
            None => Ok(None),
        }
    }

    fn encode_operand(operand: T::Operand<'_>) -> Result<AttributeValue, EncodeError> {
        T::encode_operand(operand)
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        match value {
            AttributeValue::Null(_) => Ok(None),
            value => T::decode(value).map(Some),
        }
    }

    fn is_stored_as(&self, stored: &AttributeValue) -> bool {
        self.as_ref().is_some_and(|value| value.is_stored_as(stored))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
