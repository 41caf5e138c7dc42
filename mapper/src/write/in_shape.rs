//! Changes by key of attributes that can be stored in another way than their own: under an alias, or not at all where a
//! default stands for them.

use std::borrow::Cow;

use crate::error::Error;
use crate::expr::change::{Expression, Verb};
use crate::expr::{Change, Node, Place};
use crate::item::{AttributeValue, Item};
use crate::layout::Layout;
use crate::model::Model;

/// What changes by key require of the way in which attributes are stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The attributes that the changes start from.
    names: Vec<Cow<'static, str>>,
    /// Those for which it does not matter that a default stands for them.
    named: Vec<Cow<'static, str>>,
    /// Those of the first that are computed with, where NULL would not do.
    changed: Vec<Cow<'static, str>>,
    /// What those read as where they are absent.
    defaults: Item,
}

/// The changes as they must be sent, and what they require of the stored item.
///
/// # Errors
/// [`Error::Usage`] where elements are taken out of a set with a default: without a last one it would read as the
/// default again. `Encode` of a default.
pub(super) fn changes<M: Model>(changes: Vec<Change>) -> Result<(Vec<Change>, Shape), Error> {
    let layout = M::layout();
    let defaults = M::default_attributes().map_err(|error| Error::encode(layout, error))?;
    let mut sent = Vec::new();
    let mut shape = Shape { defaults, ..Shape::default() };
    for mut change in changes {
        for place in change.from.iter().flat_map(Expression::places) {
            shape.names.push(place.name.clone());
            shape.changed.push(place.name.clone());
        }
        let from = change.from.iter().flat_map(Expression::places).any(|place| place.otherwise);
        let replaced = matches!(change.verb, Verb::Set | Verb::SetTo);
        if from || (change.place.otherwise && !replaced) {
            return Err(Error::Usage(
                "an entry of a nested document that has an alias or a default can be set by key, and not be removed or \
                 computed with: what is stored may not be what the model reads; load, change and save",
            ));
        }
        let name = change.place.name.clone();
        let has_default = shape.defaults.get(&name).is_some_and(|default| !is_null(default));
        let whole = change.place.inner.is_empty();
        match change.verb {
            // Whatever was stored, and however, is replaced.
            Verb::Set | Verb::SetTo if whole => sent.extend(without_aliases(layout, &name)),
            Verb::Remove if whole => {
                sent.extend(without_aliases(layout, &name));
                if has_default {
                    // Absent, it would read as the default.
                    change = Change::set(change.place, AttributeValue::Null(true));
                }
            }
            Verb::DeleteFrom if has_default => {
                return Err(Error::Usage(
                    "a set with a default cannot lose elements by key, since an empty set reads as the default: load, \
                     change and save",
                ));
            }
            Verb::SetIfAbsent => shape.named.push(name),
            _ => {
                shape.names.push(name.clone());
                shape.changed.push(name);
            }
        }
        sent.push(change);
    }
    Ok((sent, shape))
}

impl Shape {
    /// What a condition requires: it is meant of the item as the model reads it.
    ///
    /// # Errors
    /// `Encode` of a default.
    pub(super) fn of_condition<M: Model>(condition: &Node) -> Result<Self, Error> {
        let (_, mut shape) = changes::<M>(Vec::new())?;
        shape.add_condition(condition);
        Ok(shape)
    }

    /// Adds what a condition requires.
    pub(super) fn add_condition(&mut self, condition: &Node) {
        self.names.extend(condition.places().into_iter().map(|place| place.name.clone()));
    }

    /// What both require, of one model.
    pub(super) fn join(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.names.extend(other.names.iter().cloned());
        both.named.extend(other.named.iter().cloned());
        both.changed.extend(other.changed.iter().cloned());
        if both.defaults.is_empty() {
            both.defaults = other.defaults.clone();
        }
        both
    }

    /// Every attribute once, in a fixed order.
    fn all(&self) -> Vec<&Cow<'static, str>> {
        let mut all: Vec<_> = self.names.iter().chain(&self.named).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The condition that attributes are stored so that changes can start from them.
    pub(super) fn node(&self, layout: &Layout) -> Node {
        let mut node = Node::all(Vec::new());
        for name in self.all() {
            node = node.and(Node::all(aliases(layout, name).map(Node::not_exists).collect()));
            if !self.names.contains(name) {
                continue;
            }
            if let Some(default) = self.defaults.get(name) {
                if !is_null(default) {
                    node = node.and(Node::seen_at_all(name));
                }
                // AWS adds to what is absent, and refuses to add to NULL.
                if self.changed.contains(name) {
                    node = node.and(Node::stored_as_null(name).negate());
                }
            }
        }
        node
    }

    /// Stores the attributes of an item so that changes can start from them; `read` is the item as the model reads it.
    ///
    /// # Errors
    /// [`Error::Usage`] where an attribute was cleared that has a default.
    pub(super) fn reshape(
        &self,
        layout: &Layout,
        item: &mut Item,
        read: &Item,
    ) -> Result<(), Error> {
        for name in self.all() {
            for alias in aliases(layout, name) {
                if let (true, None, Some(value)) =
                    (item.contains(alias), item.get(name), read.get(name))
                {
                    item.insert(name.clone(), value.clone());
                }
                item.remove(alias);
            }
            if !self.names.contains(name) {
                continue;
            }
            match (item.get(name), self.defaults.get(name)) {
                (None, Some(default)) if !is_null(default) => {
                    item.insert(name.clone(), default.clone());
                }
                (Some(stored), Some(default)) if is_null(stored) && self.changed.contains(name) => {
                    if !is_null(default) {
                        return Err(Error::Usage(
                            "the attribute was cleared, and AWS cannot change a NULL in place: load, change and save",
                        ));
                    }
                    item.remove(name);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_null(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::Null(_))
}

/// The other names under which an attribute can be stored.
fn aliases(layout: &Layout, name: &str) -> impl Iterator<Item = &'static str> {
    layout.aliases.iter().filter(move |(own, _)| *own == name).map(|(_, alias)| *alias)
}

fn without_aliases(layout: &Layout, name: &str) -> impl Iterator<Item = Change> {
    aliases(layout, name).map(|alias| Change::remove(Place::attribute(alias)))
}
