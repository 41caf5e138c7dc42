//! Whether DynamoDB can hold an item that came from elsewhere.
//!
//! [AWS: constraints](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)

use std::collections::HashSet;
use std::hash::Hash;

use crate::codec::kind::ScalarKind;
use crate::codec::{EncodeError, number};
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::layout::Layout;

/// The key of an item, of the kinds that the table has.
pub(super) fn key(layout: &Layout, item: &Item) -> Result<Key, EncodeError> {
    let attributes = std::iter::once(layout.hash_key).chain(layout.range_key);
    for attribute in attributes {
        if let Some(value) = item.get(attribute.name) {
            kind(attribute, value).map_err(|error| error.at(attribute.name))?;
        }
    }
    Key::of(layout, item)
}

/// Whether a value is one of this attribute, of some key.
pub(super) fn part_of_key(key: KeyAttribute, value: &AttributeValue) -> Result<(), EncodeError> {
    kind(key, value).map_err(|error| error.at(key.name))?;
    Key::new((key.name, value.clone()), None).map(drop)
}

fn kind(key: KeyAttribute, value: &AttributeValue) -> Result<(), EncodeError> {
    match (key.kind, value) {
        (ScalarKind::S, AttributeValue::S(_)) | (ScalarKind::B, AttributeValue::B(_)) => Ok(()),
        (ScalarKind::N, AttributeValue::N(text)) => number::check(text),
        _ => Err(EncodeError::new("the table's key is of another kind")),
    }
}

/// Whether each value is one that DynamoDB takes.
pub(super) fn values(item: &Item) -> Result<(), EncodeError> {
    for (name, value) in item.iter() {
        if name.is_empty() {
            return Err(EncodeError::new("an attribute has an empty name"));
        }
        // Without a recursion: what comes from elsewhere can be nested in any depth.
        let mut open = vec![value];
        while let Some(next) = open.pop() {
            match next {
                AttributeValue::L(list) => open.extend(list),
                AttributeValue::M(map) => open.extend(map.values()),
                flat => self::flat(flat).map_err(|error| error.at(name))?,
            }
        }
    }
    Ok(())
}

/// Whether a value that holds no lists and maps is one that DynamoDB takes.
fn flat(value: &AttributeValue) -> Result<(), EncodeError> {
    match value {
        AttributeValue::N(text) => number::check(text),
        AttributeValue::Ns(numbers) => {
            numbers.iter().try_for_each(|text| number::check(text))?;
            set(numbers.iter().map(|text| number::canonical(text)))
        }
        AttributeValue::Ss(texts) => set(texts.iter()),
        AttributeValue::Bs(blobs) => set(blobs.iter().map(AsRef::<[u8]>::as_ref)),
        _ => Ok(()),
    }
}

/// Whether a set has members, each once.
fn set<T: Eq + Hash>(members: impl ExactSizeIterator<Item = T>) -> Result<(), EncodeError> {
    let count = members.len();
    if count == 0 {
        return Err(EncodeError::new("a set must not be empty"));
    }
    if members.collect::<HashSet<_>>().len() < count {
        return Err(EncodeError::new("a set has a member twice"));
    }
    Ok(())
}
