//! DynamoDB's limits on one item and one expression, checked before anything is sent.
//!
//! The service answers all of them with one bare validation error, so they are found here, by name.
//! [AWS: constraints](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)

use std::collections::HashMap;

use super::render::Action;
use crate::error::{Error, Target};
use crate::expr::{Change, Node};
use crate::item::{AttributeValue, Item, size_of};

/// The largest item, names included.
pub(crate) const MAX_ITEM: usize = 400 * 1024;
/// The largest transaction: all its items together.
const MAX_TRANSACTION: usize = 4 * 1024 * 1024;
/// The longest expression, in bytes, placeholders not replaced.
pub(super) const MAX_EXPRESSION: usize = 4096;
/// The most levels of values inside values, the attribute's own counted.
const MAX_LEVELS: usize = 32;
/// The most operators and functions in one expression.
const MAX_OPERATORS: usize = 300;

pub(super) fn check(
    action: &Action,
    expectation: Option<&Node>,
    condition: Option<&str>,
    after: Option<&Item>,
) -> Result<(), Error> {
    let update = match action {
        Action::Update(update) => update.len(),
        _ => 0,
    };
    at_most("bytes of an update expression", MAX_EXPRESSION, update)?;
    at_most("bytes of a condition expression", MAX_EXPRESSION, condition.map_or(0, str::len))?;
    let operators = expectation.map_or(0, Node::operators);
    at_most("operators of a condition expression", MAX_OPERATORS, operators)?;
    match (action, after) {
        // The changes are checked by themselves, and what stays is stored as it is.
        (Action::Update(_), Some(after)) => check_size(after),
        (_, Some(after)) => check_item(after),
        (_, None) => Ok(()),
    }
}

/// An error where an item is too large, or nested too deep.
pub(crate) fn check_item(item: &Item) -> Result<(), Error> {
    check_size(item)?;
    nesting(item.iter().map(|(_, value)| levels(value)).max())
}

fn check_size(item: &Item) -> Result<(), Error> {
    at_most("bytes of an item", MAX_ITEM, item.size())
}

/// An error where a change stores a value that is nested too deep, the place of the change counted.
pub(super) fn check_changes(changes: &[Change]) -> Result<(), Error> {
    let levels = |change: &Change| match &change.value {
        Ok(Some(value)) => change.place.inner.len().saturating_add(levels(value)),
        _ => 0,
    };
    nesting(changes.iter().map(levels).max())
}

fn nesting(deepest: Option<usize>) -> Result<(), Error> {
    at_most("levels of nested values", MAX_LEVELS, deepest.unwrap_or(0))
}

/// How many values are inside each other at most; a value without others inside is one.
fn levels(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::L(list) => 1 + list.iter().map(levels).max().unwrap_or(0),
        AttributeValue::M(map) => 1 + map.values().map(levels).max().unwrap_or(0),
        _ => 1,
    }
}

/// An error where all items of a transaction are too large together, as far as their sizes are known: an item counts with
/// what it is or what it becomes, whichever is more. Names the largest.
pub(super) fn check_total<'a>(
    items: impl Iterator<Item = (&'a Target, usize)> + Clone,
) -> Result<(), Error> {
    let total = items.clone().map(|(_, size)| size).sum();
    at_most("bytes of all items of one transaction", MAX_TRANSACTION, total).map_err(|error| {
        let largest = items.max_by_key(|(_, size)| *size);
        about(error, largest.map(|(target, _)| target))
    })
}

/// The same error, about this item.
pub(super) fn about(error: Error, target: Option<&Target>) -> Error {
    match error {
        Error::Limit { what, limit, found, item: None } => {
            Error::Limit { what, limit, found, item: target.cloned().map(Box::new) }
        }
        error => error,
    }
}

/// What a write is charged for whose condition failed, in write units: by the size of the item that it met, which is 1 for
/// none.
///
/// [AWS: conditional writes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate)
pub(super) fn write_units(met: Option<&HashMap<String, AttributeValue>>) -> f64 {
    let units = met.map_or(0, size_of).div_ceil(1024).max(1);
    u32::try_from(units).map_or(f64::INFINITY, f64::from)
}

/// An error where `found` is above `limit`.
pub(crate) fn at_most(what: &'static str, limit: usize, found: usize) -> Result<(), Error> {
    if found > limit { Err(Error::Limit { what, limit, found, item: None }) } else { Ok(()) }
}
