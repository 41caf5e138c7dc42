//! Workers with transactions of a scene, and the history of what they were told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dynamap::{Database, Error, Isolation, Model, RunError, Transaction};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::checker::{End, History, Key, Micro, Value};

/// A list and a register under each key; a scene uses one of the two.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "entries", validate = false)]
pub struct Entry {
    #[model(hash_key)]
    pub key: u32,
    pub list: Vec<u64>,
    pub value: u64,
    #[model(version)]
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Reads and appends of up to ten steps over few keys.
    Lists,
    /// The same with registers.
    Registers,
    /// Each writes one of two keys by what it read of the other.
    WriteSkew,
    /// The same, and the reads happen in nested transactions that are rolled back.
    NestedReads,
    /// Two write one key each, two read both.
    LongFork,
    /// The transactions of Fekete, O'Neil and O'Neil, *A Read-Only Transaction Anomaly Under Snapshot Isolation* (2004):
    /// one reads both keys and writes the first, one changes the second, one reports both.
    ReadOnly,
}

#[derive(Clone, Copy)]
pub struct Setup {
    pub scene: Scene,
    pub isolation: Isolation,
    pub seed: u64,
}

const WORKERS: u32 = 5;
const ROUNDS: usize = 4;
const KEYS: Key = 5;

#[derive(Debug, Clone, Copy)]
enum Step {
    Read(Key),
    /// In a nested transaction that is rolled back.
    ReadNested(Key),
    Write(Key),
}

type Shared = Arc<Mutex<History>>;
/// A transaction that was called and has not returned: its number, and what it was told.
type Open = Mutex<Option<(usize, Vec<Micro>)>>;

/// Runs all workers to their end, and reads everything once at last.
pub async fn run(db: &Database, setup: Setup) -> History {
    let history = Shared::default();
    let workers = (0..WORKERS).map(|process| {
        let worker = Worker { db: db.clone(), setup, process, history: history.clone() };
        tokio::spawn(worker.work())
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("a worker does not panic");
    }
    let last = Worker { db: db.clone(), setup, process: WORKERS, history: history.clone() };
    let everything: Vec<_> = (1..=KEYS).map(Step::Read).collect();
    for first_value in 0..10 {
        if last.begun(&everything, 9_000_000 + first_value).await == End::Ok {
            break;
        }
    }
    let history = lock(&history).clone();
    let end = history.txns.last().map(|txn| txn.end);
    assert_eq!(end, Some(End::Ok), "the last read of everything");
    history
}

fn lock(history: &Shared) -> std::sync::MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    db: Database,
    setup: Setup,
    process: u32,
    history: Shared,
}

impl Worker {
    async fn work(self) {
        let seed = self.setup.seed * 100 + u64::from(self.process);
        let mut rng = StdRng::seed_from_u64(seed);
        for round in 0..ROUNDS {
            let steps = self.steps(&mut rng);
            // Values are unique: of the worker, its round, the attempt and the step.
            let value = (u64::from(self.process) + 1) * 1_000_000 + round as u64 * 10_000;
            if rng.random_range(0..3) == 0 {
                self.rerun(&steps, value).await;
            } else {
                self.begun(&steps, value).await;
            }
        }
    }

    fn steps(&self, rng: &mut StdRng) -> Vec<Step> {
        let role = self.process % 4;
        match self.setup.scene {
            Scene::Lists | Scene::Registers => {
                let reads_only = rng.random_range(0..4) == 0;
                let count = rng.random_range(1..=10);
                let step = |_| match (rng.random_range(1..=KEYS), rng.random_range(0..8)) {
                    (key, 0) => Step::ReadNested(key),
                    (key, 1..=3) if !reads_only => Step::Write(key),
                    (key, _) => Step::Read(key),
                };
                (0..count).map(step).collect()
            }
            Scene::WriteSkew if role.is_multiple_of(2) => vec![Step::Read(1), Step::Write(2)],
            Scene::WriteSkew => vec![Step::Read(2), Step::Write(1)],
            Scene::NestedReads if role.is_multiple_of(2) => {
                vec![Step::ReadNested(1), Step::Write(2)]
            }
            Scene::NestedReads => vec![Step::ReadNested(2), Step::Write(1)],
            Scene::LongFork if role < 2 => vec![Step::Write(role + 1)],
            Scene::LongFork if role == 2 => vec![Step::Read(1), Step::Read(2)],
            Scene::LongFork => vec![Step::Read(2), Step::Read(1)],
            Scene::ReadOnly => match role {
                0 => vec![Step::Read(1), Step::Read(2), Step::Write(1)],
                1 => vec![Step::Read(2), Step::Write(2)],
                _ => vec![Step::Read(1), Step::Read(2)],
            },
        }
    }

    /// One transaction by `begin` and `commit`.
    async fn begun(&self, steps: &[Step], value: Value) -> End {
        let number = lock(&self.history).call(self.process);
        let tx = Transaction::builder(&self.db).isolation(self.setup.isolation).begin();
        let mut told = Vec::new();
        let result = match perform(&tx, self.setup.scene, steps, value, &mut told).await {
            Ok(()) => tx.commit().await.map(drop),
            Err(error) => Err(error),
        };
        let end = end(result.as_ref().err());
        lock(&self.history).end(number, end, told);
        end
    }

    /// One transaction by `run`: every time that the work is done is a transaction of its own, and all but the last
    /// have failed.
    async fn rerun(&self, steps: &[Step], value: Value) {
        let scene = self.setup.scene;
        let open: Arc<Open> = Arc::default();
        let mut attempt = 0;
        let result = Transaction::run(&self.db, |tx| {
            let (history, open) = (self.history.clone(), open.clone());
            let value = value + 100 * attempt;
            attempt += 1;
            async move {
                close(&history, &open, End::Fail);
                let number = lock(&history).call(self.process);
                let mut told = Vec::new();
                let result = perform(&tx, scene, steps, value, &mut told).await;
                *open.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, told));
                result
            }
        })
        .isolation(self.setup.isolation)
        .await;
        let error = result.as_ref().err().map(|error| match error {
            RunError::Aborted(error) | RunError::Failed(error) => error,
            other => panic!("an end that this workload does not know: {other}"),
        });
        close(&self.history, &open, end(error));
    }
}

fn close(history: &Shared, open: &Open, end: End) {
    let open = open.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((number, told)) = open {
        lock(history).end(number, end, told);
    }
}

/// After every error but one nothing was written.
fn end(error: Option<&Error>) -> End {
    match error {
        None => End::Ok,
        Some(Error::OutcomeUnknown(_)) => End::Info,
        Some(_) => End::Fail,
    }
}

/// Does the steps, and writes down what each was told, also before an error.
async fn perform(
    tx: &Transaction,
    scene: Scene,
    steps: &[Step],
    mut value: Value,
    told: &mut Vec<Micro>,
) -> Result<(), Error> {
    let lists = scene == Scene::Lists;
    let mut own: HashMap<Key, usize> = HashMap::new();
    let mut bases: HashMap<Key, u64> = HashMap::new();
    for step in steps {
        let (Step::Read(key) | Step::ReadNested(key) | Step::Write(key)) = *step;
        let entry = match step {
            Step::ReadNested(_) => Entry::get(&tx.nested(), key).await?,
            _ => Entry::get(tx, key).await?,
        };
        let version = *bases.entry(key).or_insert(entry.as_ref().map_or(0, |entry| entry.version));
        told.push(match &entry {
            entry if lists => {
                Micro::ReadList(key, Some(entry.as_ref().map_or(vec![], |e| e.list.clone())))
            }
            entry => {
                let version = (!own.contains_key(&key)).then_some(version);
                Micro::ReadRegister(key, entry.as_ref().map(|entry| entry.value), version)
            }
        });
        if !matches!(step, Step::Write(_)) {
            continue;
        }
        value += 1;
        if lists {
            told.push(Micro::Append(key, value));
        } else {
            // Of several writes of one transaction the last makes the version.
            if let Some(before) = own.insert(key, told.len())
                && let Micro::Write(_, _, made) = &mut told[before]
            {
                *made = None;
            }
            told.push(Micro::Write(key, value, Some(version + 1)));
        }
        match entry {
            None => tx.insert(Entry { key, list: vec![value], value, version: 0 }).map(drop)?,
            Some(mut entry) => {
                entry.list.push(value);
                entry.value = value;
                tx.save(entry)?;
            }
        }
    }
    Ok(())
}
