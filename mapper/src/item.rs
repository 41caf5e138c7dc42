//! An item: DynamoDB's row, a set of named attribute values.

mod encoded;
mod value;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

pub(crate) use encoded::{encoded, push};
use value::size;
pub use value::{kind_name, same};
pub(crate) use value::{same_option, size_of};

pub use aws_sdk_dynamodb::types::AttributeValue;

/// An item as DynamoDB stores it: attribute names and their values.
///
/// Models are what application code works with; an `Item` is what migration steps, images and conflicts carry.
/// Its `Debug` shows names and kinds, never values, so that an item in a log gives nothing away.
///
/// ```
/// use dynamap::{AttributeValue, Item};
///
/// let mut item = Item::new();
/// item.insert("name", AttributeValue::S("E1M1".into()));
/// assert!(item.rename("name", "title"));
/// item.set_default("title", AttributeValue::S("untitled".into())); // it has one
/// item.set_default("map", AttributeValue::N("1".into()));
/// assert_eq!(item.text("title"), Some("E1M1"));
/// assert_eq!(item.get("map"), Some(&AttributeValue::N("1".into())));
/// assert_eq!(format!("{item:?}"), "Item {map: N, title: S}");
/// ```
///
/// It is a map, whose names can be gone through:
///
/// ```
/// use dynamap::{AttributeValue, Item};
///
/// let number = |number: &str| AttributeValue::N(number.into());
/// let pairs = [("episode", number("1")), ("map", number("2"))];
/// let mut item: Item = pairs.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
/// assert_eq!((item.names(), item.len()), (vec!["episode", "map"], 2));
/// assert!(item.iter().all(|(_, value)| value.is_n()));
/// assert_eq!(item.size(), "episode".len() + "map".len() + 2 * 2); // a digit takes 2 bytes
///
/// assert_eq!(item.remove("map"), Some(number("2")));
/// assert!(!item.contains("map") && !item.is_empty());
/// assert_eq!(item.into_inner()["episode"], number("1"));
/// ```
///
/// A clone shares its attributes with the original; each then keeps what it changes.
///
/// [AWS: naming rules and data types](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html)
#[derive(Clone, Default)]
pub struct Item {
    /// The attributes, as all clones have them.
    shared: Arc<HashMap<String, AttributeValue>>,
    /// What this item has instead, `None` for what it has not; empty where nobody shares the attributes.
    own: BTreeMap<String, Option<AttributeValue>>,
}

impl Item {
    /// An item without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An item without attributes, with room for so many.
    ///
    /// Not public: for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn with_capacity(attributes: usize) -> Self {
        HashMap::with_capacity(attributes).into()
    }

    /// The value of an attribute, `None` where the item does not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        match self.own.get(name) {
            Some(value) => value.as_ref(),
            None => self.shared.get(name),
        }
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        if self.unshared().is_some() {
            return Arc::get_mut(&mut self.shared)?.get_mut(name);
        }
        if !self.own.contains_key(name) {
            self.own.insert(name.to_owned(), Some(self.shared.get(name)?.clone()));
        }
        self.own.get_mut(name)?.as_mut()
    }

    /// The attributes, where no clone shares them, with all that this item has instead.
    fn unshared(&mut self) -> Option<&mut HashMap<String, AttributeValue>> {
        let attributes = Arc::get_mut(&mut self.shared)?;
        if !self.own.is_empty() {
            put_all(attributes, std::mem::take(&mut self.own));
        }
        Some(attributes)
    }

    /// Whether a clone shares the attributes.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// Takes what this item has instead among its attributes, where no clone shares them any more.
    pub(crate) fn settle(&mut self) {
        self.unshared();
    }

    /// Sets an attribute, or takes it out; as [`insert`](Self::insert) and [`remove`](Self::remove), without a copy of
    /// what was there.
    pub(crate) fn set(&mut self, name: &str, value: Option<AttributeValue>) {
        match (self.unshared(), value) {
            (Some(attributes), Some(value)) => drop(attributes.insert(name.to_owned(), value)),
            (Some(attributes), None) => drop(attributes.remove(name)),
            (None, value) => drop(self.own.insert(name.to_owned(), value)),
        }
    }

    /// The names of attributes in which two items may differ, sorted.
    pub(crate) fn apart<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let mut names: Vec<&str> = if Arc::ptr_eq(&self.shared, &other.shared) {
            self.own.keys().chain(other.own.keys()).map(String::as_str).collect()
        } else {
            self.iter().chain(other.iter()).map(|(name, _)| name).collect()
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The text of a string attribute; `None` where it is absent or no string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether the item has the attribute.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets an attribute and returns the value it had.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: AttributeValue,
    ) -> Option<AttributeValue> {
        let name = name.into();
        if let Some(attributes) = self.unshared() {
            return attributes.insert(name, value);
        }
        let before = self.get(&name).cloned();
        self.own.insert(name, Some(value));
        before
    }

    /// Takes an attribute out and returns its value, `None` where the item did not have it.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        if let Some(attributes) = self.unshared() {
            return attributes.remove(name);
        }
        let before = self.get(name)?.clone();
        self.own.insert(name.to_owned(), None);
        Some(before)
    }

    /// Gives an attribute another name, replacing what had that name; `false` where there was nothing to rename.
    pub fn rename(&mut self, from: &str, to: impl Into<String>) -> bool {
        let Some(value) = self.remove(from) else { return false };
        self.set(&to.into(), Some(value));
        true
    }

    /// Sets an attribute that is absent and leaves one that is there.
    pub fn set_default(&mut self, name: impl Into<String>, value: AttributeValue) {
        let name = name.into();
        if !self.contains(&name) {
            self.set(&name, Some(value));
        }
    }

    /// The attributes, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        let own = self.own.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let shared = self.shared.iter().filter(|(name, _)| !self.own.contains_key(*name));
        shared.chain(own).map(|(name, value)| (name.as_str(), value))
    }

    /// The names of the attributes, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// The number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.own.is_empty() { self.shared.len() } else { self.iter().count() }
    }

    /// Whether the item has no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The size that DynamoDB bills and limits, in bytes: names and values, as AWS documents it.
    ///
    /// [AWS: item sizes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)
    #[must_use]
    pub fn size(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + size(value)).sum()
    }

    /// The map that the SDK works with. A copy, where a clone of the item is still there.
    #[must_use]
    pub fn into_inner(self) -> HashMap<String, AttributeValue> {
        let mut attributes = Arc::unwrap_or_clone(self.shared);
        put_all(&mut attributes, self.own);
        attributes
    }
}

fn put_all(
    attributes: &mut HashMap<String, AttributeValue>,
    own: BTreeMap<String, Option<AttributeValue>>,
) {
    for (name, value) in own {
        match value {
            Some(value) => attributes.insert(name, value),
            None => attributes.remove(&name),
        };
    }
}

impl From<HashMap<String, AttributeValue>> for Item {
    fn from(map: HashMap<String, AttributeValue>) -> Self {
        Self { shared: Arc::new(map), own: BTreeMap::new() }
    }
}

impl FromIterator<(String, AttributeValue)> for Item {
    fn from_iter<I: IntoIterator<Item = (String, AttributeValue)>>(pairs: I) -> Self {
        pairs.into_iter().collect::<HashMap<_, _>>().into()
    }
}

/// Two items are equal when they hold the same attributes, compared as DynamoDB compares: numbers by value
/// (`1.50` is `1.5`), sets without order.
impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        let is_clone = Arc::ptr_eq(&self.shared, &other.shared);
        (is_clone && self.own.is_empty() && other.own.is_empty())
            || (self.len() == other.len()
                && self.iter().all(|(name, value)| other.get(name).is_some_and(|o| same(value, o))))
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Item {")?;
        for (i, name) in self.names().into_iter().enumerate() {
            let kind = self.get(name).map_or("", kind_name);
            write!(f, "{}{name}: {kind}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}
