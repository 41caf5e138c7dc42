//! Anomalies that one read, or two transactions without a graph, show.

use std::collections::HashMap;

use super::history::{End, History, Key, Micro, Txn, Value};
use super::order::{Order, told};
use super::{Anomaly, Kind};

pub fn check(history: &History, order: &Order, found: &mut Vec<Anomaly>) {
    for (number, txn) in ok(history) {
        internal(number, txn, found);
        for step in &txn.steps {
            match step {
                Micro::ReadList(key, Some(list)) => {
                    for value in list {
                        aborted(history, order, number, (*key, *value), found);
                    }
                    intermediate(order, number, *key, list.last(), found);
                }
                Micro::ReadRegister(key, Some(value), _) => {
                    aborted(history, order, number, (*key, *value), found);
                    intermediate(order, number, *key, Some(value), found);
                }
                _ => {}
            }
        }
    }
    lost_updates(history, order, found);
}

pub fn ok(history: &History) -> impl Iterator<Item = (usize, &Txn)> {
    history.txns.iter().enumerate().filter(|(_, txn)| txn.end == End::Ok)
}

/// What a transaction read of others: its first read of each key, before it wrote the key itself.
pub fn outer_reads(txn: &Txn) -> HashMap<Key, Option<Value>> {
    let mut reads = HashMap::new();
    let mut touched = Vec::new();
    for step in &txn.steps {
        let (key, read) = match step {
            Micro::Append(key, _) | Micro::Write(key, ..) | Micro::ReadList(key, None) => {
                (*key, None)
            }
            Micro::ReadList(key, Some(list)) => (*key, Some(list.last().copied())),
            Micro::ReadRegister(key, value, _) => (*key, Some(*value)),
        };
        if !touched.contains(&key) {
            touched.push(key);
            if let Some(last) = read {
                reads.insert(key, last);
            }
        }
    }
    reads
}

/// The last value that a transaction wrote to each key.
pub fn last_writes(txn: &Txn) -> HashMap<Key, Value> {
    let writes = txn.steps.iter().filter_map(|step| match step {
        Micro::Append(key, value) | Micro::Write(key, value, _) => Some((*key, *value)),
        _ => None,
    });
    writes.collect()
}

fn aborted(
    history: &History,
    order: &Order,
    reader: usize,
    (key, value): (Key, Value),
    found: &mut Vec<Anomaly>,
) {
    let evidence = match order.writers.get(&(key, value)) {
        None => format!("T{reader} read {value} of {key}, which nobody wrote"),
        Some(writer) if history.txns[writer.txn].end == End::Fail => {
            format!("T{reader} read {value} of {key}, which T{} rolled back", writer.txn)
        }
        Some(_) => return,
    };
    found.push(told(Kind::G1a, evidence));
}

fn intermediate(
    order: &Order,
    reader: usize,
    key: Key,
    last: Option<&Value>,
    found: &mut Vec<Anomaly>,
) {
    let Some(value) = last else { return };
    if let Some(writer) = order.writers.get(&(key, *value))
        && !writer.last
        && writer.txn != reader
    {
        let writer = writer.txn;
        let evidence =
            format!("T{reader} read {value} of {key}, after which T{writer} wrote it again");
        found.push(told(Kind::G1b, evidence));
    }
}

/// What a transaction knows of a key from its own steps.
enum Known<'a> {
    List(Vec<Value>),
    /// Appended without having read what is before.
    Suffix(Vec<Value>),
    Register(Option<&'a Value>),
}

fn internal(number: usize, txn: &Txn, found: &mut Vec<Anomaly>) {
    let mut known: HashMap<Key, Known<'_>> = HashMap::new();
    for step in &txn.steps {
        match step {
            Micro::Append(key, value) => {
                match known.entry(*key).or_insert(Known::Suffix(Vec::new())) {
                    Known::List(list) | Known::Suffix(list) => list.push(*value),
                    Known::Register(_) => {}
                }
            }
            Micro::Write(key, value, _) => {
                known.insert(*key, Known::Register(Some(value)));
            }
            Micro::ReadList(_, None) => {}
            Micro::ReadList(key, Some(read)) => {
                let as_known = match known.get(key) {
                    Some(Known::List(list)) => read == list,
                    Some(Known::Suffix(list)) => read.ends_with(list),
                    _ => true,
                };
                if !as_known {
                    found.push(told(
                        Kind::Internal,
                        format!("T{number} reads {read:?} of {key} against itself"),
                    ));
                }
                known.insert(*key, Known::List(read.clone()));
            }
            Micro::ReadRegister(key, read, _) => {
                if let Some(Known::Register(value)) = known.get(key)
                    && *value != read.as_ref()
                {
                    found.push(told(
                        Kind::Internal,
                        format!("T{number} reads {read:?} of {key} against itself"),
                    ));
                }
                known.insert(*key, Known::Register(read.as_ref()));
            }
        }
    }
}

/// Two committed transactions that read the same version of a key and both wrote the key.
fn lost_updates(history: &History, order: &Order, found: &mut Vec<Anomaly>) {
    let mut by: HashMap<(Key, usize), usize> = HashMap::new();
    for (number, txn) in ok(history) {
        let writes = last_writes(txn);
        for (key, last) in outer_reads(txn) {
            let Some(age) = order.age(key, last) else { continue };
            if !writes.contains_key(&key) {
                continue;
            }
            if let Some(other) = by.insert((key, age), number) {
                let evidence = format!(
                    "T{other} and T{number} both wrote {key} by what they read at {last:?}"
                );
                found.push(told(Kind::LostUpdate, evidence));
            }
        }
    }
}
