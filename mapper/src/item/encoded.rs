//! Values as bytes: the same for values that DynamoDB calls equal, and different for all others.

use super::{AttributeValue, Item, kind_name};
use crate::codec::number;

impl Item {
    /// The item as bytes: the same for items that DynamoDB calls equal, whatever order and spelling they come in.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        let mut into = Vec::new();
        push_sorted(&mut into, self.iter().map(entry).collect());
        into
    }
}

/// Adds a part with its length, so that no two lists of parts are the same bytes.
pub(crate) fn push(into: &mut Vec<u8>, part: &[u8]) {
    into.extend_from_slice(&(part.len() as u64).to_be_bytes());
    into.extend_from_slice(part);
}

/// A value as bytes.
pub(crate) fn encoded(value: &AttributeValue) -> Vec<u8> {
    let mut into = kind_name(value).as_bytes().to_vec();
    let number = |text: &String| number::canonical(text).as_bytes().to_vec();
    let parts: Vec<Vec<u8>> = match value {
        AttributeValue::S(text) => vec![text.as_bytes().to_vec()],
        AttributeValue::N(text) => vec![number(text)],
        AttributeValue::B(blob) => vec![blob.as_ref().to_vec()],
        AttributeValue::Bool(value) => vec![vec![u8::from(*value)]],
        AttributeValue::Ss(set) => set.iter().map(|text| text.as_bytes().to_vec()).collect(),
        AttributeValue::Ns(set) => set.iter().map(number).collect(),
        AttributeValue::Bs(set) => set.iter().map(|blob| blob.as_ref().to_vec()).collect(),
        AttributeValue::L(list) => list.iter().map(encoded).collect(),
        AttributeValue::M(map) => {
            map.iter().map(|(name, value)| entry((name.as_str(), value))).collect()
        }
        _ => Vec::new(),
    };
    if matches!(value, AttributeValue::L(_)) {
        for part in parts {
            push(&mut into, &part);
        }
    } else {
        push_sorted(&mut into, parts);
    }
    into
}

/// Adds the parts of what has no order: sets and maps.
fn push_sorted(into: &mut Vec<u8>, mut parts: Vec<Vec<u8>>) {
    parts.sort_unstable();
    for part in parts {
        push(into, &part);
    }
}

fn entry((name, value): (&str, &AttributeValue)) -> Vec<u8> {
    let mut into = Vec::new();
    push(&mut into, name.as_bytes());
    push(&mut into, &encoded(value));
    into
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_the_same_bytes_and_others_are_not() {
        let n = |t: &str| AttributeValue::N(t.into());
        let s = |t: &str| AttributeValue::S(t.into());
        let ss = |v: &[&str]| AttributeValue::Ss(v.iter().map(|s| (*s).to_owned()).collect());
        let l = |v: &[AttributeValue]| AttributeValue::L(v.to_vec());
        for (a, b, equal) in [
            (n("1.50"), n("1.5"), true),
            (n("1E2"), n("100"), true),
            (n("1"), s("1"), false),
            (ss(&["a", "b"]), ss(&["b", "a"]), true),
            (ss(&["a", "b"]), ss(&["ab"]), false),
            (l(&[s("a"), s("b")]), l(&[s("b"), s("a")]), false),
            (l(&[l(&[s("a")]), s("b")]), l(&[l(&[s("a"), s("b")])]), false),
            (AttributeValue::Bool(true), AttributeValue::Bool(false), false),
            (AttributeValue::Null(true), AttributeValue::M([].into()), false),
        ] {
            assert_eq!(encoded(&a) == encoded(&b), equal, "{a:?} {b:?}");
            assert_eq!(super::super::same(&a, &b), equal, "{a:?} {b:?}");
        }
    }
}
