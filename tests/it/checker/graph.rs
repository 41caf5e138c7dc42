//! The direct serialization graph: which transaction must come before which, and why.

use std::collections::{BTreeSet, HashMap};

use petgraph::graph::DiGraph;

use super::Level;
use super::history::{End, History, Key};
use super::order::Order;
use super::reads::{last_writes, ok, outer_reads};

/// Why one transaction comes before another. Sorted by how little is needed to believe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The other replaced what this one wrote.
    Ww(Key),
    /// The other read what this one wrote.
    Wr(Key),
    /// The other replaced what this one read.
    Rw(Key),
    Process,
    RealTime,
}

/// Nodes weigh the numbers of transactions.
pub type Graph = DiGraph<usize, Why>;

pub fn build(history: &History, order: &Order, level: Level) -> Graph {
    let mut edges = BTreeSet::new();
    for (key, values) in &order.stored {
        let writers: Vec<_> =
            values.iter().map(|value| writer(history, order, *key, *value)).collect();
        for pair in writers.windows(2) {
            edges.extend(edge(pair[0], pair[1], Why::Ww(*key)));
        }
    }
    let unseen = unseen_writes(history, order);
    for (number, txn) in ok(history) {
        for (key, last) in outer_reads(txn) {
            let Some(age) = order.age(key, last) else { continue };
            if let Some(last) = last {
                edges.extend(edge(writer(history, order, key, last), Some(number), Why::Wr(key)));
            }
            let next = order.stored.get(&key).and_then(|values| values.get(age));
            let next = next.and_then(|value| writer(history, order, key, *value));
            edges.extend(edge(Some(number), next, Why::Rw(key)));
            for later in unseen.get(&key).into_iter().flatten() {
                edges.extend(edge(Some(number), Some(*later), Why::Rw(key)));
            }
        }
    }
    if level >= Level::Session {
        beside(history, level, &mut edges);
    }
    let mut graph = Graph::new();
    let nodes: Vec<_> = (0..history.txns.len()).map(|number| graph.add_node(number)).collect();
    for (from, to, why) in edges {
        graph.add_edge(nodes[from], nodes[to], why);
    }
    graph
}

fn edge(from: Option<usize>, to: Option<usize>, why: Why) -> Option<(usize, usize, Why)> {
    let (from, to) = (from?, to?);
    (from != to).then_some((from, to, why))
}

/// Who stored a value. A rolled-back transaction is reported elsewhere and orders nothing.
fn writer(history: &History, order: &Order, key: Key, value: u64) -> Option<usize> {
    let txn = order.writers.get(&(key, value))?.txn;
    (history.txns[txn].end != End::Fail).then_some(txn)
}

/// Committed writes that no read saw: they come after everything that was read of their key.
fn unseen_writes(history: &History, order: &Order) -> HashMap<Key, Vec<usize>> {
    let mut unseen: HashMap<Key, Vec<usize>> = HashMap::new();
    for (number, txn) in ok(history) {
        for (key, value) in last_writes(txn) {
            if !order.place.contains_key(&(key, value)) {
                unseen.entry(key).or_default().push(number);
            }
        }
    }
    unseen
}

/// Transactions that did not overlap. One that nobody knows the end of has not returned.
fn beside(history: &History, level: Level, edges: &mut BTreeSet<(usize, usize, Why)>) {
    for (before, first) in ok(history) {
        for (after, second) in
            history.txns.iter().enumerate().filter(|(_, txn)| txn.end != End::Fail)
        {
            if first.returned >= second.called {
                continue;
            }
            if first.process == second.process {
                edges.insert((before, after, Why::Process));
            } else if level >= Level::StrictSerializable {
                edges.insert((before, after, Why::RealTime));
            }
        }
    }
}
