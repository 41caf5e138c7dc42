//! Items as they are stored, in DynamoDB JSON: fixtures that are read, tables that are written down.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;

use dynamap_mapper::key::KeyAttribute;
use dynamap_mapper::{AttributeValue, Item};
use serde::Deserialize;

use crate::distinct;
use crate::error::TestError;

/// What a fixture holds, as often as it likes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Items(Vec<serde_dynamo::Item>),
    Item(serde_dynamo::Item),
    /// A line of an export.
    Line {
        #[serde(rename = "Item")]
        item: serde_dynamo::Item,
    },
}

/// The items of a text: lists of items, items, or lines of an export, one after the other.
pub(crate) fn items(text: &str) -> Result<Vec<Item>, TestError> {
    distinct::check(text)?;
    let mut items = Vec::new();
    let mut parts = serde_json::Deserializer::from_str(text).into_iter::<Part>();
    loop {
        let begins = parts.byte_offset();
        let part = match parts.next() {
            None => return Ok(items),
            Some(Ok(part)) => part,
            // An untagged enum does not know where it failed.
            Some(Err(error)) if error.line() == 0 => {
                let (line, column) = place(text, begins);
                return Err(TestError::Json { what: "no item in DynamoDB JSON", line, column });
            }
            Some(Err(error)) => {
                let what = if error.is_data() { "no item in DynamoDB JSON" } else { "no JSON" };
                return Err(TestError::Json { what, line: error.line(), column: error.column() });
            }
        };
        let found = match part {
            Part::Items(found) => found,
            Part::Item(item) | Part::Line { item } => vec![item],
        };
        items.extend(found.into_iter().map(|item| Item::from(HashMap::from(item))));
    }
}

/// Line and column of what stands behind a place.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let rest = text.get(offset..).unwrap_or_default();
    let begins = offset + (rest.len() - rest.trim_start().len());
    let before = text.get(..begins).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    (line, before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1)
}

/// The items of a table, in the order of their keys; from [`TestDatabase::dump`](crate::TestDatabase::dump).
///
/// As text it is DynamoDB JSON, a line for each attribute, in the order of their names, members of sets in order too: the
/// same items are the same text. [`load_items`](crate::TestDatabase::load_items) reads it again. Compare it with
/// `assert_eq!`, or with the snapshots of `expect-test` and `insta`.
///
/// ```
/// use dynamap::testing::TestDatabase;
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestDatabase::builder().with::<Account>().build().await?;
/// Account { id: 1, balance: 5, version: 0 }.insert(test.database()).await?;
///
/// let expected = r#"[
///   {
///     "_schema": {"S":"1.0.0"},
///     "balance": {"N":"5"},
///     "id": {"N":"1"},
///     "version": {"N":"1"}
///   }
/// ]
/// "#;
/// // The nonce of the last write is the same in every run, and says nothing to a reader.
/// let dump = test.dump("accounts").await?.without("_write");
/// assert_eq!(dump.to_string(), expected);
/// assert_eq!(dump.items()[0].names().len(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dump(Vec<Item>);

impl Dump {
    pub(crate) fn new(mut items: Vec<Item>, keys: &[KeyAttribute]) -> Self {
        items.sort_by(|one, other| {
            let by_key = keys.iter().map(|key| order(one.get(key.name), other.get(key.name)));
            by_key.fold(Ordering::Equal, Ordering::then)
        });
        // The service returns the members of a set in any order.
        Self(items.into_iter().map(|item| ordered(&item)).collect())
    }

    /// The same without an attribute: what changes with every edit of the program and is not what the test is about.
    #[must_use]
    pub fn without(mut self, attribute: &str) -> Self {
        for item in &mut self.0 {
            item.remove(attribute);
        }
        self
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.0
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(written).collect();
        if items.is_empty() {
            writeln!(f, "[]")
        } else {
            writeln!(f, "[\n{}\n]", items.join(",\n"))
        }
    }
}

/// An item as text, a line for each attribute.
fn written(item: &Item) -> String {
    let lines: Vec<String> = item
        .names()
        .into_iter()
        .filter_map(|name| {
            let value = item.get(name)?.clone();
            let mut value = serde_json::to_value(serde_dynamo::AttributeValue::from(value)).ok()?;
            value.sort_all_objects();
            Some(format!("    {}: {value}", serde_json::Value::from(name)))
        })
        .collect();
    format!("  {{\n{}\n  }}", lines.join(",\n"))
}

fn ordered(item: &Item) -> Item {
    item.iter().map(|(name, value)| (name.to_owned(), sorted(value.clone()))).collect()
}

/// A value with the members of its sets in order.
fn sorted(value: AttributeValue) -> AttributeValue {
    use AttributeValue as V;
    match value {
        V::Ss(mut set) => {
            set.sort();
            V::Ss(set)
        }
        V::Ns(mut set) => {
            set.sort_by(|one, other| number(one, other));
            V::Ns(set)
        }
        V::Bs(mut set) => {
            set.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
            V::Bs(set)
        }
        V::L(list) => V::L(list.into_iter().map(sorted).collect()),
        V::M(map) => V::M(map.into_iter().map(|(name, value)| (name, sorted(value))).collect()),
        flat => flat,
    }
}

/// The order of keys of one kind.
fn order(one: Option<&AttributeValue>, other: Option<&AttributeValue>) -> Ordering {
    use AttributeValue as V;
    match (one, other) {
        (Some(V::S(one)), Some(V::S(other))) => one.cmp(other),
        (Some(V::N(one)), Some(V::N(other))) => number(one, other),
        (Some(V::B(one)), Some(V::B(other))) => one.as_ref().cmp(other.as_ref()),
        _ => Ordering::Equal,
    }
}

/// By value; numbers that only differ behind the 15th digit by their text.
fn number(one: &str, other: &str) -> Ordering {
    let value = |text: &str| text.parse::<f64>().unwrap_or(f64::MAX);
    value(one).total_cmp(&value(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use dynamap_mapper::kind::ScalarKind;

    use super::*;

    #[test]
    fn items_are_in_order_of_their_keys_and_members_of_sets_too_however_they_came() {
        let n = |text: &str| AttributeValue::N(text.to_owned());
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let set = AttributeValue::L(vec![AttributeValue::Ss(texts(&["y", "x"]))]);
        let numbers = AttributeValue::Ns(texts(&["10", "9"]));
        let item = |id, sort| {
            let mut item = Item::new();
            item.insert("id", n(id));
            item.insert("sort", AttributeValue::S(sort));
            item
        };
        let mut last = item("10", "b".to_owned());
        last.insert("sets", set);
        last.insert("numbers", numbers);
        let came = vec![last, item("10", "a".to_owned()), item("9", "c".to_owned())];
        let key = |name, kind| KeyAttribute { name, kind };
        let keys = [key("id", ScalarKind::N), key("sort", ScalarKind::S)];
        let dump = Dump::new(came, &keys);
        let sorts: Vec<_> = dump.items().iter().filter_map(|item| item.text("sort")).collect();
        assert_eq!(sorts, ["c", "a", "b"]);
        let text = dump.to_string();
        assert!(text.contains(r#"{"L":[{"SS":["x","y"]}]}"#), "{text}");
        assert!(text.contains(r#"{"NS":["9","10"]}"#), "{text}");
    }
}
