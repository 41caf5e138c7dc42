//! Secondary indexes: what the derive tells about them, and what the compiler knows of each.
//!
//! [AWS: secondary indexes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html)

use crate::codec::EncodeError;
use crate::item::{AttributeValue, Item};
use crate::key::{KeyAttribute, LONGEST_HASH_KEY, LONGEST_RANGE_KEY};
use crate::layout::Layout;
use crate::model::Model;
use crate::schema::SCHEMA_ATTRIBUTE;

/// What the library knows about an index, written down by the derive.
#[derive(Debug, Clone, Copy)]
pub struct IndexLayout {
    /// Its name in the table.
    pub name: &'static str,
    /// Whether it is a local index: of the table's own hash key, and readable consistently.
    pub local: bool,
    /// Its hash key: one attribute, or up to four.
    pub hash_key: &'static [KeyAttribute],
    /// Its range key: none, one attribute, or up to four.
    pub range_key: &'static [KeyAttribute],
    /// What it holds beside its keys and those of the table.
    pub holds: Holds,
}

/// What an index holds beside keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Whole items.
    All,
    /// These attributes, and those that the library needs to read them.
    Some(&'static [&'static str]),
}

fn check_index_key(
    value: Option<&AttributeValue>,
    (longest, too_long): (usize, &'static str),
) -> Result<(), EncodeError> {
    let length = match value {
        Some(AttributeValue::S(text)) => text.len(),
        Some(AttributeValue::B(blob)) => blob.as_ref().len(),
        Some(AttributeValue::Null(_)) => 0,
        _ => return Ok(()),
    };
    if length == 0 {
        let reason =
            "the key of an index must not be empty: leave it absent, as an `Option` that is `None`";
        return Err(EncodeError::new(reason));
    }
    if length > longest { Err(EncodeError::new(too_long)) } else { Ok(()) }
}

impl Layout {
    /// Whether an item may be stored: AWS refuses an empty or too long string or binary in the key of an index.
    pub(crate) fn check_index_keys(&self, item: &Item) -> Result<(), EncodeError> {
        for index in self.indexes {
            for (keys, longest) in
                [(index.hash_key, LONGEST_HASH_KEY), (index.range_key, LONGEST_RANGE_KEY)]
            {
                for key in keys {
                    let value = item.get(key.name);
                    check_index_key(value, longest).map_err(|error| error.at(key.name))?;
                }
            }
        }
        Ok(())
    }

    /// What a table must put into an index beside keys, so that its items can be read.
    pub(crate) fn included(&self, index: &IndexLayout) -> Option<Vec<&'static str>> {
        let Holds::Some(names) = index.holds else { return None };
        let mut names = names.to_vec();
        // An item says what shape it has; keys alone have none, unless migrations can reshape them.
        if !names.is_empty() || !self.bare_is_current() {
            names.push(SCHEMA_ATTRIBUTE);
        }
        names.extend(self.discriminator.map(|(name, _)| name));
        names.extend(self.ttl);
        for (own, alias) in self.aliases {
            if names.contains(own) {
                names.push(alias);
            }
        }
        let keys = [self.hash_key].into_iter().chain(self.range_key);
        let keys: Vec<_> =
            keys.chain(index.hash_key.iter().chain(index.range_key).copied()).collect();
        names.retain(|name| keys.iter().all(|key| key.name != *name));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        Some(names)
    }
}

/// An index by which model `Self` can be queried; implemented by the derive. `I` is its number.
pub trait Indexed<I>: Model {
    /// How a value of its hash key is written; a tuple where it has several attributes.
    type IndexHash<'a>: Send;
    /// What is read without a selection: whole models, or nothing yet.
    type Output;

    /// What the derive knows about it.
    fn index() -> &'static IndexLayout;

    /// The attributes that its hash key consists of.
    ///
    /// # Errors
    /// Where a value cannot be stored.
    fn encode_index_hash(
        hash: Self::IndexHash<'_>,
    ) -> Result<Vec<(&'static str, AttributeValue)>, EncodeError>;
}

/// What is read consistently on request: a table, a local index.
#[diagnostic::on_unimplemented(
    message = "a global index cannot be read consistently",
    note = "AWS: reads of global secondary indexes are eventually consistent; query the table or a local index, or get the \
            items by key"
)]
pub trait Consistent<I> {}

impl<M: Model> Consistent<crate::expr::role::Primary> for M {}

/// The attribute with this number is in index `I` of model `Self`; implemented by the derive.
#[diagnostic::on_unimplemented(
    message = "the index does not hold an attribute that is selected from it",
    note = "add it to the index, as in `include = [total]`, or select fewer attributes"
)]
pub trait HoldsAttribute<I, A> {}

impl<M: Model, A> HoldsAttribute<crate::expr::role::Primary, A> for M {}

/// The number of an attribute, made of its field's name.
#[derive(Debug, Clone, Copy)]
pub struct AttributeNumber<const N: u64>;

/// The result of a query of an index that does not hold whole items: not yet anything.
///
/// Write [`select::<P>()`](crate::Query::select) with a [`Projection`](crate::Projection) of attributes that the index
/// holds.
#[derive(Debug, Clone, Copy)]
pub struct NeedsSelect;
