//! The items of one hash key, of a table or an index that is named at run time, by values that are given as text.

use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{RawTable, layout, valid};
use crate::codec::EncodeError;
use crate::codec::kind::ScalarKind;
use crate::error::Error;
use crate::expr::Node;
use crate::index::{Holds, IndexLayout};
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::read::{Results, Search, raw_items};
use crate::reader::Reader as _;

/// The indexes of all tables that this program has named. They live as long as the program, each once.
static INDEXES: Mutex<Vec<&'static IndexLayout>> = Mutex::new(Vec::new());

/// What is asked for; every value is text, as a key is shown, and binary ones in Base64.
#[derive(Debug, Clone, Default)]
pub struct QueryTerms {
    /// The hash key: one value, or as many as the index has attributes.
    pub hash: Vec<String>,
    /// What the range key shall be.
    pub range: Option<RangeTerms>,
    /// An index, where it is not the table.
    pub index: Option<String>,
    /// Whether the last ones come first.
    pub reverse: bool,
    /// How many at most.
    pub limit: Option<usize>,
    /// Whether every write is seen that was acknowledged before; not of a global index.
    pub consistent: bool,
}

/// What a range key shall be.
#[derive(Debug, Clone)]
pub enum RangeTerms {
    /// This value.
    Is(String),
    /// A text that begins so.
    BeginsWith(String),
    /// One of these values, or between them.
    Between(String, String),
    /// This value or a greater one.
    AtLeast(String),
    /// This value or a lesser one.
    AtMost(String),
}

impl RawTable {
    /// The key of these values: the hash key, and the range key where the table has one.
    ///
    /// # Errors
    /// [`Error::Encode`] where they are too few, too many, or no such values.
    pub fn key_from_text(&self, values: &[String]) -> Result<Key, Error> {
        let keys = self.keys();
        if keys.len() != values.len() {
            return Err(self.encode(EncodeError::new("the key has another number of values")));
        }
        let key = keys.iter().zip(values).map(|(key, text)| value(*key, text));
        let key = key.collect::<Result<Item, _>>().and_then(|item| valid::key(self.layout, &item));
        key.map_err(|error| self.encode(error))
    }

    /// An item as it is stored.
    ///
    /// # Errors
    /// What the service says.
    pub async fn get(&self, key: &Key, consistent: bool) -> Result<Option<Item>, Error> {
        self.db.read_item(self.layout, key, consistent).await
    }

    /// The items of one hash key as they are stored, in the order of the range key.
    ///
    /// # Errors
    /// [`Error::Usage`] where there is no such index; [`Error::Encode`] where values are too few, too many, or no such
    /// values.
    ///
    /// [AWS: Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)
    pub fn query(&self, terms: &QueryTerms) -> Result<Results<'_, Item>, Error> {
        let index = match &terms.index {
            None => None,
            Some(name) => Some(
                self.index(name)
                    .ok_or(Error::Usage("the table has no such index to be queried"))?,
            ),
        };
        let own = (std::slice::from_ref(&self.layout.hash_key), self.layout.range_key.as_slice());
        let (hash, range) = index.map_or(own, |index| (index.hash_key, index.range_key));
        if hash.len() != terms.hash.len() {
            return Err(self.encode(EncodeError::new("the hash key has another number of values")));
        }
        let hash = hash
            .iter()
            .zip(&terms.hash)
            .map(|(key, text)| value(*key, text).map(|(_, value)| (key.name, value)));
        let hash = hash.collect::<Result<Vec<_>, _>>().map_err(|error| self.encode(error))?;
        let range = match (&terms.range, range.first()) {
            (None, _) => None,
            (Some(terms), Some(key)) => {
                Some(condition(*key, terms).map_err(|error| self.encode(error))?)
            }
            (Some(_), None) => return Err(Error::Usage("there is no range key to ask about")),
        };
        let search = Search::of_query(&self.db, self.layout, index, hash, range);
        Ok(raw_items(search.on_terms(terms.reverse, terms.limit, terms.consistent)))
    }

    fn encode(&self, error: EncodeError) -> Error {
        Error::encode(self.layout, error)
    }

    /// An index of the table, if its keys are of kinds that this library knows.
    fn index(&self, name: &str) -> Option<&'static IndexLayout> {
        let global = self.described.global_secondary_indexes().iter();
        let global = global.map(|index| (index.index_name(), index.key_schema(), false));
        let local = self.described.local_secondary_indexes().iter();
        let mut all =
            global.chain(local.map(|index| (index.index_name(), index.key_schema(), true)));
        let (_, schema, local) = all.find(|(found, ..)| *found == Some(name))?;
        let hash_key = self.attributes(schema, &KeyType::Hash)?;
        let range_key = self.attributes(schema, &KeyType::Range)?;
        let mut known = INDEXES.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |index: &&&'static IndexLayout| {
            index.name == name
                && index.local == local
                && index.hash_key == hash_key
                && index.range_key == range_key
        };
        if let Some(known) = known.iter().find(is_same) {
            return Some(known);
        }
        let (name, hash_key, range_key) =
            (name.to_owned().leak(), hash_key.leak(), range_key.leak());
        let holds = Holds::All; // What it holds is shown, whatever it is.
        let index = Box::leak(Box::new(IndexLayout { name, local, hash_key, range_key, holds }));
        known.push(index);
        Some(index)
    }

    fn attributes(&self, schema: &[KeySchemaElement], kind: &KeyType) -> Option<Vec<KeyAttribute>> {
        let elements = schema.iter().filter(|element| element.key_type() == kind);
        let own = self.keys();
        elements
            .map(|element| {
                let (name, kind) = layout::defined(&self.described, element.attribute_name())?;
                let known = own.iter().find(|key| key.name == name && key.kind == kind);
                Some(known.copied().unwrap_or_else(|| layout::interned(name, kind)))
            })
            .collect()
    }
}

fn condition(key: KeyAttribute, terms: &RangeTerms) -> Result<Node, EncodeError> {
    let value = |text: &String| value(key, text).map(|(_, value)| value);
    Ok(match terms {
        RangeTerms::Is(text) => Node::equals(key.name, value(text)?),
        RangeTerms::BeginsWith(text) if key.kind == ScalarKind::S => {
            Node::begins_with(key.name, text)
        }
        RangeTerms::BeginsWith(_) => {
            return Err(EncodeError::new("only a text begins with another").at(key.name));
        }
        RangeTerms::Between(low, high) => Node::between(key.name, value(low)?, value(high)?),
        RangeTerms::AtLeast(low) => Node::at_least(key.name, value(low)?),
        RangeTerms::AtMost(high) => Node::at_most(key.name, value(high)?),
    })
}

/// A value of a key from its text.
fn value(key: KeyAttribute, text: &str) -> Result<(String, AttributeValue), EncodeError> {
    let value = match key.kind {
        ScalarKind::S => AttributeValue::S(text.to_owned()),
        ScalarKind::N => AttributeValue::N(text.to_owned()),
        ScalarKind::B => {
            let bytes = STANDARD.decode(text);
            let bytes =
                bytes.map_err(|_| EncodeError::new("the text is no Base64").at(key.name))?;
            AttributeValue::B(Blob::new(bytes))
        }
    };
    valid::part_of_key(key, &value)?;
    Ok((key.name.to_owned(), value))
}
