//! Changes of an item by key, and how they are rendered into one update expression.
//!
//! [AWS: update expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html)

use super::place::Place;
use super::render::Placeholders;
use crate::codec::EncodeError;
use crate::item::AttributeValue;

/// One change.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) place: Place,
    pub(crate) verb: Verb,
    /// Why the operand cannot be stored, where it cannot; nothing for a removal.
    pub(crate) value: Result<Option<AttributeValue>, EncodeError>,
}

/// Shows what is changed and how, not the operand.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.verb, self.place)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Set,
    SetIfAbsent,
    /// Plus the operand; the attribute must be there.
    Increment,
    Decrement,
    /// Plus the operand, from 0 where there is no number; or the union with a set.
    Add,
    Append,
    Prepend,
    /// The difference with a set.
    DeleteFrom,
    Remove,
}

impl Change {
    pub(crate) fn set(place: Place, value: AttributeValue) -> Self {
        Self { place, verb: Verb::Set, value: Ok(Some(value)) }
    }

    pub(crate) fn set_if_absent(place: Place, value: AttributeValue) -> Self {
        Self { place, verb: Verb::SetIfAbsent, value: Ok(Some(value)) }
    }

    pub(crate) fn remove(place: Place) -> Self {
        Self { place, verb: Verb::Remove, value: Ok(None) }
    }

    pub(crate) fn add(place: Place, value: AttributeValue) -> Self {
        Self { place, verb: Verb::Add, value: Ok(Some(value)) }
    }

    /// The change as a part of its clause.
    fn render(&self, into: &mut Placeholders) -> Result<String, EncodeError> {
        let place = into.place(&self.place);
        let value = match &self.value {
            Ok(Some(value)) => into.value(value.clone()),
            Ok(None) => return Ok(place),
            Err(error) => return Err(error.clone().at(&self.place.to_string())),
        };
        Ok(match self.verb {
            Verb::Set => format!("{place} = {value}"),
            Verb::SetIfAbsent => format!("{place} = if_not_exists({place}, {value})"),
            Verb::Increment => format!("{place} = {place} + {value}"),
            Verb::Decrement => format!("{place} = {place} - {value}"),
            Verb::Append => format!("{place} = list_append({place}, {value})"),
            Verb::Prepend => format!("{place} = list_append({value}, {place})"),
            Verb::Add | Verb::DeleteFrom | Verb::Remove => format!("{place} {value}"),
        })
    }
}

/// The update expression of some changes; empty without any.
pub(crate) fn render(changes: &[Change], into: &mut Placeholders) -> Result<String, EncodeError> {
    for (i, change) in changes.iter().enumerate() {
        if changes[..i].iter().any(|other| other.place.overlaps(&change.place)) {
            let reason = "two changes of one update overlap here: AWS takes one change of a place";
            return Err(EncodeError::new(reason).at(&change.place.to_string()));
        }
    }
    let mut clauses = Vec::new();
    for (clause, verbs) in CLAUSES {
        let parts: Result<Vec<String>, _> = changes
            .iter()
            .filter(|change| verbs.contains(&change.verb))
            .map(|change| change.render(into))
            .collect();
        let parts = parts?;
        if !parts.is_empty() {
            clauses.push(format!("{clause} {}", parts.join(", ")));
        }
    }
    Ok(clauses.join(" "))
}

/// The clauses of an update expression.
const CLAUSES: [(&str, &[Verb]); 4] = [
    (
        "SET",
        &[
            Verb::Set,
            Verb::SetIfAbsent,
            Verb::Increment,
            Verb::Decrement,
            Verb::Append,
            Verb::Prepend,
        ],
    ),
    ("REMOVE", &[Verb::Remove]),
    ("ADD", &[Verb::Add]),
    ("DELETE", &[Verb::DeleteFrom]),
];
