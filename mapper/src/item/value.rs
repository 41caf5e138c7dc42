//! Values as DynamoDB sees them: their kinds, which are equal, and how large they are.

use std::collections::HashMap;

use super::AttributeValue;
use crate::codec::number;

/// The name of a value's DynamoDB kind, as AWS writes it: `S`, `N`, `SS` and so on.
///
/// ```
/// use dynamap::{AttributeValue, kind_name};
///
/// assert_eq!(kind_name(&AttributeValue::Bool(true)), "BOOL");
/// ```
#[must_use]
pub fn kind_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Bs(_) => "BS",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::N(_) => "N",
        AttributeValue::Ns(_) => "NS",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::S(_) => "S",
        AttributeValue::Ss(_) => "SS",
        _ => "unknown",
    }
}

/// Whether DynamoDB would call two values equal: numbers by value, sets without order.
///
/// ```
/// use dynamap::{AttributeValue, same};
///
/// let number = |text: &str| AttributeValue::N(text.into());
/// assert!(same(&number("1.50"), &number("1.5")));
/// assert!(!same(&number("1"), &AttributeValue::S("1".into())));
/// ```
#[must_use]
pub fn same(a: &AttributeValue, b: &AttributeValue) -> bool {
    use AttributeValue as V;
    match (a, b) {
        (V::N(a), V::N(b)) => number::equal(a, b),
        (V::Ss(a), V::Ss(b)) => same_set(a, b, |a, b| a == b),
        (V::Ns(a), V::Ns(b)) => same_set(a, b, |a, b| number::equal(a, b)),
        (V::Bs(a), V::Bs(b)) => same_set(a, b, |a, b| a == b),
        (V::L(a), V::L(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (V::M(a), V::M(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// The size of an item as AWS counts it.
pub(crate) fn size_of(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

/// The size of a value as AWS counts it.
pub(super) fn size(value: &AttributeValue) -> usize {
    /// Numbers: one byte per two significant digits, and one; one more below zero. `-0` is zero.
    fn number(text: &str) -> usize {
        let digits = number::significant_digits(text);
        digits.div_ceil(2) + 1 + usize::from(digits > 0 && text.starts_with('-'))
    }
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::Ss(set) => set.iter().map(String::len).sum(),
        AttributeValue::Ns(set) => set.iter().map(|text| number(text)).sum(),
        AttributeValue::Bs(set) => set.iter().map(|blob| blob.as_ref().len()).sum(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

fn same_set<T>(a: &[T], b: &[T], equal: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| equal(a, b)))
}

/// [`same`] for attributes that may be absent.
pub(crate) fn same_option(a: Option<&AttributeValue>, b: Option<&AttributeValue>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b) || same(a, b),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_the_service_compares() {
        let n = |t: &str| AttributeValue::N(t.into());
        let ss = |v: &[&str]| AttributeValue::Ss(v.iter().map(|s| (*s).to_owned()).collect());
        for (a, b, equal) in [
            (n("1.50"), n("1.5"), true),
            (n("1E2"), n("100"), true),
            (n("-0"), n("0"), true),
            (n("1"), n("-1"), false),
            (n("1"), AttributeValue::S("1".into()), false),
            (ss(&["a", "b"]), ss(&["b", "a"]), true),
            (ss(&["a", "b"]), ss(&["b", "c"]), false),
            (AttributeValue::L(vec![n("1.0")]), AttributeValue::L(vec![n("1")]), true),
        ] {
            assert_eq!(same(&a, &b), equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn equal_numbers_have_one_size_however_they_are_spelled() {
        let size = |text: &str| size(&AttributeValue::N(text.into()));
        for (texts, expected) in [
            (&["0", "-0", "-0.00", "+0", "-0E5"][..], 1),
            (&["-7", "-7.0", "-70e-1"], 3),
            (&["150", "1.5E2", "+150.0"], 2),
        ] {
            assert_eq!(
                texts.iter().map(|text| size(text)).collect::<Vec<_>>(),
                vec![expected; texts.len()]
            );
        }
    }
}
