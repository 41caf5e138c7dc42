//! The order of the versions of each key.
//!
//! A list tells it: the longest that was read holds all elements in the order of their appends.
//! A register's versions tell it themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::history::{End, History, Key, Micro, Value};
use super::{Anomaly, Beside, Kind};

/// Who wrote a value.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    pub txn: usize,
    /// Whether it is the last value of its transaction for this key.
    pub last: bool,
}

#[derive(Debug, Default)]
pub struct Order {
    /// The values that are known to have been stored, first to last.
    pub stored: BTreeMap<Key, Vec<Value>>,
    /// The place of a stored value in its order.
    pub place: HashMap<(Key, Value), usize>,
    pub writers: HashMap<(Key, Value), Writer>,
}

impl Order {
    pub fn of(history: &History, found: &mut Vec<Anomaly>) -> Self {
        let mut order = Self { writers: writers(history), ..Self::default() };
        let mut versions: BTreeMap<Key, BTreeMap<u64, Value>> = BTreeMap::new();
        for (number, txn) in history.txns.iter().enumerate() {
            if txn.end != End::Ok {
                continue;
            }
            for step in &txn.steps {
                match step {
                    Micro::ReadList(key, Some(list)) => {
                        order.list_read(number, *key, list, found);
                    }
                    Micro::Write(key, value, Some(version))
                    | Micro::ReadRegister(key, Some(value), Some(version)) => {
                        let known = versions.entry(*key).or_default().entry(*version);
                        let known = *known.or_insert(*value);
                        if known != *value {
                            found.push(told(
                                Kind::IncompatibleOrder,
                                format!(
                                    "T{number}: version {version} of {key} is {value} and {known}"
                                ),
                            ));
                        }
                    }
                    _ => {}
                }
            }
        }
        for (key, versions) in versions {
            order.stored.insert(key, distinct(key, versions.into_values().collect(), found));
        }
        for (key, values) in &order.stored {
            let places = values.iter().enumerate();
            order.place.extend(places.map(|(place, value)| ((*key, *value), place)));
        }
        order
    }

    /// The longest list is kept; the shorter of two must be a prefix of the longer.
    fn list_read(&mut self, txn: usize, key: Key, list: &[Value], found: &mut Vec<Anomaly>) {
        let list = distinct(key, list.to_vec(), found);
        let longest = self.stored.entry(key).or_default();
        let (short, long) = if list.len() > longest.len() {
            (longest.clone(), list)
        } else {
            (list, longest.clone())
        };
        if !long.starts_with(&short) {
            found.push(told(
                Kind::IncompatibleOrder,
                format!("T{txn}: of {key} both {short:?} and {long:?} were read"),
            ));
        }
        *longest = long;
    }

    /// How many versions of the key are as old as this value or older: none where nothing was read.
    pub fn age(&self, key: Key, last: Option<Value>) -> Option<usize> {
        match last {
            None => Some(0),
            Some(value) => self.place.get(&(key, value)).map(|place| place + 1),
        }
    }
}

/// What was stored twice is reported, and left out.
fn distinct(key: Key, values: Vec<Value>, found: &mut Vec<Anomaly>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let (once, again): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| seen.insert(*value));
    if !again.is_empty() {
        found.push(told(Kind::Duplicate, format!("{again:?} stand in {key} more than once")));
    }
    once
}

fn writers(history: &History) -> HashMap<(Key, Value), Writer> {
    let mut writers = HashMap::new();
    for (txn, steps) in history.txns.iter().map(|txn| &txn.steps).enumerate() {
        let mut of_this: HashMap<Key, Value> = HashMap::new();
        for step in steps {
            if let Micro::Append(key, value) | Micro::Write(key, value, _) = step {
                let taken = writers.insert((*key, *value), Writer { txn, last: true });
                assert!(taken.is_none(), "the workload writes {value} to {key} twice");
                if let Some(before) = of_this.insert(*key, *value) {
                    writers.insert((*key, before), Writer { txn, last: false });
                }
            }
        }
    }
    writers
}

pub fn told(kind: Kind, evidence: String) -> Anomaly {
    Anomaly { kind, beside: Beside::Nothing, evidence }
}
