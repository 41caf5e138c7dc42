//! Primary keys: which item is meant.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::codec::{EncodeError, kind::ScalarKind, number};
use crate::item::{AttributeValue, Item};
use crate::layout::Layout;
use aws_sdk_dynamodb::primitives::Blob;

/// The primary key of one item: its hash key and, where the table has one, its range key.
///
/// AWS docs call them partition key and sort key. Keys are compared by value, so `1` and `1.0` are one key.
/// A key is shown in errors and by `Display`, as `episode = 1, map = 2`.
///
/// Programs write keys as plain values, as in `DoomMap::get(&db, (1, 2))`; a `Key` is what errors, references and loaded
/// items carry.
///
/// ```
/// use dynamap::{AttributeValue, Key, Model};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "maps", validate = false)]
/// struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
///
/// let key = DoomMap::encode_key((1, 2))?;
/// assert_eq!(key.to_string(), "episode = 1, map = 2");
/// assert_eq!((key.hash_name(), key.contains("map"), key.contains("name")), ("episode", true, false));
/// let map = DoomMap { episode: 1, map: 2, name: "Nuclear Plant".into() };
/// assert_eq!(Key::of(DoomMap::layout(), &map.to_attributes()?)?, key);
///
/// let number = |text: &str| AttributeValue::N(text.into());
/// assert_eq!(Key::new(("episode", number("1.0")), Some(("map", number("2"))))?, key);
/// assert_eq!(key.to_item().get("map"), Some(&number("2"))); // as a request names the item
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [AWS: primary key](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(Arc<Parts>);

/// By the values alone: keys that are looked up among each other are of one table, and have the same names.
impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for part in self.parts() {
            match &part.value {
                Value::S(text) | Value::N(text) => text.hash(hasher),
                Value::B(bytes) => bytes.hash(hasher),
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    hash: Part,
    range: Option<Part>,
}

#[derive(Debug, PartialEq, Eq)]
struct Part {
    name: &'static str,
    value: Value,
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    S(String),
    N(String),
    B(Vec<u8>),
}

/// AWS: the longest partition key and the longest sort key, in bytes.
pub(crate) const LONGEST_HASH_KEY: (usize, &str) = (2048, "the hash key has more than 2048 bytes");
pub(crate) const LONGEST_RANGE_KEY: (usize, &str) =
    (1024, "the range key has more than 1024 bytes");

/// A key attribute of a model: its name in the table and its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyAttribute {
    /// The attribute's name in the table.
    pub name: &'static str,
    /// String, number or binary.
    pub kind: ScalarKind,
}

impl Key {
    /// A key from encoded values.
    ///
    /// # Errors
    /// Where a value is no string, number or binary, is empty, or has more than 2,048 bytes as a hash key, 1,024 as a range
    /// key: AWS refuses all of these.
    ///
    /// [AWS: constraints](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys)
    pub fn new(
        hash: (&'static str, AttributeValue),
        range: Option<(&'static str, AttributeValue)>,
    ) -> Result<Self, EncodeError> {
        let hash = Part::new(hash, LONGEST_HASH_KEY)?;
        let range = range.map(|range| Part::new(range, LONGEST_RANGE_KEY)).transpose()?;
        Ok(Self(Arc::new(Parts { hash, range })))
    }

    /// The key of a stored item.
    ///
    /// # Errors
    /// Where the item lacks a key attribute, and as [`new`](Self::new).
    pub fn of(layout: &Layout, item: &Item) -> Result<Self, EncodeError> {
        let part = |attribute: KeyAttribute| match item.get(attribute.name) {
            Some(value) => Ok((attribute.name, value.clone())),
            None => Err(EncodeError::new("the key attribute is absent").at(attribute.name)),
        };
        Self::new(part(layout.hash_key)?, layout.range_key.map(part).transpose()?)
    }

    /// The name of the hash key attribute.
    #[must_use]
    pub fn hash_name(&self) -> &'static str {
        self.0.hash.name
    }

    /// The key as the attributes that a request names the item by.
    #[must_use]
    pub fn to_item(&self) -> Item {
        self.parts().map(|part| (part.name.to_owned(), part.value.to_attribute())).collect()
    }

    /// The key as one value: the hash key's own, or a map of both keys.
    pub(crate) fn to_value(&self) -> AttributeValue {
        match self.0.range {
            None => self.0.hash.value.to_attribute(),
            Some(_) => AttributeValue::M(self.to_item().into_inner()),
        }
    }

    /// Whether an attribute is part of the key.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.parts().any(|part| part.name == name)
    }

    /// The key's values as bytes that no other key has.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in self.parts() {
            let (kind, value) = match &part.value {
                Value::S(text) => (b'S', text.as_bytes()),
                Value::N(text) => (b'N', text.as_bytes()),
                Value::B(value) => (b'B', value.as_slice()),
            };
            bytes.push(kind);
            bytes.extend((value.len() as u64).to_be_bytes());
            bytes.extend(value);
        }
        bytes
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.0.hash).chain(&self.0.range)
    }
}

impl Part {
    fn new(
        (name, value): (&'static str, AttributeValue),
        (longest, too_long): (usize, &'static str),
    ) -> Result<Self, EncodeError> {
        let value = match value {
            AttributeValue::S(text) => Value::S(text),
            AttributeValue::N(text) => Value::N(number::canonical(&text).into_owned()),
            AttributeValue::B(blob) => Value::B(blob.into_inner()),
            _ => {
                return Err(EncodeError::new("a key must be a string, a number or binary").at(name));
            }
        };
        let length = match &value {
            Value::S(text) | Value::N(text) => text.len(),
            Value::B(bytes) => bytes.len(),
        };
        if length == 0 {
            return Err(EncodeError::new("a key value must not be empty").at(name));
        }
        if length > longest {
            return Err(EncodeError::new(too_long).at(name));
        }
        Ok(Self { name, value })
    }
}

impl Value {
    fn to_attribute(&self) -> AttributeValue {
        match self {
            Self::S(text) => AttributeValue::S(text.clone()),
            Self::N(text) => AttributeValue::N(text.clone()),
            Self::B(bytes) => AttributeValue::B(Blob::new(bytes.as_slice())),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.parts().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match &part.value {
                Value::S(text) => write!(f, "{comma}{} = {text:?}", part.name)?,
                Value::N(text) => write!(f, "{comma}{} = {text}", part.name)?,
                Value::B(bytes) => write!(f, "{comma}{} = {} bytes", part.name, bytes.len())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.into())
    }

    #[test]
    fn keys_are_compared_by_value_and_kind() {
        let key = |v| Key::new(("id", v), None).expect("a key");
        assert_eq!(key(n("1")), key(n("1.0")));
        assert_ne!(key(n("1")), key(AttributeValue::S("1".into())));
    }

    #[test]
    fn keys_are_shown_by_name_and_value() {
        let key = Key::new(("episode", n("1")), Some(("map", AttributeValue::S("a\"b".into()))));
        assert_eq!(key.expect("a key").to_string(), r#"episode = 1, map = "a\"b""#);
    }

    #[test]
    fn empty_and_non_scalar_keys_are_refused() {
        assert!(Key::new(("id", AttributeValue::S(String::new())), None).is_err());
        assert!(Key::new(("id", AttributeValue::Bool(true)), None).is_err());
    }

    #[test]
    fn the_longest_keys_are_taken_and_longer_ones_refused() {
        let text = |length| AttributeValue::S("k".repeat(length));
        let binary = |length| AttributeValue::B(Blob::new(vec![0; length]));
        for value in [&text as &dyn Fn(usize) -> AttributeValue, &binary] {
            assert!(Key::new(("id", value(2048)), Some(("at", value(1024)))).is_ok());
            assert!(Key::new(("id", value(2049)), None).is_err());
            let error = Key::new(("id", value(1)), Some(("at", value(1025)))).expect_err("long");
            assert_eq!(error.path(), "at");
        }
    }
}
