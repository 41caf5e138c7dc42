//! Fields whose entries are stored beside the others.

use std::collections::HashMap;

use super::sink::Comparison;
use super::{Sink, Source};
use crate::codec::{DecodeError, EncodeError};
use crate::item::{AttributeValue, Item};

/// A struct whose fields are entries of a map, or attributes beside others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be flattened: its entries have no names of their own",
    note = "derive `Attribute` for a struct with named fields, or remove `flatten`"
)]
pub trait Flatten: Sized {
    /// The names that the fields are stored under.
    const ATTRIBUTES: &'static [&'static str];
    /// The names under which they are read too, each with the name that is written.
    const ALIASES: &'static [(&'static str, &'static str)];

    fn put_entries(&self, item: &mut impl Sink) -> Result<(), EncodeError>;
    fn from_entries(source: &impl Source) -> Result<Self, DecodeError>;
    /// What the fields with a default read as where they are absent.
    fn default_entries() -> Result<Item, EncodeError>;
}

/// Writes the entries of a field beside the others.
///
/// # Errors
/// Where DynamoDB cannot hold a value.
pub fn put_flattened<T: Flatten>(into: &mut impl Sink, value: &T) -> Result<(), EncodeError> {
    value.put_entries(into)
}

/// Adds the defaults of a flattened field.
///
/// # Errors
/// Where DynamoDB cannot hold a default.
pub fn put_defaults<T: Flatten>(into: &mut impl Sink) -> Result<(), EncodeError> {
    for (name, value) in T::default_entries()?.into_inner() {
        into.put(&name, Some(value));
    }
    Ok(())
}

/// The map of a struct.
///
/// # Errors
/// Where DynamoDB cannot hold a value.
pub fn to_map<T: Flatten>(value: &T) -> Result<AttributeValue, EncodeError> {
    let mut map = HashMap::with_capacity(T::ATTRIBUTES.len());
    value.put_entries(&mut map)?;
    Ok(AttributeValue::M(map))
}

/// Whether a struct is stored as this map.
pub fn is_map<T: Flatten>(value: &T, stored: &AttributeValue) -> bool {
    let AttributeValue::M(map) = stored else { return false };
    let mut comparison = Comparison::new(map);
    value.put_entries(&mut comparison).is_ok() && comparison.is_same()
}

/// The struct of a map.
///
/// # Errors
/// Where there is no map, or an entry does not fit its field.
pub fn from_map<T: Flatten>(
    value: &AttributeValue,
    expected: &'static str,
) -> Result<T, DecodeError> {
    match value {
        AttributeValue::M(map) => T::from_entries(map),
        other => Err(DecodeError::kind(expected, other)),
    }
}

/// How many elements [`join`] joins.
#[must_use]
pub const fn count<T>(parts: &[&[T]]) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < parts.len() {
        count += parts[i].len();
        i += 1;
    }
    count
}

/// All elements of all parts; `empty` is overwritten.
#[must_use]
pub const fn join<T: Copy, const N: usize>(parts: &[&[T]], empty: T) -> [T; N] {
    let mut all = [empty; N];
    let (mut next, mut i) = (0, 0);
    while i < parts.len() {
        let mut j = 0;
        while j < parts[i].len() {
            all[next] = parts[i][j];
            next += 1;
            j += 1;
        }
        i += 1;
    }
    all
}

/// Does not compile where a name or alias is there twice, or is one of the others.
///
/// # Panics
/// Where it is called at run time.
pub const fn assert_apart(others: &[&str], names: &[&str], aliases: &[(&str, &str)]) {
    let mut i = 0;
    while i < names.len() {
        let (taken, later) = names.split_at(i);
        assert!(
            !has(others, later[0]) && !has(taken, later[0]),
            "a flattened field brings a name that is taken: give one of the two another name with \
             `#[model(rename = \"…\")]`"
        );
        i += 1;
    }
    let mut i = 0;
    while i < aliases.len() {
        let (taken, later) = aliases.split_at(i);
        assert!(
            !has(others, later[0].1) && !has(names, later[0].1) && !has_alias(taken, later[0].1),
            "a flattened field brings an alias that is taken, or has a name that is an alias: remove the alias"
        );
        i += 1;
    }
}

const fn has(names: &[&str], name: &str) -> bool {
    let mut i = 0;
    while i < names.len() {
        if same(names[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

const fn has_alias(aliases: &[(&str, &str)], alias: &str) -> bool {
    let mut i = 0;
    while i < aliases.len() {
        if same(aliases[i].1, alias) {
            return true;
        }
        i += 1;
    }
    false
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}
