//! Reads of single items that are made at the same time, merged into batches.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join;
use tokio::sync::oneshot;

use super::AT_ONCE;
use super::drain::{Request as _, drain};
use super::keys::Keys;
use crate::cache::read_through;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::read::Asked;
use crate::reader::Reader;

/// How often in a row nobody may have joined before a batch is sent. More than once, since other threads may be about to.
const PATIENCE: u32 = 4;

/// How often to look for others before a batch is sent that is not full, though some still join: who waits in it is not
/// made to wait for ever.
const MOST_LOOKS: u32 = 64;

/// A [`Reader`] that merges reads of single items: those that are made at the same time, in one task or in many, become
/// requests of 100 keys.
///
/// After the idea of the `DataLoader`: code that reads items one by one, such as the resolvers of a GraphQL server, costs
/// as many requests as code that collects its keys. Any models and tables are mixed, the same key is asked for once, and
/// consistent reads go apart from the others. Every caller gets its own answer: an item that cannot be read, or that the
/// service refuses, is the error of those who asked for it.
///
/// No timer delays anything: a read waits while the runtime has other tasks to run that join it, and then is sent; a read
/// that is alone is a plain `GetItem`. On a runtime of several threads a batch can be sent while another thread is about
/// to join, which then begins the next one. Nothing is cached: a read that is made after another one was sent is a
/// request of its own.
///
/// Clones share their batches. A program of several runtimes has a reader for each: what is gathered on one waits until
/// that one runs. Queries and scans through it go to the database as they are. Dropping the future of a
/// read has no effect on the others.
///
/// ```
/// # use dynamap::{Coalesced, Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let reader = Coalesced::new(&db);
/// let balance = async |id| Account::get(&reader, id).await.map(|found| found.map(|found| found.balance));
/// let (ann, bob) = tokio::join!(balance(1), balance(2)); // one request
/// assert_eq!((ann?, bob?), (Some(5), None));
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// A read must be polled inside a Tokio runtime, as every request of the SDK.
///
/// [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)
#[derive(Clone)]
pub struct Coalesced {
    db: Database,
    gathering: Arc<Mutex<Gathering>>,
}

/// What somebody is told about an item.
type Answer = Result<Option<Item>, Error>;

/// Items that are wanted, with those who want them.
type Wanted = HashMap<Target, (&'static Layout, Vec<oneshot::Sender<Answer>>)>;

/// The reads that wait to be sent.
#[derive(Default)]
struct Gathering {
    eventual: Wanted,
    consistent: Wanted,
    /// How many have joined since this began.
    joined: u64,
}

impl Gathering {
    /// Takes out what fills whole requests, each with its consistency.
    fn full(&mut self) -> Vec<(Wanted, bool)> {
        let mut full = Vec::new();
        for (wanted, consistent) in [(&mut self.eventual, false), (&mut self.consistent, true)] {
            while wanted.len() >= Keys::MOST {
                full.push((wanted.extract_if(|_, _| true).take(Keys::MOST).collect(), consistent));
            }
        }
        full
    }
}

impl Coalesced {
    /// A reader of its own batches.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone(), gathering: Arc::default() }
    }

    fn gathering(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins what is being gathered; the first one sees to it that it is sent.
    fn join(&self, (target, layout): Asked, consistent: bool) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut gathering = self.gathering();
            let Gathering { eventual, consistent: apart, .. } = &mut *gathering;
            let wanted = if consistent { apart } else { eventual };
            wanted.entry(target).or_insert_with(|| (layout, Vec::new())).1.push(answer);
            gathering.joined += 1;
            gathering.joined == 1
        };
        if is_first {
            // In a task of its own: whoever is first may go away, and the others still want their answers.
            tokio::spawn(gather(Gatherer { reader: self.clone(), is_done: false }));
        }
        answered
    }
}

/// Sends what is gathered. Dropped before that, with its runtime, it lets the callers go, who then read by themselves.
struct Gatherer {
    reader: Coalesced,
    is_done: bool,
}

impl Gatherer {
    fn take(&mut self) -> Gathering {
        self.is_done = true;
        mem::take(&mut *self.reader.gathering())
    }
}

impl Drop for Gatherer {
    fn drop(&mut self) {
        if !self.is_done {
            drop(self.take());
        }
    }
}

/// Sends whole requests as they are full, and the rest when nobody joins any more.
async fn gather(mut gatherer: Gatherer) {
    let db = gatherer.reader.db.clone();
    let (mut seen, mut quiet, mut looks) = (0, 0, 0);
    while quiet < PATIENCE && looks < MOST_LOOKS {
        tokio::task::yield_now().await;
        let (full, joined) = {
            let mut gathering = gatherer.reader.gathering();
            (gathering.full(), gathering.joined)
        };
        looks += 1;
        quiet = if joined == seen { quiet + 1 } else { 0 };
        seen = joined;
        for (wanted, consistent) in full {
            tokio::spawn(read(db.clone(), wanted, consistent));
        }
    }
    let Gathering { eventual, consistent, .. } = gatherer.take();
    // Boxed: the SDK's futures are large.
    let (eventual, consistent) =
        (Box::pin(read(db.clone(), eventual, false)), Box::pin(read(db, consistent, true)));
    join(eventual, consistent).await;
}

/// Reads what is still wanted, and tells those who want it.
async fn read(db: Database, mut wanted: Wanted, consistent: bool) {
    wanted.retain(|_, (_, callers)| {
        callers.retain(|caller| !caller.is_closed());
        !callers.is_empty()
    });
    let is_alone = wanted.len() == 1 && wanted.values().all(|(_, callers)| callers.len() == 1);
    let (mut asked, mut waiting): (Vec<Asked>, Vec<_>) = (Vec::new(), Vec::new());
    for (target, (layout, callers)) in wanted {
        asked.push((target, layout));
        waiting.push(callers);
    }
    // Whoever went away meanwhile wants no answer, so that it does not matter whether one is taken.
    if is_alone {
        for ((target, layout), caller) in asked.iter().zip(waiting.into_iter().flatten()) {
            let _ = caller.send(db.read_item(layout, &target.key, consistent).await);
        }
        return;
    }
    let targets: Vec<Target> = asked.iter().map(|(target, _)| target.clone()).collect();
    let found = drain(&db, &Keys { consistent }, asked, AT_ONCE).await;
    for ((target, found), callers) in targets.iter().zip(found).zip(waiting) {
        for caller in callers {
            let _ = caller.send(found.clone().map_err(|undone| undone.error(target)));
        }
    }
}

impl Reader for Coalesced {
    fn database(&self) -> &Database {
        &self.db
    }

    fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        consistent: bool,
    ) -> impl Future<Output = Answer> + Send {
        let asked = (Target { table: self.db.table_name(layout), key: key.clone() }, layout);
        async move {
            match self.join(asked.clone(), consistent).await {
                Ok(answer) => answer,
                // The runtime on which the batch was gathered is gone; ours is not.
                Err(_) => self.db.read_item(layout, &asked.0.key, consistent).await,
            }
        }
    }

    async fn read_cached(&self, layout: &'static Layout, key: &Key, live: Duration) -> Answer {
        read_through(self, layout, key, live).await
    }
}

impl fmt::Debug for Coalesced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalesced").field("db", &self.db).finish_non_exhaustive()
    }
}
