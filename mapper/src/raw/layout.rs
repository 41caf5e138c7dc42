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
    let leaked = |text: &str| -> &'static str { text.to_owned().leak() };
    let attribute = |(name, kind): (&str, ScalarKind)| KeyAttribute { name: leaked(name), kind };
    let layout = Layout::bare("the item", leaked(name), attribute(hash), None, &[]);
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
    let mut defined = described.attribute_definitions().iter();
    let defined = defined.find(|definition| definition.attribute_name() == name);
    let kind = defined.and_then(|definition| match definition.attribute_type() {
        ScalarAttributeType::S => Some(ScalarKind::S),
        ScalarAttributeType::N => Some(ScalarKind::N),
        ScalarAttributeType::B => Some(ScalarKind::B),
        _ => None,
    });
    Some((name, kind))
}
