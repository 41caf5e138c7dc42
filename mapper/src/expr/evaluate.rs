//! Making changes in memory, as the service would: every operand is what the item held before the update.
//!
//! For an item that a program has read, or writes with others, before the service sees the change.

use std::collections::HashMap;

use super::change::{Change, Expression, Verb, check_apart};
use super::node::Term;
use super::place::{Place, Segment};
use crate::codec::{EncodeError, number};
use crate::item::{AttributeValue, Item, kind_name, same};

/// The item that the changes leave of this one.
///
/// # Errors
/// What the service refuses: a place whose parent is not there, an operand that is absent or of another type.
pub(crate) fn evaluate(item: &Item, changes: &[Change]) -> Result<Item, EncodeError> {
    check_apart(changes)?;
    let mut after = item.clone();
    let (removals, mut sets): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.verb == Verb::Remove);
    // AWS: elements beyond the end of a list are added in the order of their positions.
    sets.sort_by_key(|change| last_index(&change.place));
    for change in sets {
        let at = |error: EncodeError| error.at(&change.place.to_string());
        if let Some(value) = value(item, change).map_err(at)? {
            put(&mut after, &change.place, value).map_err(at)?;
        } else {
            remove(&mut after, &change.place).map_err(at)?;
        }
    }
    // Positions in lists are those before the update: the last ones go first.
    let mut removals: Vec<&Place> = removals.into_iter().map(|change| &change.place).collect();
    // What was not there is not removed, also where another change has just added an element at its position.
    removals.retain(|place| !is_beyond_a_list(item, place));
    removals.sort_by(|a, b| (&b.name, &b.inner).cmp(&(&a.name, &a.inner)));
    for place in removals {
        remove(&mut after, place).map_err(|error| error.at(&place.to_string()))?;
    }
    Ok(after)
}

/// What a change leaves at its place; `None` for a set that lost its last element.
fn value(item: &Item, change: &Change) -> Result<Option<AttributeValue>, EncodeError> {
    let old = change.place.find(item);
    if let Some(from) = &change.from {
        return sum(item, from).map(Some);
    }
    let operand = match &change.value {
        Ok(Some(operand)) => operand,
        Ok(None) => return Err(EncodeError::new("the change has no operand")),
        Err(error) => return Err(error.clone()),
    };
    Ok(Some(match change.verb {
        Verb::Set => operand.clone(),
        Verb::SetIfAbsent => old.unwrap_or(operand).clone(),
        Verb::Increment => plus(there(old)?, operand, false)?,
        Verb::Decrement => plus(there(old)?, operand, true)?,
        Verb::Add => match (old, operand) {
            (None, operand) => operand.clone(),
            (Some(old @ AttributeValue::N(_)), operand) => plus(old, operand, false)?,
            (Some(old), operand) => union(old, operand)?,
        },
        Verb::Append => concat(there(old)?, operand)?,
        Verb::Prepend => concat(operand, there(old)?)?,
        Verb::DeleteFrom => return old.map_or(Ok(None), |old| difference(old, operand)),
        Verb::Remove | Verb::SetTo => return Err(EncodeError::new("the change has no operand")),
    }))
}

fn there(value: Option<&AttributeValue>) -> Result<&AttributeValue, EncodeError> {
    value.ok_or_else(|| EncodeError::new("it is absent, and the change starts from it"))
}

fn mismatch() -> EncodeError {
    EncodeError::new("it is of another type than the change needs")
}

fn sum(item: &Item, from: &Expression) -> Result<AttributeValue, EncodeError> {
    let left = there(from.left.find(item))?;
    let Some((sign, right)) = &from.step else { return Ok(left.clone()) };
    let right = match right {
        Term::Place(place) => there(place.find(item))?,
        Term::Value(_, value) => value.as_ref().map_err(Clone::clone)?,
        Term::Size(_) => return Err(mismatch()),
    };
    plus(left, right, *sign == '-')
}

fn plus(
    left: &AttributeValue,
    right: &AttributeValue,
    minus: bool,
) -> Result<AttributeValue, EncodeError> {
    let (AttributeValue::N(left), AttributeValue::N(right)) = (left, right) else {
        return Err(mismatch());
    };
    number::plus(left, right, minus).map(AttributeValue::N)
}

fn concat(first: &AttributeValue, second: &AttributeValue) -> Result<AttributeValue, EncodeError> {
    match (first, second) {
        (AttributeValue::L(first), AttributeValue::L(second)) => {
            Ok(AttributeValue::L(first.iter().chain(second).cloned().collect()))
        }
        _ => Err(mismatch()),
    }
}

fn union(old: &AttributeValue, more: &AttributeValue) -> Result<AttributeValue, EncodeError> {
    let mut elements = elements(old)?;
    for element in self::elements(more)? {
        if !elements.iter().any(|old| same(old, &element)) {
            elements.push(element);
        }
    }
    set(old, elements).ok_or_else(mismatch)
}

/// What is left of a set; `None` for nothing, which AWS cannot hold.
fn difference(
    old: &AttributeValue,
    less: &AttributeValue,
) -> Result<Option<AttributeValue>, EncodeError> {
    if kind_name(old) != kind_name(less) {
        return Err(mismatch());
    }
    let less = elements(less)?;
    let mut left = elements(old)?;
    left.retain(|element| !less.iter().any(|other| same(other, element)));
    if left.is_empty() { Ok(None) } else { set(old, left).ok_or_else(mismatch).map(Some) }
}

fn elements(set: &AttributeValue) -> Result<Vec<AttributeValue>, EncodeError> {
    Ok(match set {
        AttributeValue::Ss(set) => set.iter().cloned().map(AttributeValue::S).collect(),
        AttributeValue::Ns(set) => set.iter().cloned().map(AttributeValue::N).collect(),
        AttributeValue::Bs(set) => set.iter().cloned().map(AttributeValue::B).collect(),
        _ => return Err(mismatch()),
    })
}

/// A set of the kind of another one; `None` where an element is of another kind.
fn set(like: &AttributeValue, elements: Vec<AttributeValue>) -> Option<AttributeValue> {
    macro_rules! of {
        ($set:ident, $element:ident) => {{
            let elements = elements.into_iter().map(|element| match element {
                AttributeValue::$element(element) => Some(element),
                _ => None,
            });
            elements.collect::<Option<Vec<_>>>().map(AttributeValue::$set)
        }};
    }
    match like {
        AttributeValue::Ss(_) => of!(Ss, S),
        AttributeValue::Ns(_) => of!(Ns, N),
        AttributeValue::Bs(_) => of!(Bs, B),
        _ => None,
    }
}

/// Whether a place is a position of a list that is there, and that has no element at it.
fn is_beyond_a_list(item: &Item, place: &Place) -> bool {
    let mut list = place.clone();
    let Some(Segment::Index(index)) = list.inner.pop() else { return false };
    matches!(list.find(item), Some(AttributeValue::L(elements)) if index >= elements.len())
}

fn last_index(place: &Place) -> usize {
    match place.inner.last() {
        Some(Segment::Index(index)) => *index,
        _ => 0,
    }
}

fn put(item: &mut Item, place: &Place, value: AttributeValue) -> Result<(), EncodeError> {
    let Some((last, parent)) = parent(item, place)? else {
        item.insert(place.name.clone(), value);
        return Ok(());
    };
    match (last, parent) {
        (Segment::Key(key), Parent::Map(map)) => drop(map.insert(key.to_string(), value)),
        (Segment::Index(index), Parent::List(elements)) => match elements.get_mut(*index) {
            Some(element) => *element = value,
            // AWS: beyond the end is at the end.
            None => elements.push(value),
        },
        _ => return Err(no_parent()),
    }
    Ok(())
}

fn remove(item: &mut Item, place: &Place) -> Result<(), EncodeError> {
    let Some((last, parent)) = parent(item, place)? else {
        item.remove(&place.name);
        return Ok(());
    };
    match (last, parent) {
        (Segment::Key(key), Parent::Map(map)) => drop(map.remove(key.as_ref())),
        (Segment::Index(index), Parent::List(elements)) => {
            if *index < elements.len() {
                elements.remove(*index);
            }
        }
        _ => return Err(no_parent()),
    }
    Ok(())
}

enum Parent<'a> {
    Map(&'a mut HashMap<String, AttributeValue>),
    List(&'a mut Vec<AttributeValue>),
}

/// The last step of a place and what it leads out of; `None` for an attribute of the item itself.
fn parent<'i, 'p>(
    item: &'i mut Item,
    place: &'p Place,
) -> Result<Option<(&'p Segment, Parent<'i>)>, EncodeError> {
    let Some((last, way)) = place.inner.split_last() else { return Ok(None) };
    let mut value = item.get_mut(&place.name).ok_or_else(no_parent)?;
    for segment in way {
        value = match (segment, value) {
            (Segment::Key(key), AttributeValue::M(map)) => map.get_mut(key.as_ref()),
            (Segment::Index(index), AttributeValue::L(elements)) => elements.get_mut(*index),
            _ => None,
        }
        .ok_or_else(no_parent)?;
    }
    match value {
        AttributeValue::M(map) => Ok(Some((last, Parent::Map(map)))),
        AttributeValue::L(elements) => Ok(Some((last, Parent::List(elements)))),
        _ => Err(no_parent()),
    }
}

fn no_parent() -> EncodeError {
    EncodeError::new("the document that it is a part of is not there")
}
