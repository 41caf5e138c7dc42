//! Maps with keys of the program's choice.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::collections::decode_element;
use super::{Attribute, DecodeError, EncodeError, kind};
use crate::item::AttributeValue;

/// A type that can be the key of a stored map: anything that has one text.
///
/// Implemented for `String`, `Box<str>`, `Arc<str>`, `Cow<str>`, `char`, `Uuid` and `semver::Version`. For a type of
/// your own, say what its text is; two different values need different texts. A path into the map takes the text:
/// `Account::LIMITS.entry("day")`.
///
/// ```
/// use std::borrow::Cow;
/// use std::collections::BTreeMap;
/// use dynamap::{Attribute, DecodeError, MapKey};
///
/// #[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
/// struct Login(String);
///
/// impl MapKey for Login {
///     fn to_key(&self) -> Cow<'_, str> {
///         Cow::Borrowed(&self.0)
///     }
///
///     fn from_key(key: &str) -> Result<Self, DecodeError> {
///         Ok(Self(key.to_owned()))
///     }
/// }
///
/// let scores = BTreeMap::from([(Login("ann".into()), 7)]);
/// let stored = scores.encode()?.expect("a map");
/// assert_eq!(BTreeMap::<Login, u32>::decode(&stored)?, scores);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a stored map",
    note = "use `String`, or implement `dynamap::MapKey` for it"
)]
pub trait MapKey: Sized {
    /// The key's text; must not be empty.
    fn to_key(&self) -> Cow<'_, str>;

    /// The key of a text.
    ///
    /// # Errors
    /// Where the text is of no such key.
    fn from_key(key: &str) -> Result<Self, DecodeError>;
}

macro_rules! text_keys {
    ($($ty:ty),*) => { $(
        impl MapKey for $ty {
            fn to_key(&self) -> Cow<'_, str> {
                Cow::Borrowed(self)
            }

            fn from_key(key: &str) -> Result<Self, DecodeError> {
                Ok(key.to_owned().into())
            }
        }
    )* };
}

text_keys!(String, Box<str>, Arc<str>, Cow<'static, str>);

macro_rules! parsed_keys {
    ($($ty:ty),*) => { $(
        impl MapKey for $ty {
            fn to_key(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }

            fn from_key(key: &str) -> Result<Self, DecodeError> {
                Self::decode(&AttributeValue::S(key.to_owned()))
            }
        }
    )* };
}

parsed_keys!(char, uuid::Uuid, semver::Version);

macro_rules! maps {
    ($map:ident, [$($bound:tt)*], [$($hasher:ident: $hasher_bound:path)?]) => {
        /// A DynamoDB map. An empty map is stored as an empty map; an absent value inside it is left out.
        impl<K: MapKey + $($bound)*, T: Attribute $(, $hasher: $hasher_bound + Default)?> Attribute
            for $map<K, T $(, $hasher)?>
        {
            type Kind = kind::M;
            type ListKind = kind::L;
            type Operand<'a> = &'a Self where Self: 'a;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Self::encode_operand(self).map(Some)
            }

            fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
                let mut map = HashMap::with_capacity(operand.len());
                for (key, value) in operand {
                    let key = key.to_key();
                    if key.is_empty() {
                        return Err(EncodeError::new("the key of a map must not be empty"));
                    }
                    // An entry without a value is an entry all the same.
                    let value = value.encode().map_err(|e| e.at(&key))?;
                    let value = value.unwrap_or(AttributeValue::Null(true));
                    if map.insert(key.into_owned(), value).is_some() {
                        return Err(EncodeError::new("two keys of a map have the same text"));
                    }
                }
                Ok(AttributeValue::M(map))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                let AttributeValue::M(stored) = value else {
                    return Err(DecodeError::kind("a map", value));
                };
                let read = |(key, value): (&String, &AttributeValue)| {
                    let entry = K::from_key(key).and_then(|k| Ok((k, decode_element(value)?)));
                    entry.map_err(|error| error.at(key))
                };
                let map = stored.iter().map(read).collect::<Result<Self, _>>()?;
                if map.len() == stored.len() {
                    Ok(map)
                } else {
                    // Nothing of what is stored is dropped silently.
                    Err(DecodeError::new("a map", "two texts of one key"))
                }
            }
        }
    };
}

maps!(BTreeMap, [Ord], []);
maps!(HashMap, [Eq + Hash], [S: BuildHasher]);
