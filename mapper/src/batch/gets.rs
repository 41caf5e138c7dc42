//! Many items of any models by key, each as it is when its request is answered.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::marker::PhantomData;

use futures_util::stream::{self, StreamExt as _};

use super::AT_ONCE;
use super::chunk::{self, Asked, Brought, MAX_KEYS};
use crate::database::Database;
use crate::decode::decode;
use crate::error::{Busy, Error, Target};
use crate::item::Item;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::retry::Attempts;

/// A read of many items by key, of any models, 100 in one request: cheaper in time than one by one, and at the same
/// price.
///
/// The items are not of one moment; for that take a [`Snapshot`](crate::Snapshot). For keys of one model there is
/// [`Model::get_many`].
///
/// ```
/// # use dynamap::{Database, Gets, Loaded, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<DoomMap>::create(&db).await?;
/// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
/// let mut gets = Gets::of(&db);
/// let ann = gets.get::<Account>(1);
/// let map = gets.get::<DoomMap>((1, 1));
/// let found = gets.read().await?;
/// assert!(found.leftovers().is_empty());
/// let ann: Option<Loaded<Account>> = found.take(ann)?;
/// assert_eq!(ann.expect("there").balance, 100);
/// assert!(found.take(map)?.is_none());
/// # Ok(())
/// # }
/// ```
///
/// [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)
#[must_use = "a batch reads nothing until it is asked to"]
pub struct Gets<'a> {
    db: &'a Database,
    asked: Vec<Asked>,
    known: HashSet<Target>,
    consistent: bool,
    /// Why a key cannot be stored; the first one.
    error: Option<Error>,
}

impl<'a> Gets<'a> {
    /// A read of no items yet.
    pub fn of(db: &'a Database) -> Self {
        Self { db, asked: Vec::new(), known: HashSet::new(), consistent: false, error: None }
    }

    /// Asks for an item. Nothing is sent. An item that is asked for twice is read once.
    pub fn get<M: Model>(&mut self, key: M::KeyRef<'_>) -> GetSlot<M> {
        let layout = M::layout();
        let target = match M::encode_key(key) {
            Ok(key) => {
                let target = Target { table: self.db.table_name(layout), key };
                if self.known.insert(target.clone()) {
                    self.asked.push((target.clone(), layout));
                }
                Some(target)
            }
            Err(error) => {
                self.error.get_or_insert_with(|| Error::encode(layout, error));
                None
            }
        };
        GetSlot { target, model: PhantomData }
    }

    /// Sees every write that was acknowledged before; costs twice as much.
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// Reads all items, in requests of 100 keys, up to 8 of them at once.
    ///
    /// What the service leaves unprocessed, or throttles, is asked for again until the deadline of the database, one
    /// for the whole batch. What then still has no answer is in [`GotItems::leftovers`]; what was found is there all
    /// the same. Dropping the future has no effect on the tables.
    ///
    /// # Errors
    /// `Encode` for a key that cannot be stored, before anything is sent; what the service says.
    pub async fn read(self) -> Result<GotItems, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (db, consistent) = (self.db, self.consistent);
        let table = self.asked.first().map_or("", |(target, _)| target.table.as_str());
        let attempts = Attempts::new(db, chunk::OPERATION, table);
        // Boxed: the SDK's futures are large, and every caller's future would hold them.
        let requests: Vec<BoxFuture<'_, Result<Brought, Error>>> = (self.asked.chunks(MAX_KEYS))
            .map(|asked| {
                Box::pin(chunk::read(
                    attempts.another(asked.iter().map(|(target, _)| target)),
                    asked,
                    consistent,
                )) as BoxFuture<'_, _>
            })
            .collect();
        let mut got = GotItems { items: HashMap::new(), leftovers: Vec::new(), busy: None };
        let mut answers = stream::iter(requests).buffered(AT_ONCE);
        while let Some(brought) = answers.next().await {
            got.add(brought?);
        }
        drop(answers);
        for (target, _) in self.asked {
            got.items.entry(target).or_insert(None);
        }
        for target in &got.leftovers {
            got.items.remove(target);
        }
        Ok(got)
    }
}

/// One item of [`Gets`]; finds it in the [`GotItems`].
pub struct GetSlot<M> {
    /// Absent where the key cannot be stored.
    target: Option<Target>,
    model: PhantomData<fn() -> M>,
}

/// What [`Gets`] read.
pub struct GotItems {
    items: HashMap<Target, Option<Item>>,
    leftovers: Vec<Target>,
    /// Why there are leftovers.
    busy: Option<Busy>,
}

impl GotItems {
    fn add(&mut self, brought: Brought) {
        self.items.extend(brought.items.into_iter().map(|(target, item)| (target, Some(item))));
        if let Some((busy, left)) = brought.left {
            self.leftovers.extend(left);
            self.busy.get_or_insert(busy);
        }
    }

    /// The items that the service did not read until the deadline, in no order: nothing is known of them. To
    /// [`take`](GotItems::take) one is an [`Error::Busy`].
    #[must_use]
    pub fn leftovers(&self) -> &[Target] {
        &self.leftovers
    }

    /// The item of a slot, `None` where there is none.
    ///
    /// # Errors
    /// `Decode`, `SchemaTooNew`, `Upgrade` for an item that is there and cannot be read, [`Error::Busy`] for one that
    /// is left over; the others can be taken all the same. [`Error::Usage`] for a slot of another batch.
    #[expect(clippy::needless_pass_by_value, reason = "an item is taken once")]
    pub fn take<M: Model>(&self, slot: GetSlot<M>) -> Result<Option<Loaded<M>>, Error> {
        let usage = Error::Usage("the slot is of another batch: take it from that one");
        let Some(target) = &slot.target else { return Err(usage) };
        match (self.items.get(target), &self.busy) {
            (Some(item), _) => {
                let decoded = |item: &Item| decode(&target.table, &target.key, item.clone());
                item.as_ref().map(decoded).transpose()
            }
            (None, Some(busy)) if self.leftovers.contains(target) => {
                Err(Error::Busy(Box::new(Busy {
                    operation: busy.operation,
                    table: target.table.clone(),
                    attempts: busy.attempts,
                    cause: busy.cause,
                    throttled: busy.throttled.clone(),
                    failures: Vec::new(),
                })))
            }
            (None, _) => Err(usage),
        }
    }
}

impl<M> Clone for GetSlot<M> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), model: PhantomData }
    }
}

impl<M> fmt::Debug for GetSlot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetSlot").field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for Gets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gets").field("items", &self.asked.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for GotItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GotItems")
            .field("items", &self.items.len())
            .field("leftovers", &self.leftovers)
            .finish_non_exhaustive()
    }
}
