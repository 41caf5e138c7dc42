//! The operations of a batch that run together: gets and writes in batches, every other verb by itself.

use std::collections::HashMap;

use futures_util::future::join4;
use futures_util::stream::{self, StreamExt as _};

use super::AT_ONCE;
use super::drain::drain;
use super::keys::Keys;
use super::results::Outcome;
use super::writes::Writes;
use crate::database::Database;
use crate::error::{Error, Target, Undone};
use crate::item::Item;
use crate::read::{Asked, BoxFuture};
use crate::write::Write;

/// An operation that waits for its turn.
pub(super) struct Work<'a> {
    /// The result where it is not sent.
    pub(super) fail: fn(Error) -> Outcome,
    pub(super) kind: Kind<'a>,
}

pub(super) enum Kind<'a> {
    /// Cannot be sent.
    Wrong(Error),
    Get(Asked, Found),
    Write(Write, Written<'a>),
    Alone(Alone<'a>),
}

/// Makes the result of a get.
pub(super) type Found = fn(&Target, Result<Option<Item>, Undone>) -> Outcome;
/// Makes the result of a write without a condition.
pub(super) type Written<'a> =
    Box<dyn FnOnce(&Write, Result<Option<Item>, Error>) -> Outcome + Send + 'a>;
/// Sends a verb; told whether it must see what was written before.
pub(super) type Alone<'a> = Box<dyn FnOnce(bool) -> BoxFuture<'a, Outcome> + Send + 'a>;

type Numbered = Vec<(usize, Outcome)>;

/// Operations that run together. No item is written twice.
pub(super) struct Round<'a> {
    db: &'a Database,
    eventual: Reads,
    consistent: Reads,
    writes: Writes,
    written: Vec<(usize, Write, Written<'a>)>,
    alone: Vec<BoxFuture<'a, (usize, Outcome)>>,
    done: Numbered,
}

/// Gets with one consistency, each item once.
#[derive(Default)]
struct Reads {
    asked: Vec<Asked>,
    known: HashMap<Target, Vec<(usize, Found)>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(db: &'a Database) -> Self {
        Self {
            db,
            eventual: Reads::default(),
            consistent: Reads::default(),
            writes: Writes::new(db),
            written: Vec::new(),
            alone: Vec::new(),
            done: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, number: usize, work: Work<'a>, consistent: bool) {
        match work.kind {
            Kind::Wrong(error) => self.done.push((number, (work.fail)(error))),
            Kind::Get(asked, found) => {
                let reads = if consistent { &mut self.consistent } else { &mut self.eventual };
                reads.add(number, asked, found);
            }
            Kind::Write(write, written) => match self.writes.add(self.db, &write) {
                Ok(()) => self.written.push((number, write, written)),
                Err(error) => self.done.push((number, (work.fail)(error))),
            },
            Kind::Alone(run) => {
                let run = run(consistent);
                self.alone.push(Box::pin(async move { (number, run.await) }));
            }
        }
    }

    /// Sends them all, so many verbs at once; the results with the numbers of their operations.
    pub(super) async fn send(self, at_once: usize) -> Numbered {
        let Self { db, eventual, consistent, writes, written, alone, mut done } = self;
        let writes = async {
            let sent = writes.send(db, AT_ONCE).await;
            let outcome = |((number, write, written), sent): ((usize, Write, Written<'a>), _)| {
                let sent: Result<Option<Item>, Undone> = sent;
                (number, written(&write, sent.map_err(|undone| undone.error(write.target()))))
            };
            written.into_iter().zip(sent).map(outcome).collect::<Numbered>()
        };
        let alone = stream::iter(alone).buffer_unordered(at_once).collect::<Numbered>();
        let (eventual, consistent) = (eventual.read(db, false), consistent.read(db, true));
        let (eventual, consistent, writes, alone) =
            join4(eventual, consistent, writes, alone).await;
        for outcomes in [eventual, consistent, writes, alone] {
            done.extend(outcomes);
        }
        done
    }
}

impl Reads {
    fn add(&mut self, number: usize, asked: Asked, found: Found) {
        let known = self.known.entry(asked.0.clone()).or_default();
        if known.is_empty() {
            self.asked.push(asked);
        }
        known.push((number, found));
    }

    async fn read(mut self, db: &Database, consistent: bool) -> Numbered {
        let targets: Vec<Target> = self.asked.iter().map(|(target, _)| target.clone()).collect();
        let items = drain(db, &Keys { consistent }, self.asked, AT_ONCE).await;
        let mut outcomes = Vec::new();
        for (target, item) in targets.iter().zip(items) {
            for (number, found) in self.known.remove(target).unwrap_or_default() {
                outcomes.push((number, found(target, item.clone())));
            }
        }
        outcomes
    }
}
