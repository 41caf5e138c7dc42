//! Unique constraints as values: what of an item is unique, and the item that guards it.
//!
//! A guard is an item of `{prefix}dynamap_unique`. Its key is the table, the constraint and the values; who made it is
//! its owner. It is written with the item that it belongs to, in one transaction.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::codec::kind::ScalarKind;
use crate::codec::number;
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::layout::Layout;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};

/// The table of guards, without the prefix.
pub(crate) const GUARDS_TABLE: &str = "dynamap_unique";
/// Its hash key: what is guarded.
const GUARD: &str = "guard";
/// The full name of the table of the item that has the value.
const OF_TABLE: &str = "table";
/// The name of the constraint.
const CONSTRAINT: &str = "constraint";
/// The key of the item that has the value, as a map.
pub(crate) const OWNER: &str = "owner";

/// The longest key that holds the values themselves; longer ones are hashed.
const MAX_PLAIN: usize = 1024;

/// How guards are stored.
pub(crate) static GUARDS: Layout = Layout::bare(
    "UniqueGuard",
    GUARDS_TABLE,
    KeyAttribute { name: GUARD, kind: ScalarKind::S },
    None,
    &[GUARD, OF_TABLE, CONSTRAINT, OWNER],
);

/// A constraint: no two items of the model share the values of these attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniqueLayout {
    /// The names of its attributes, with commas between them.
    pub name: &'static str,
    /// Its attributes.
    pub attributes: &'static [&'static str],
}

impl UniqueLayout {
    /// What guards the values of an item of this table; `None` where one of them is absent or NULL: the constraint does
    /// not apply to such an item.
    pub(crate) fn guard(&self, layout: &Layout, table: &str, item: &Item) -> Option<String> {
        let item = layout.expand(item);
        let value = |name: &&'static str| scalar(layout.stored(&item, name)?);
        let values: Vec<String> = self.attributes.iter().map(value).collect::<Option<_>>()?;
        let mut guard = self.prefix(layout, table);
        let named = guard.len();
        for value in &values {
            push(&mut guard, value);
        }
        if guard.len() > MAX_PLAIN {
            let hash = hex::encode(Sha256::digest(&guard.as_bytes()[named..]));
            guard.truncate(named);
            push(&mut guard, &format!("H{hash}"));
        }
        Some(guard)
    }

    /// What the guards of all values of the constraint begin with.
    fn prefix(&self, layout: &Layout, table: &str) -> String {
        let model = layout.discriminator.map_or("", |(_, value)| value);
        let mut prefix = String::new();
        for part in [table, model, self.name] {
            push(&mut prefix, part);
        }
        prefix
    }

    /// Whether a stored guard is one of the constraint.
    pub(crate) fn is_of(&self, layout: &Layout, table: &str, guard: &Item) -> bool {
        let prefix = self.prefix(layout, table);
        guard.text(GUARD).is_some_and(|guard| guard.starts_with(&prefix))
    }

    /// The names under which the attributes can be stored.
    pub(crate) fn names(&self, layout: &Layout) -> impl Iterator<Item = &'static str> {
        let aliases = layout.aliases.iter().filter(|(own, _)| self.attributes.contains(own));
        self.attributes.iter().copied().chain(aliases.map(|(_, alias)| *alias))
    }
}

impl Layout {
    /// The stored value of an attribute, under its own name or else an alias.
    fn stored<'a>(&self, item: &'a Item, name: &str) -> Option<&'a AttributeValue> {
        let aliases = self.aliases.iter().filter(|(own, _)| *own == name);
        item.get(name).or_else(|| aliases.map(|(_, alias)| *alias).find_map(|name| item.get(name)))
    }
}

/// The key of a guard.
pub(crate) fn guard_key(guard: String) -> Key {
    Key::new((GUARD, AttributeValue::S(guard)), None).expect("a guard is never empty")
}

/// The guard as it is stored for this owner.
pub(crate) fn guard_item(guard: &Key, constraint: &str, table: &str, owner: &Key) -> Item {
    let mut item = guard.to_item();
    item.insert(OF_TABLE, AttributeValue::S(table.to_owned()));
    item.insert(CONSTRAINT, AttributeValue::S(constraint.to_owned()));
    item.insert(OWNER, owner_value(owner));
    item.insert(SCHEMA_ATTRIBUTE, schema_text(&GUARDS.schema));
    item
}

/// An owner as guards hold it.
pub(crate) fn owner_value(owner: &Key) -> AttributeValue {
    AttributeValue::M(owner.to_item().into_inner())
}

/// The owner of a stored guard, an item of this model.
pub(crate) fn owner_of(layout: &Layout, guard: &Item) -> Option<Key> {
    let Some(AttributeValue::M(owner)) = guard.get(OWNER) else { return None };
    let owner: HashMap<String, AttributeValue> = owner.clone();
    Key::of(layout, &Item::from(owner)).ok()
}

/// Kind and text of a value that can be unique: equal for values that DynamoDB calls equal, and for no others.
fn scalar(value: &AttributeValue) -> Option<String> {
    match value {
        AttributeValue::S(text) => Some(format!("S{text}")),
        AttributeValue::N(text) => Some(format!("N{}", number::canonical(text))),
        AttributeValue::B(bytes) => Some(format!("B{}", hex::encode(bytes))),
        AttributeValue::Bool(value) => Some(format!("BOOL{value}")),
        _ => None,
    }
}

/// Adds a part with its length, so that no two lists of parts are one text.
fn push(guard: &mut String, part: &str) {
    let _ = write!(guard, "{}:{part}", part.len());
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

    const ONE: UniqueLayout = UniqueLayout { name: "a", attributes: &["a"] };
    const TWO: UniqueLayout = UniqueLayout { name: "a,b", attributes: &["a", "b"] };

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn guard(constraint: UniqueLayout, values: [Option<AttributeValue>; 2]) -> Option<String> {
        let named = ["a", "b"].into_iter().zip(values);
        let item = named.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        constraint.guard(&GUARDS, "users", &item)
    }

    fn one(value: AttributeValue) -> String {
        guard(ONE, [Some(value), None]).expect("it applies")
    }

    fn two(a: AttributeValue, b: AttributeValue) -> String {
        guard(TWO, [Some(a), Some(b)]).expect("it applies")
    }

    #[test]
    fn a_guard_is_named_by_table_model_constraint_and_value() {
        assert_eq!(one(s("x@y")), "5:users0:1:a4:Sx@y");
    }

    #[test]
    fn equal_values_have_one_guard_and_others_have_their_own() {
        assert_eq!(one(n("1")), one(n("1.0")));
        assert_eq!(one(n("1")), one(n("1e0")));
        assert_eq!(one(n("-0")), one(n("0")));
        let bytes = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        let texts = [
            one(n("1")),
            one(s("1")),
            one(s("N1")),
            one(bytes(b"1")),
            one(s("31")),
            one(AttributeValue::Bool(true)),
            one(s("true")),
            one(s("")),
            two(s("x"), s("y")),
            two(s("x1"), s("y")),
            two(s("x2:Sy"), s("")),
            two(s(""), s("x")),
            two(s("x"), s("")),
        ];
        for (i, text) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(text), "{text}");
        }
    }

    #[test]
    fn a_constraint_with_an_absent_or_null_part_does_not_apply() {
        assert_eq!(guard(ONE, [None, None]), None);
        assert_eq!(guard(ONE, [Some(AttributeValue::Null(true)), None]), None);
        assert_eq!(guard(TWO, [Some(s("x")), None]), None);
        assert_eq!(guard(TWO, [None, Some(s("x"))]), None);
    }

    #[test]
    fn long_values_are_hashed_into_keys_that_dynamodb_takes() {
        let (long, other) = ("x".repeat(2000), format!("{}y", "x".repeat(1999)));
        assert!(one(s(&long)).len() < 200);
        assert_ne!(one(s(&long)), one(s(&other)));
        assert_ne!(two(s(&long), s("y")), two(s("y"), s(&long)));
        assert!(one(s(&"x".repeat(900))).ends_with("xxx"));
    }
}
