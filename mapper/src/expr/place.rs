//! Where a value is: an attribute, or a part of a document inside one.

use std::borrow::Cow;
use std::fmt;

use crate::item::{AttributeValue, Item};

/// An attribute and the way into it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: Cow<'static, str>,
    pub(crate) inner: Vec<Segment>,
    /// Whether it leads through an entry of a document that can be stored under an alias, or not at all where a default
    /// stands for it.
    pub(crate) otherwise: bool,
}

/// One step into a document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    Key(Cow<'static, str>),
    Index(usize),
}

impl Place {
    pub(crate) const fn attribute(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), inner: Vec::new(), otherwise: false }
    }

    /// Goes on into a document. The place of a flattened field has no name: its fields are beside it.
    pub(crate) fn extend(&mut self, inner: Self) {
        // What is stored beside the others is an attribute, and the model knows its other names.
        self.otherwise |= inner.otherwise && !self.name.is_empty();
        if self.name.is_empty() {
            self.name = inner.name;
        } else if !inner.name.is_empty() {
            self.inner.push(Segment::Key(inner.name));
        }
        self.inner.extend(inner.inner);
    }

    /// The value that is there in an item.
    pub(crate) fn find<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        let mut value = item.get(&self.name)?;
        for segment in &self.inner {
            value = match (segment, value) {
                (Segment::Key(key), AttributeValue::M(map)) => map.get(key.as_ref())?,
                (Segment::Index(index), AttributeValue::L(list)) => list.get(*index)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Whether one of two places is the other or lies inside it: AWS refuses to change both in one request.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.name == other.name && self.inner.iter().zip(&other.inner).all(|(a, b)| a == b)
    }
}

impl From<&str> for Place {
    fn from(name: &str) -> Self {
        Self { name: Cow::Owned(name.to_owned()), inner: Vec::new(), otherwise: false }
    }
}

/// As a person writes it: `address.city`, `tags[2]`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for segment in &self.inner {
            match segment {
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
