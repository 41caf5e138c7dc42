//! Many items of any models, as they are at one moment.

use std::fmt;

use super::at_once::Rounds;
use super::wanted::{FoundItems, ItemSlot, Wanted};
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::model::Model;
use crate::reference::Ref;
use crate::schema::WRITE_ATTRIBUTE;

/// A read of many items by key, all as they are at one moment: a total of accounts while others transfer between them.
///
/// [`get`](Snapshot::get) says which items, [`read`](Snapshot::read) reads them all. What is found can be changed and
/// saved as after any read; to decide by several items and write, use a transaction.
///
/// ```
/// # use dynamap::{Database, Loaded, Model, Ref, Snapshot, Table};
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
/// let mut snapshot = Snapshot::of(&db);
/// let ann = snapshot.get::<Account>(1);
/// let map = snapshot.get::<DoomMap>((1, 1));
/// let same = snapshot.follow(&Ref::<Account>::to(1)?);
/// let found = snapshot.read().await?;
/// let ann: Option<Loaded<Account>> = found.take(ann)?;
/// assert_eq!(ann.expect("there").balance, 100);
/// assert!(found.take(map)?.is_none());
/// assert_eq!(found.take(same)?.expect("there").version, 1);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: TransactGetItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html)
#[must_use = "a snapshot reads nothing until it is asked to"]
pub struct Snapshot<'a> {
    db: &'a Database,
    wanted: Wanted,
}

impl<'a> Snapshot<'a> {
    /// A read of no items yet.
    pub fn of(db: &'a Database) -> Self {
        Self { db, wanted: Wanted::default() }
    }

    /// Asks for an item. Nothing is sent. An item that is asked for twice is read once.
    pub fn get<M: Model>(&mut self, key: M::KeyRef<'_>) -> ItemSlot<M> {
        self.wanted.get(self.db, M::encode_key(key))
    }

    /// Asks for the item that a reference names, as [`get`](Self::get) does.
    pub fn follow<M: Model>(&mut self, reference: &Ref<M>) -> ItemSlot<M> {
        self.wanted.get(self.db, Ok(reference.key().clone()))
    }

    /// Reads all items as they are at one moment, each with every write that was acknowledged before.
    ///
    /// Up to 100 items of 4 MB together are one request, at twice the price of consistent reads. More are read in
    /// parts, and all of them again until nothing has changed between two readings: at least twice that price, and
    /// items that others keep changing may never hold still.
    ///
    /// # Errors
    /// `Encode` for a key that cannot be stored, before anything is sent; `Busy` where the items did not hold still
    /// until the deadline; what the service says.
    pub async fn read(self) -> Result<FoundItems, Error> {
        let asked = self.wanted.into_asked()?;
        let targets: Vec<Target> = asked.into_iter().map(|(target, _)| target).collect();
        // Boxed: the SDK's futures are large, and every caller's future would hold them.
        let items = Box::pin(read(self.db, &targets)).await?;
        Ok(FoundItems::new(targets.into_iter().zip(items.into_iter().map(Ok))))
    }
}

async fn read(db: &Database, targets: &[Target]) -> Result<Vec<Option<Item>>, Error> {
    let mut rounds = Rounds::new(db, targets, None);
    let mut found = rounds.read().await?;
    if rounds.is_one_moment() {
        return Ok(found);
    }
    loop {
        rounds.put_first(|position| !has_nonce(found[position].as_ref()));
        // What moved is not enough to read again: the others may have moved since.
        let again = rounds.read().await?;
        if again == found {
            rounds.require_proof()?;
            return Ok(found);
        }
        found = again;
        rounds.pause().await?;
    }
}

fn has_nonce(item: Option<&Item>) -> bool {
    item.is_some_and(|item| item.contains(WRITE_ATTRIBUTE))
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("items", &self.wanted.len()).finish_non_exhaustive()
    }
}
