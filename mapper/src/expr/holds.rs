//! Deciding a condition in memory, as the service would.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::node::{Kind, Node, Operator, Term};
use crate::codec::number;
use crate::item::{AttributeValue, Item, kind_name, same};

impl Node {
    /// Whether a stored item fulfils the condition.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self.kind() {
            Kind::And(nodes) => nodes.iter().all(|node| node.holds(item)),
            Kind::Or(nodes) => nodes.iter().any(|node| node.holds(item)),
            Kind::Not(node) => !node.holds(item),
            Kind::Labelled(_, node) => node.holds(item),
            Kind::Exists(place) => place.find(item).is_some(),
            Kind::NotExists(place) => place.find(item).is_none(),
            Kind::Type(place, kind) => place.find(item).is_some_and(|v| kind_name(v) == *kind),
            Kind::Compare(left, operator, right) => {
                compare(left.value(item).as_deref(), *operator, right.value(item).as_deref())
            }
            Kind::Between(term, low, high) => {
                let value = term.value(item);
                compare(value.as_deref(), Operator::Ge, low.value(item).as_deref())
                    && compare(value.as_deref(), Operator::Le, high.value(item).as_deref())
            }
            Kind::In(place, terms) => place.find(item).is_some_and(|value| {
                terms.iter().any(|term| term.value(item).is_some_and(|other| same(value, &other)))
            }),
            Kind::BeginsWith(place, prefix) => {
                let (value, prefix) = (place.find(item), prefix.value(item));
                value.zip(prefix.as_deref()).is_some_and(|(value, prefix)| begins(value, prefix))
            }
            Kind::Contains(place, part) => {
                let (value, part) = (place.find(item), part.value(item));
                value.zip(part.as_deref()).is_some_and(|(value, part)| contains(value, part))
            }
        }
    }
}

impl Node {
    /// The labels of the parts that a stored item does not fulfil.
    pub(crate) fn failed_labels(&self, item: &Item) -> Vec<&'static str> {
        match self.kind() {
            Kind::And(nodes) => nodes.iter().flat_map(|node| node.failed_labels(item)).collect(),
            // Where one alternative holds, none has failed.
            Kind::Or(nodes) if !self.holds(item) => {
                nodes.iter().flat_map(|node| node.failed_labels(item)).collect()
            }
            Kind::Labelled(label, node) if !node.holds(item) => {
                let inner = node.failed_labels(item);
                std::iter::once(*label).chain(inner).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Term {
    fn value<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, AttributeValue>> {
        match self {
            Self::Place(place) => place.find(item).map(Cow::Borrowed),
            Self::Size(place) => {
                let size = size(place.find(item)?)?;
                Some(Cow::Owned(AttributeValue::N(size.to_string())))
            }
            // An operand that could not be encoded was never sent.
            Self::Value(_, value) => value.as_ref().ok().map(Cow::Borrowed),
        }
    }
}

fn size(value: &AttributeValue) -> Option<usize> {
    match value {
        // The service counts as Java does.
        AttributeValue::S(text) => Some(text.encode_utf16().count()),
        AttributeValue::B(blob) => Some(blob.as_ref().len()),
        AttributeValue::L(list) => Some(list.len()),
        AttributeValue::M(map) => Some(map.len()),
        AttributeValue::Ss(set) | AttributeValue::Ns(set) => Some(set.len()),
        AttributeValue::Bs(set) => Some(set.len()),
        _ => None,
    }
}

fn begins(value: &AttributeValue, prefix: &AttributeValue) -> bool {
    match (value, prefix) {
        (AttributeValue::S(value), AttributeValue::S(prefix)) => value.starts_with(prefix.as_str()),
        (AttributeValue::B(value), AttributeValue::B(prefix)) => {
            value.as_ref().starts_with(prefix.as_ref())
        }
        _ => false,
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::S(text), AttributeValue::S(part)) => text.contains(part.as_str()),
        (AttributeValue::Ss(set), AttributeValue::S(element)) => set.contains(element),
        (AttributeValue::Ns(set), AttributeValue::N(element)) => {
            set.iter().any(|n| number::equal(n, element))
        }
        (AttributeValue::Bs(set), AttributeValue::B(element)) => set.contains(element),
        (AttributeValue::L(list), element) => list.iter().any(|value| same(value, element)),
        _ => false,
    }
}

fn compare(
    left: Option<&AttributeValue>,
    operator: Operator,
    right: Option<&AttributeValue>,
) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return operator == Operator::Ne;
    };
    let order = || order(left, right);
    match operator {
        Operator::Eq => same(left, right),
        Operator::Ne => !same(left, right),
        Operator::Lt => order() == Some(Ordering::Less),
        Operator::Le => order().is_some_and(|o| o != Ordering::Greater),
        Operator::Gt => order() == Some(Ordering::Greater),
        Operator::Ge => order().is_some_and(|o| o != Ordering::Less),
    }
}

/// The order of two values, as the service has it for keys and comparisons; `None` where they have none.
pub(crate) fn order(a: &AttributeValue, b: &AttributeValue) -> Option<Ordering> {
    match (a, b) {
        (AttributeValue::S(a), AttributeValue::S(b)) => Some(a.cmp(b)),
        (AttributeValue::B(a), AttributeValue::B(b)) => Some(a.as_ref().cmp(b.as_ref())),
        (AttributeValue::N(a), AttributeValue::N(b)) => number::order(a, b),
        _ => None,
    }
}
