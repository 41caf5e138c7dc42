//! Reads and writes of any models that are collected, and sent together in few requests.

use std::fmt;

use super::WRITES_AT_ONCE;
use super::order::{Access, Step, order};
use super::puts::{put, written};
use super::results::{BatchId, BatchResults, BatchSlot, Outcome};
use super::round::{Alone, Kind, Round, Work, Written};
use super::verbs::{BatchVerb, Planned};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::decode;
use crate::error::{Error, Target, Undone};
use crate::item::Item;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::{BatchDelete, BatchPut, Model};
use crate::read::BoxFuture;
use crate::write::Write;

/// Reads and writes of any models, collected and then sent together: a service's work of one moment in few requests.
///
/// Gets become `BatchGetItem`, puts and deletes without a condition `BatchWriteItem`; every other verb is sent by itself,
/// as it is elsewhere. All run together but what is about the same item: a get after a put of its key sees what was put,
/// a second put of a key is sent after the first. A search waits for what was written to its table before it, and what is
/// written after it waits for the search; so it is with an insert whose key comes from a counter.
///
/// Puts and deletes without a condition are repeated where an answer is lost, and a copy that the network held back can
/// arrive late, over what came after it. Where that matters, the model needs a version.
///
/// Each operation has a result of its own. Where one fails, those after it on the same item are
/// [`NotDone`](Error::NotDone), and all others are done. A batch is not all or nothing, and its reads are not of one
/// moment: for that there are transactions and snapshots.
///
/// ```
/// # use dynamap::{Batch, Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<Profile>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let mut batch = Batch::of(&db);
/// let paid = batch.add(Account::update(&db, 1).add(Account::BALANCE, 5).returning_new());
/// let put = batch.put(Profile { login: "ann".into() });
/// let gone = batch.delete::<Profile>("bob");
/// let account = batch.get::<Account>(1); // after the update
/// let mut results = batch.run().await;
/// assert_eq!(results.take(paid)?.balance, 10);
/// assert_eq!(results.take(put)?.login, "ann");
/// results.take(gone)?;
/// assert_eq!(results.take(account)?.expect("there").balance, 10);
/// # Ok(())
/// # }
/// ```
///
/// Loaded models are saved and deleted as they are elsewhere, with their versions checked:
///
/// ```
/// # use dynamap::{Batch, Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # let mut ann = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// # let bob = Account { id: 2, balance: 7, version: 0 }.insert(&db).await?;
/// # Account { id: 3, balance: 9, version: 0 }.insert(&db).await?;
/// let (metered, meter) = db.metered();
/// ann.balance += 1;
/// let mut batch = Batch::of(&metered).consistent().at_once(4);
/// let saved = batch.save(&mut ann);
/// let closed = batch.delete_loaded(bob);
/// let gone = batch.get::<Account>(2); // after the delete
/// let other = batch.get::<Account>(3);
/// let mut results = batch.run().await;
/// results.take(saved)?;
/// assert_eq!(results.take(closed)?.balance, 7);
/// assert!(results.take(gone)?.is_none());
/// assert_eq!(results.take(other)?.expect("there").balance, 9);
/// assert_eq!((ann.balance, ann.version), (6, 2));
/// assert_eq!(meter.capacity().total().read, 2.0); // one unit for each consistent get
/// # Ok(())
/// # }
/// ```
///
/// [AWS: batch operations](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.BatchOperations)
#[must_use = "a batch does nothing until it is run"]
pub struct Batch<'a> {
    db: &'a Database,
    consistent: bool,
    at_once: usize,
    accesses: Vec<Access>,
    works: Vec<Work<'a>>,
    id: BatchId,
}

impl<'a> Batch<'a> {
    /// A batch of nothing yet.
    pub fn of(db: &'a Database) -> Self {
        let (accesses, works, id) = (Vec::new(), Vec::new(), BatchId::default());
        Self { db, consistent: false, at_once: WRITES_AT_ONCE, accesses, works, id }
    }

    /// All gets, and all searches of tables, see every write that was acknowledged before; they cost twice as much. Those
    /// that come after writes of the batch do so anyway.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// How many verbs are under way at once of those that are sent by themselves; default 16, at least 1. Beside them are
    /// up to 8 batches of gets, of consistent gets and of writes.
    pub fn at_once(mut self, verbs: usize) -> Self {
        self.at_once = verbs.max(1);
        self
    }

    /// Reads an item by key; `None` where there is none. The same key may be given twice, and is asked for once.
    pub fn get<M: Model>(&mut self, key: M::KeyRef<'_>) -> BatchSlot<Option<Loaded<M>>> {
        let kind = match self.target::<M>(M::encode_key(key)) {
            Ok(target) => Kind::Get((target, M::layout()), found::<M>),
            Err(error) => Kind::Wrong(error),
        };
        let access = match &kind {
            Kind::Get((target, _), _) => Access::Read(target.clone()),
            _ => Access::Nothing,
        };
        self.push(access, kind)
    }

    /// Puts a model in the place of whatever is there, as [`Model::put_many`].
    pub fn put<M: Model + BatchPut>(&mut self, model: M) -> BatchSlot<Loaded<M>> {
        // What cannot be put is in the way of its item's later operations all the same, as far as the key is known.
        let target = self.target::<M>(model.key());
        match put(self.db, model) {
            Ok((write, model)) => {
                let access = Access::Put(write.target().clone());
                let result: Written<'a> = Box::new(|write, sent| {
                    Outcome::of(sent.map(|after| written(model, write, after)))
                });
                self.push(access, Kind::Write(write, result))
            }
            Err(error) => {
                self.push(target.map_or(Access::Nothing, Access::Write), Kind::Wrong(error))
            }
        }
    }

    /// Deletes whatever is there, as [`Model::delete_many`]. For a delete that brings the item back, and for models with a
    /// version, [`add`](Batch::add) a delete by key.
    pub fn delete<M: Model + BatchDelete>(&mut self, key: M::KeyRef<'_>) -> BatchSlot<()> {
        match self.target::<M>(M::encode_key(key)) {
            Ok(target) => {
                let write = Write::remove::<M>(self.db, target.key.clone());
                let result: Written<'a> = Box::new(|_, sent| Outcome::of(sent.map(drop)));
                self.push(Access::Put(target), Kind::Write(write, result))
            }
            Err(error) => self.push(Access::Nothing, Kind::Wrong(error)),
        }
    }

    /// Saves a loaded model, as [`Loaded::save`]: it is as it is stored when the batch has run, and as it was where its
    /// save failed.
    pub fn save<M: Model>(&mut self, loaded: &'a mut Loaded<M>) -> BatchSlot<()> {
        let (db, target) = (self.db, self.target::<M>(Ok(loaded.key().clone())));
        let run: Alone<'a> = Box::new(move |_| -> BoxFuture<'a, Outcome> {
            Box::pin(async move { Outcome::of(loaded.save(db).await) })
        });
        self.push(target.map_or(Access::Nothing, Access::Write), Kind::Alone(run))
    }

    /// Deletes a loaded model, as [`Loaded::delete`]; its result is the plain model.
    pub fn delete_loaded<M: Model>(&mut self, loaded: Loaded<M>) -> BatchSlot<M> {
        let (db, target) = (self.db, self.target::<M>(Ok(loaded.key().clone())));
        let run: Alone<'a> = Box::new(move |_| -> BoxFuture<'a, Outcome> {
            Box::pin(async move { Outcome::of(loaded.delete(db).await) })
        });
        self.push(target.map_or(Access::Nothing, Access::Write), Kind::Alone(run))
    }

    /// Adds a verb that is sent by itself: an insert, an upsert, a replacement, an update or a delete by key, a query or a
    /// scan, with all that it says: conditions, what it returns. A search brings all its results.
    ///
    /// An insert or upsert is prepared now (hooks, automatic fields, validation), since only then its key is known.
    pub fn add<V: BatchVerb<'a>>(&mut self, verb: V) -> BatchSlot<V::Output> {
        let Planned { access, run } = verb.planned(self.db);
        let kind = match run {
            Ok(run) => {
                let run: Alone<'a> = Box::new(move |sees_writes| -> BoxFuture<'a, Outcome> {
                    Box::pin(async move { Outcome::of(run(sees_writes).await) })
                });
                Kind::Alone(run)
            }
            Err(error) => Kind::Wrong(error),
        };
        self.push(access, kind)
    }

    /// Sends everything, round after round where the order requires it.
    ///
    /// Unprocessed and throttled requests are repeated as those of [`Gets`](crate::Gets) and
    /// [`Model::put_many`] are, all others as they are elsewhere. If the future is dropped half-way, any of the writes may
    /// have been made.
    pub async fn run(self) -> BatchResults {
        let steps = order(&self.accesses);
        let rounds = steps.iter().map(|step| step.round + 1).max().unwrap_or_default();
        let mut waiting: Vec<Vec<(usize, Work<'a>)>> = (0..rounds).map(|_| Vec::new()).collect();
        for (number, (work, step)) in self.works.into_iter().zip(&steps).enumerate() {
            waiting[step.round].push((number, work));
        }
        let mut results: Vec<Option<Outcome>> = steps.iter().map(|_| None).collect();
        let is_failed = |result: &Option<Outcome>| result.as_ref().is_some_and(|r| r.is_failed);
        for works in waiting {
            let mut round = Round::new(self.db);
            for (number, work) in works {
                let Step { after, sees_writes, .. } = &steps[number];
                let lost = after.iter().any(|before| is_failed(&results[*before]));
                let consistent = self.consistent || *sees_writes;
                match (lost, &self.accesses[number]) {
                    (true, Access::Read(target) | Access::Put(target) | Access::Write(target)) => {
                        let error = Error::NotDone(Box::new(target.clone()));
                        results[number] = Some((work.fail)(error));
                    }
                    _ => round.add(number, work, consistent),
                }
            }
            // Boxed: the SDK's futures are large, and every caller's future would hold them.
            for (number, outcome) in Box::pin(round.send(self.at_once)).await {
                results[number] = Some(outcome);
            }
        }
        BatchResults::new(self.id, results)
    }

    fn target<M: Model>(&self, key: Result<Key, EncodeError>) -> Result<Target, Error> {
        let layout = M::layout();
        let key = key.map_err(|error| Error::encode(layout, error))?;
        Ok(Target { table: self.db.table_name(layout), key })
    }

    fn push<T: Send + 'static>(&mut self, access: Access, kind: Kind<'a>) -> BatchSlot<T> {
        let slot = BatchSlot::new(&self.id, self.works.len());
        self.accesses.push(access);
        self.works.push(Work { fail: Outcome::fail::<T>, kind });
        slot
    }
}

/// The result of a get.
fn found<M: Model>(target: &Target, item: Result<Option<Item>, Undone>) -> Outcome {
    let decoded = |item: Item| decode::<M>(&target.table, &target.key, item);
    let item = item.map_err(|undone| undone.error(target));
    Outcome::of(item.and_then(|item| item.map(decoded).transpose()))
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("operations", &self.works.len()).finish_non_exhaustive()
    }
}
