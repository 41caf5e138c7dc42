//! Items of any models that are asked for by key, and what was found of them: shared by [`Gets`](crate::Gets) and
//! [`Snapshot`](crate::Snapshot).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::marker::PhantomData;

use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::decode;
use crate::error::{Error, Target, Undone};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;

/// An item that is asked for, with the model that tells its key's names.
pub(crate) type Asked = (Target, &'static Layout);

/// The items that are asked for, each once, in the order in which they were first named.
#[derive(Default)]
pub(crate) struct Wanted {
    asked: Vec<Asked>,
    known: HashSet<Target>,
    /// Why a key cannot be stored; the first one.
    error: Option<Error>,
}

impl Wanted {
    /// Asks for an item.
    pub(crate) fn get<M: Model>(
        &mut self,
        db: &Database,
        key: Result<Key, EncodeError>,
    ) -> ItemSlot<M> {
        let layout = M::layout();
        let target = match key {
            Ok(key) => {
                let target = Target { table: db.table_name(layout), key };
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
        ItemSlot { target, model: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.asked.len()
    }

    /// What is to be read.
    ///
    /// # Errors
    /// `Encode` for a key that cannot be stored.
    pub(crate) fn into_asked(self) -> Result<Vec<Asked>, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.asked),
        }
    }
}

/// One item of [`Gets`](crate::Gets) or of a [`Snapshot`](crate::Snapshot); finds it in the [`FoundItems`].
///
/// ```
/// # use dynamap::{Database, Gets, Model, Table};
/// use dynamap::ItemSlot;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 2, balance: 5, version: 0 }.insert(&db).await?;
/// let mut gets = Gets::of(&db);
/// let slots: Vec<ItemSlot<Account>> = (1..=3).map(|id| gets.get::<Account>(id)).collect();
/// let found = gets.read().await?;
/// let mut total = 0;
/// for slot in slots {
///     total += found.take(slot)?.map_or(0, |account| account.balance);
/// }
/// assert_eq!(total, 5);
/// # Ok(())
/// # }
/// ```
pub struct ItemSlot<M> {
    /// Absent where the key cannot be stored.
    target: Option<Target>,
    model: PhantomData<fn() -> M>,
}

/// What [`Gets`](crate::Gets) or a [`Snapshot`](crate::Snapshot) read.
///
/// ```
/// # use dynamap::{Database, Error, Gets, Model, RetryPolicy, Table};
/// # use dynamap::faults::{Fault, Faults};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let mut policy = RetryPolicy::default();
/// # policy.throttled.attempts = 2;
/// # let db = Database::builder(client).retry(policy).build();
/// # Table::<Account>::create(&db).await?;
/// # for id in [1, 2] { Account { id, balance: 5, version: 0 }.insert(&db).await?; }
/// let mut gets = Gets::of(&db);
/// let (first, second) = (gets.get::<Account>(1), gets.get::<Account>(2));
/// // The service reads one of the two, and has no capacity for the other.
/// faults.next("BatchGetItem", Fault::Unprocessed { keep: 1 });
/// faults.always("BatchGetItem", Fault::Throttle);
/// let found = gets.read().await?;
/// assert_eq!(found.leftovers().len(), 1);
/// assert_eq!(found.leftovers()[0].to_string(), "(id = 2) of table accounts");
/// assert_eq!(found.take(first)?.expect("there").balance, 5);
/// assert!(matches!(found.take(second), Err(Error::Busy(_))));
/// # Ok(())
/// # }
/// ```
pub struct FoundItems {
    items: HashMap<Target, Result<Option<Item>, Undone>>,
    leftovers: Vec<Target>,
}

impl FoundItems {
    pub(crate) fn new(
        items: impl IntoIterator<Item = (Target, Result<Option<Item>, Undone>)>,
    ) -> Self {
        let mut leftovers = Vec::new();
        let note = |(target, item): (Target, Result<_, _>)| {
            if item.is_err() {
                leftovers.push(target.clone());
            }
            (target, item)
        };
        let items = items.into_iter().map(note).collect();
        Self { items, leftovers }
    }

    /// The items that were not read, in the order in which they were asked for: nothing is known of them. To
    /// [`take`](FoundItems::take) one is the error that says why. A snapshot has none: it reads all items or fails.
    #[must_use]
    pub fn leftovers(&self) -> &[Target] {
        &self.leftovers
    }

    /// The item of a slot, `None` where there is none.
    ///
    /// # Errors
    /// `Decode`, `SchemaTooNew`, `Upgrade` for an item that is there and cannot be read; for one that is left over
    /// [`Error::Busy`], or what the service says of it. The others can be taken all the same. [`Error::Usage`] for a
    /// slot of another batch.
    #[expect(clippy::needless_pass_by_value, reason = "an item is taken once")]
    pub fn take<M: Model>(&self, slot: ItemSlot<M>) -> Result<Option<Loaded<M>>, Error> {
        let found = slot.target.as_ref().and_then(|target| Some((target, self.items.get(target)?)));
        let Some((target, item)) = found else {
            return Err(Error::Usage("the slot is of another batch: take it from that one"));
        };
        let item = item.as_ref().map_err(|undone| undone.error(target))?;
        let decoded = |item: &Item| decode(&target.table, &target.key, item.clone());
        item.as_ref().map(decoded).transpose()
    }
}

impl<M> Clone for ItemSlot<M> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), model: PhantomData }
    }
}

impl<M> fmt::Debug for ItemSlot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemSlot").field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for FoundItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundItems")
            .field("items", &self.items.len())
            .field("leftovers", &self.leftovers)
            .finish_non_exhaustive()
    }
}
