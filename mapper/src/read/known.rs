//! The results of a search that a transaction knows, to be merged with what the service says.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};

use crate::expr::order;
use crate::item::Item;
use crate::key::Key;
use crate::reader::Known;

/// The order in which a query returns the items of one hash key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    /// The range key; `None` where there is at most one item.
    pub(super) range: Option<&'static str>,
    pub(super) reverse: bool,
}

impl Order {
    fn compare(self, a: &Item, b: &Item) -> Ordering {
        let value = |item| self.range.and_then(|name| Item::get(item, name));
        let known = value(a).zip(value(b)).and_then(|(a, b)| order(a, b));
        let ordering = known.unwrap_or(Ordering::Equal);
        if self.reverse { ordering.reverse() } else { ordering }
    }
}

/// What a transaction knows about the items that a search can find.
#[derive(Debug, Default)]
pub(super) struct KnownResults {
    /// The keys of all of them: what the service says about these items is not asked for.
    keys: HashSet<Key>,
    /// Those that are results and were not taken yet, in the order of the search.
    results: VecDeque<Item>,
    order: Option<Order>,
}

impl KnownResults {
    pub(super) fn new(
        known: Known,
        order: Option<Order>,
        is_result: impl Fn(&Item) -> bool,
    ) -> Self {
        let (mut keys, mut results) = (HashSet::new(), Vec::new());
        for (key, item) in known {
            results.extend(item.filter(&is_result));
            keys.insert(key);
        }
        if let Some(order) = order {
            results.sort_by(|a, b| order.compare(a, b));
        }
        Self { keys, results: results.into(), order }
    }

    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Takes the results whose place is not behind that of a found item; none where there is no order.
    pub(super) fn take_before(&mut self, found: &Item) -> Vec<Item> {
        let Some(order) = self.order else { return Vec::new() };
        let before = |item: &Item| order.compare(item, found) != Ordering::Greater;
        let count = self.results.partition_point(before);
        self.results.drain(..count).collect()
    }

    /// Takes all that are left.
    pub(super) fn take_all(&mut self) -> Vec<Item> {
        self.results.drain(..).collect()
    }
}
