//! Trees of nested transactions against a map in memory: what they see, what they leave, what they are checked against.

use std::collections::{BTreeMap, BTreeSet};

use dynamap::{Database, Error, Loaded, Model, Table, Transaction};
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "cells", validate = false)]
struct Cell {
    #[model(hash_key)]
    id: u8,
    value: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone)]
enum Op {
    Get(u8),
    Insert(u8, i64),
    Save(u8, i64),
    Delete(u8),
    /// By key, unread where nothing was read before.
    Add(u8, i64),
    Nested(Vec<Op>, bool),
    /// In a transaction begun apart, and merged.
    Apart(Vec<Op>),
}

fn op() -> impl Strategy<Value = Op> {
    let leaf = prop_oneof![
        (0..6_u8).prop_map(Op::Get),
        (0..6_u8, 0..9_i64).prop_map(|(id, value)| Op::Insert(id, value)),
        (0..6_u8, 0..9_i64).prop_map(|(id, value)| Op::Save(id, value)),
        (0..6_u8).prop_map(Op::Delete),
        (0..6_u8, 1..9_i64).prop_map(|(id, by)| Op::Add(id, by)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let ops = || prop::collection::vec(inner.clone(), 0..6);
        prop_oneof![
            3 => (ops(), any::<bool>()).prop_map(|(ops, commits)| Op::Nested(ops, commits)),
            1 => ops().prop_map(Op::Apart),
        ]
    })
}

/// What a transaction is expected to be.
#[derive(Debug, Clone, Default)]
struct Expected {
    cells: BTreeMap<u8, i64>,
    /// Added to by key and not read: how much.
    blind: BTreeMap<u8, i64>,
    /// Written otherwise.
    written: BTreeSet<u8>,
}

struct World<'a> {
    db: &'a Database,
    stored: BTreeMap<u8, i64>,
    /// Read from the store, by whichever level; a rollback does not undo a read.
    read: BTreeSet<u8>,
}

async fn get(tx: &Transaction, id: u8) -> Option<Loaded<Cell>> {
    Cell::get(tx, id).await.expect("a read")
}

impl World<'_> {
    /// Does an operation in the transaction and in the expectation.
    async fn run(&mut self, tx: &Transaction, now: &mut Expected, op: &Op) {
        match op {
            Op::Get(id) => drop(self.get(tx, now, *id).await),
            Op::Insert(id, value) => {
                let there = self.get(tx, now, *id).await.is_some();
                let cell = Cell { id: *id, value: *value, version: 0 };
                assert_eq!(tx.insert(cell).is_ok(), !there, "insert {id}");
                if !there {
                    now.cells.insert(*id, *value);
                    now.written.insert(*id);
                }
            }
            Op::Save(id, value) => {
                if let Some(mut cell) = self.get(tx, now, *id).await {
                    cell.value = *value;
                    tx.save(cell).expect("a save");
                    now.cells.insert(*id, *value);
                    now.written.insert(*id);
                }
            }
            Op::Delete(id) => {
                if let Some(cell) = self.get(tx, now, *id).await {
                    tx.delete(cell).expect("a delete");
                    now.cells.remove(id);
                    now.written.insert(*id);
                }
            }
            Op::Add(id, by) => self.add(tx, now, *id, *by),
            Op::Nested(ops, commits) => {
                let nested = tx.nested();
                let mut inner = now.clone();
                for op in ops {
                    Box::pin(self.run(&nested, &mut inner, op)).await;
                }
                if *commits {
                    nested.commit().await.expect("a nested commit");
                    *now = inner;
                } else {
                    drop(nested);
                    // What was read of an item added to by key is known from then on, at the level that added.
                    for id in now.blind.clone().into_keys() {
                        if self.read.contains(&id) {
                            now.blind.remove(&id);
                            now.written.insert(id);
                        }
                    }
                }
            }
            Op::Apart(ops) => self.apart(tx, now, ops).await,
        }
    }

    async fn get(&mut self, tx: &Transaction, now: &mut Expected, id: u8) -> Option<Loaded<Cell>> {
        let found = get(tx, id).await;
        if !now.written.contains(&id) {
            self.read.insert(id);
        }
        if now.blind.remove(&id).is_some() {
            now.written.insert(id);
        }
        assert_eq!(found.as_ref().map(|cell| cell.value), now.cells.get(&id).copied(), "get {id}");
        found
    }

    fn add(&self, tx: &Transaction, now: &mut Expected, id: u8, by: i64) {
        let known = self.read.contains(&id) || now.written.contains(&id);
        // Unknown and absent, it would fail the commit.
        if !known && !self.stored.contains_key(&id) {
            return;
        }
        let added = tx.write(Cell::update(self.db, id).add(Cell::VALUE, by));
        match (now.cells.get_mut(&id), known) {
            (None, _) => assert!(added.expect_err("absent").is_not_found()),
            // By what an earlier update leaves, unread.
            (Some(_), false) if now.blind.contains_key(&id) => {
                assert!(matches!(added, Err(Error::Usage(_))), "{added:?}");
            }
            (Some(value), known) => {
                added.expect("an update by key");
                *value += by;
                if known {
                    now.written.insert(id);
                } else {
                    now.blind.insert(id, by);
                }
            }
        }
    }

    /// A transaction begun apart sees the store, and not what this one wrote: only what is not written here can be merged.
    async fn apart(&mut self, tx: &Transaction, now: &mut Expected, ops: &[Op]) {
        let apart = Transaction::begin(self.db);
        let mut world = World { db: self.db, stored: self.stored.clone(), read: BTreeSet::new() };
        let mut theirs = Expected { cells: self.stored.clone(), ..Expected::default() };
        for op in ops {
            if !matches!(op, Op::Apart(_)) {
                Box::pin(world.run(&apart, &mut theirs, op)).await;
            }
        }
        let theirs_known: BTreeSet<u8> = world.read.union(&theirs.written).copied().collect();
        let both = |id: &u8| now.written.contains(id) || now.blind.contains_key(id);
        let twice = |id: &u8| now.blind.contains_key(id) || !now.cells.contains_key(id);
        let clash = theirs_known.iter().any(both) || theirs.blind.keys().any(twice);
        let merged = tx.merge(apart);
        // Two know one item differently, unless what was written is what was there.
        if clash && merged.is_err() {
            return;
        }
        merged.expect("nothing in common that was written");
        for id in &theirs.written {
            match theirs.cells.get(id) {
                Some(value) => now.cells.insert(*id, *value),
                None => now.cells.remove(id),
            };
        }
        now.written.extend(&theirs.written);
        for (id, by) in theirs.blind {
            *now.cells.entry(id).or_default() += by;
            if now.written.contains(&id) || self.read.contains(&id) {
                now.written.insert(id);
            } else {
                now.blind.insert(id, by);
            }
        }
        self.read.extend(world.read);
    }
}

async fn cells(db: &Database) -> BTreeMap<u8, i64> {
    let all = Cell::scan(db).consistent().try_collect().await.expect("a scan");
    all.iter().map(|cell| (cell.id, cell.value)).collect()
}

async fn fresh() -> (Database, BTreeMap<u8, i64>) {
    let db = Database::new(dynamap::embedded::memory().expect("a store"));
    Table::<Cell>::create(&db).await.expect("a table");
    for id in 0..4 {
        Cell { id, value: 10, version: 0 }.insert(&db).await.expect("a cell");
    }
    let stored = cells(&db).await;
    (db, stored)
}

/// Runs the operations; returns the transaction, what it shall leave, and what it is checked against.
async fn play(
    db: &Database,
    stored: &BTreeMap<u8, i64>,
    ops: &[Op],
) -> (Transaction, Expected, BTreeSet<u8>) {
    let tx = Transaction::begin(db);
    let mut world = World { db, stored: stored.clone(), read: BTreeSet::new() };
    let mut now = Expected { cells: stored.clone(), ..Expected::default() };
    for op in ops {
        world.run(&tx, &mut now, op).await;
    }
    (tx, now, world.read)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn a_tree_of_transactions_leaves_what_a_map_would() {
    let runtime = runtime();
    proptest!(ProptestConfig::with_cases(100), |(ops in prop::collection::vec(op(), 0..12))| {
        runtime.block_on(async {
            let (db, stored) = fresh().await;
            let (tx, expected, _) = play(&db, &stored, &ops).await;
            prop_assert_eq!(cells(&db).await, stored, "before the commit");
            tx.commit().await.expect("nobody else writes");
            prop_assert_eq!(cells(&db).await, expected.cells);
            Ok(())
        })?;
    });
}

#[test]
fn a_tree_of_transactions_fails_where_something_that_it_read_was_changed() {
    let runtime = runtime();
    let ops = prop::collection::vec(op(), 0..12);
    proptest!(ProptestConfig::with_cases(100), |(ops in ops, id in 0..6_u8)| {
        runtime.block_on(async {
            let (db, stored) = fresh().await;
            let (tx, expected, read) = play(&db, &stored, &ops).await;
            Cell { id, value: 77, version: 0 }.upsert(&db).await.expect("somebody else");
            let mut theirs = stored.clone();
            theirs.insert(id, 77);
            let writes = !expected.written.is_empty() || !expected.blind.is_empty();
            // One read and nothing else was as it was at one moment.
            let checked = read.contains(&id) && (writes || read.len() > 1);
            let outcome = tx.commit().await;
            if checked {
                prop_assert!(outcome.expect_err("it was read").is_conflict());
                prop_assert_eq!(cells(&db).await, theirs);
            } else {
                prop_assert!(outcome.is_ok(), "{:?}", outcome);
            }
            Ok(())
        })?;
    });
}
