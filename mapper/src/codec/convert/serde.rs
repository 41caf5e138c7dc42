//! Any serde type as an attribute (feature `serde`).

use ::serde::Serialize;
use ::serde::de::DeserializeOwned;

use super::Convert;
use crate::codec::{DecodeError, EncodeError, kind, number};
use crate::item::AttributeValue;

/// Any serde type as JSON text in a string.
///
/// Compared as text: two values are equal where their JSON is spelled the same. So prefer `BTreeMap` to `HashMap` inside:
/// the order of a `HashMap` differs from value to value, and a save would write it although nothing changed.
///
/// ```
/// use dynamap::{AttributeValue, Convert, JsonText};
///
/// let stored = <JsonText as Convert<Vec<u8>>>::encode(&vec![1, 2])?;
/// assert_eq!(stored, AttributeValue::S("[1,2]".into()));
/// # Ok::<(), dynamap::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct JsonText;

impl<T: Serialize + DeserializeOwned> Convert<T> for JsonText {
    type Kind = kind::S;

    fn encode(value: &T) -> Result<AttributeValue, EncodeError> {
        ::serde_json::to_string(value)
            .map(AttributeValue::S)
            .map_err(|_| EncodeError::new("the value cannot be written as JSON"))
    }

    fn decode(value: &AttributeValue) -> Result<T, DecodeError> {
        match value {
            AttributeValue::S(text) => ::serde_json::from_str(text)
                .map_err(|_| DecodeError::new("JSON text", "text that is no JSON of this type")),
            other => Err(DecodeError::kind("JSON text", other)),
        }
    }
}

/// Any serde type as DynamoDB values: a struct becomes a map, a `Vec` a list, `None` NULL.
///
/// The stored type depends on the value, so a field of this form can only be compared for equality and existence.
/// Prefer `#[derive(Attribute)]` for types of your own: their fields can be reached in expressions.
///
/// ```
/// use dynamap::{AttributeValue, Convert, Serde};
///
/// let stored = <Serde as Convert<(u8, bool)>>::encode(&(1, true))?;
/// let elements = vec![AttributeValue::N("1".into()), AttributeValue::Bool(true)];
/// assert_eq!(stored, AttributeValue::L(elements));
/// # Ok::<(), dynamap::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Serde;

impl<T: Serialize + DeserializeOwned> Convert<T> for Serde {
    type Kind = kind::Any;

    fn encode(value: &T) -> Result<AttributeValue, EncodeError> {
        let stored = ::serde_dynamo::to_attribute_value(value)
            .map_err(|_| EncodeError::new("the value has no form in DynamoDB"))?;
        check(&stored)?;
        Ok(stored)
    }

    fn decode(value: &AttributeValue) -> Result<T, DecodeError> {
        ::serde_dynamo::from_attribute_value(value.clone())
            .map_err(|_| DecodeError::new("a value of the type", "another one"))
    }
}

/// Whether all numbers inside, such as floats, can be held.
fn check(value: &AttributeValue) -> Result<(), EncodeError> {
    match value {
        AttributeValue::N(text) => number::check(text),
        AttributeValue::L(list) => list.iter().try_for_each(check),
        AttributeValue::M(map) => map.values().try_for_each(check),
        _ => Ok(()),
    }
}
