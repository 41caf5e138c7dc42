//! What fields are written into: a new item or map, a stored item of which only the difference is of interest, or a stored
//! map that is only looked at.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::item::{AttributeValue, Item};

/// What fields are written into.
pub trait Sink {
    /// Whether there is a value under this name already that `is_same` accepts, so that nothing need be put.
    fn keeps(&mut self, name: &str, is_same: impl FnOnce(&AttributeValue) -> bool) -> bool;

    /// Puts a value under a name, or `None` for nothing.
    fn put(&mut self, name: &str, value: Option<AttributeValue>);
}

/// What is put into a clone of an item is the difference; an item that nobody shares is new.
impl Sink for Item {
    fn keeps(&mut self, name: &str, is_same: impl FnOnce(&AttributeValue) -> bool) -> bool {
        self.is_shared() && self.get(name).is_some_and(is_same)
    }

    fn put(&mut self, name: &str, value: Option<AttributeValue>) {
        self.set(name, value);
    }
}

/// A new map.
impl<S: BuildHasher> Sink for HashMap<String, AttributeValue, S> {
    fn keeps(&mut self, _: &str, _: impl FnOnce(&AttributeValue) -> bool) -> bool {
        false
    }

    fn put(&mut self, name: &str, value: Option<AttributeValue>) {
        if let Some(value) = value {
            self.insert(name.to_owned(), value);
        }
    }
}

/// A stored map that is compared with what would be put into it.
pub(super) struct Comparison<'a> {
    stored: &'a HashMap<String, AttributeValue>,
    kept: usize,
    differs: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(stored: &'a HashMap<String, AttributeValue>) -> Self {
        Self { stored, kept: 0, differs: false }
    }

    /// Whether all that the map holds was kept, and nothing else put.
    pub(super) fn is_same(&self) -> bool {
        !self.differs && self.kept == self.stored.len()
    }
}

impl Sink for Comparison<'_> {
    fn keeps(&mut self, name: &str, is_same: impl FnOnce(&AttributeValue) -> bool) -> bool {
        // What follows the first difference need not be looked at.
        let keeps = self.differs || self.stored.get(name).is_some_and(is_same);
        self.kept += usize::from(keeps);
        keeps
    }

    fn put(&mut self, _: &str, value: Option<AttributeValue>) {
        self.differs |= value.is_some();
    }
}
