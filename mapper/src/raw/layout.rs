//! What is known of a table that has no model: its name and its keys.

use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::types::{KeyType, ScalarAttributeType, TableDescription};

use crate::codec::kind::ScalarKind;
use crate::key::KeyAttribute;
use crate::layout::Layout;

/// The layouts of all tables that this program has named. Layouts live as long as the program, as those of models do: one
/// for each table, however often it is named.
static LAYOUTS: Mutex<Vec<&'static Layout>> = Mutex::new(Vec::new());

/// The layout of a table; `None` where its keys are of a kind that this library does not know.
pub(super) fn of(name: &str, described: &TableDescription) -> Option<&'static Layout> {
    let known = |(name, kind): (_, Option<_>)| Some((name, kind?));
    let hash = key(described, &KeyType::Hash).and_then(known)?;
    let range = match key(described, &KeyType::Range) {
        Some(range) => Some(known(range)?),
        None => None,
    };
    let mut layouts = LAYOUTS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_same =
        |key: KeyAttribute, (name, kind): (&str, ScalarKind)| key.name == name && key.kind == kind;
    let known = layouts.iter().find(|layout| {
        let is_range = match (layout.range_key, range) {
            (Some(known), Some(range)) => is_same(known, range),
            (known, range) => known.is_none() && range.is_none(),
        };
        layout.table == name && is_same(layout.hash_key, hash) && is_range
    });
    if let Some(known) = known {
        return Some(known);
    }
    let attribute = |(name, kind): (&str, ScalarKind)| interned(name, kind);
    let layout = Layout::bare("the item", name.to_owned().leak(), attribute(hash), None, &[]);
    let layout = Layout { range_key: range.map(attribute), ..layout };
    let layout: &'static Layout = Box::leak(Box::new(layout));
    layouts.push(layout);
    Some(layout)
}

/// A key attribute as the service describes it; its kind is `None` where that is unknown.
fn key<'t>(
    described: &'t TableDescription,
    kind: &KeyType,
) -> Option<(&'t str, Option<ScalarKind>)> {
    let found = described.key_schema().iter().find(|element| element.key_type() == kind)?;
    let name = found.attribute_name();
    Some((name, defined(described, name).map(|(_, kind)| kind)))
}

/// An attribute of a key as it is defined.
pub(super) fn defined<'t>(
    described: &TableDescription,
    name: &'t str,
) -> Option<(&'t str, ScalarKind)> {
    let mut definitions = described.attribute_definitions().iter();
    let found = definitions.find(|definition| definition.attribute_name() == name)?;
    match found.attribute_type() {
        ScalarAttributeType::S => Some((name, ScalarKind::S)),
        ScalarAttributeType::N => Some((name, ScalarKind::N)),
        ScalarAttributeType::B => Some((name, ScalarKind::B)),
        _ => None,
    }
}

/// An attribute of a key that lives as long as the program, each once.
pub(super) fn interned(name: &str, kind: ScalarKind) -> KeyAttribute {
    static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().find(|known| **known == name).copied();
    let name = known.unwrap_or_else(|| {
        let name: &'static str = name.to_owned().leak();
        names.push(name);
        name
    });
    KeyAttribute { name, kind }
}
