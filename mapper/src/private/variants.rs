//! Enums: the maps of variants with data, and what keeps the names that no variant has.

use std::collections::HashMap;

use crate::codec::DecodeError;
use crate::item::{AttributeValue, Item};

/// The map of a variant: its entries beside its name.
#[must_use]
pub fn variant(tag: &str, name: &str, mut entries: Item) -> AttributeValue {
    entries.insert(tag, AttributeValue::S(name.to_owned()));
    AttributeValue::M(entries.into_inner())
}

/// The name of the stored variant, and the map that it is in.
///
/// # Errors
/// Where there is no map, or no string under the tag.
pub fn variant_of<'a>(
    value: &'a AttributeValue,
    tag: &str,
    map: &'static str,
    names: &'static str,
) -> Result<(&'a str, &'a HashMap<String, AttributeValue>), DecodeError> {
    let AttributeValue::M(entries) = value else { return Err(DecodeError::kind(map, value)) };
    match entries.get(tag) {
        Some(AttributeValue::S(name)) => Ok((name, entries)),
        Some(other) => Err(DecodeError::kind(names, other).at(tag)),
        None => Err(DecodeError::missing(names).at(tag)),
    }
}

/// The error of a name that no variant has.
#[must_use]
pub fn no_variant(tag: &str, names: &'static str) -> DecodeError {
    DecodeError::new(names, "another string").at(tag)
}

/// What an `other` variant keeps in an enum of names.
#[diagnostic::on_unimplemented(
    message = "a stored name cannot be kept in `{Self}`",
    label = "the field of the `other` variant",
    note = "write `Other(String)`"
)]
pub trait OtherName {
    fn keep(name: &str) -> Self;
    fn name(&self) -> &str;
}

impl OtherName for String {
    fn keep(name: &str) -> Self {
        name.to_owned()
    }

    fn name(&self) -> &str {
        self
    }
}

/// What an `other` variant keeps in an enum with data.
#[diagnostic::on_unimplemented(
    message = "a stored map cannot be kept in `{Self}`",
    label = "the field of the `other` variant",
    note = "write `Other(dynamap::Item)`"
)]
pub trait OtherMap {
    fn keep(map: &HashMap<String, AttributeValue>) -> Self;
    fn value(&self) -> AttributeValue;
}

impl OtherMap for Item {
    fn keep(map: &HashMap<String, AttributeValue>) -> Self {
        map.clone().into()
    }

    fn value(&self) -> AttributeValue {
        AttributeValue::M(self.clone().into_inner())
    }
}
