//! Many items of any models by key, each as it is when its request is answered.

use std::fmt;
use std::time::Duration;

use super::keys::read_cached;
use crate::cache::Kept;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::model::Model;
use crate::read::{FoundItems, ItemSlot, Wanted};
use crate::reader::{Noted, Overlay, Reader};
use crate::reference::Ref;

/// A read of many items by key, of any models, 100 in one request: cheaper in time than one by one, and at the same
/// price. Through the database, a transaction or a session.
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
/// Where the items come from is said for all of them:
///
/// ```
/// use std::time::Duration;
/// # use dynamap::{Caching, Database, Error, Gets, Model, Ref, Table, cache::Memory};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, name: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, customer: Ref<Customer> }
/// async fn name_on(order: &Order, mut gets: Gets<'_>) -> Result<Option<String>, Error> {
///     let customer = gets.follow(&order.customer);
///     Ok(gets.read().await?.take(customer)?.map(|customer| customer.name.clone()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = dynamap::embedded::memory()?;
/// # let db = Database::new(client.clone());
/// # Table::<Customer>::create(&db).await?;
/// # Table::<Order>::create(&db).await?;
/// # Customer { id: 7, name: "Ann".into() }.insert(&db).await?;
/// # let order = Order { id: 1, customer: Ref::to(7)? }.insert(&db).await?;
/// let db = Database::builder(client).cache(Caching::new(Memory::new(1 << 20))).build();
/// let (metered, meter) = db.metered();
/// let minute = Duration::from_secs(60);
/// for (gets, units) in [
///     (Gets::of(&metered).cached_for(minute), 0.5), // from the table, and into the cache
///     (Gets::of(&metered).cached_for(minute), 0.0),
///     (Gets::of(&metered).uncached(), 0.5),
///     (Gets::of(&metered).consistent(), 1.0),
/// ] {
///     assert_eq!(name_on(&order, gets).await?.as_deref(), Some("Ann"));
///     assert_eq!(meter.take().total().read, units);
/// }
/// # Ok(())
/// # }
/// ```
///
/// [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)
#[must_use = "a batch reads nothing until it is asked to"]
pub struct Gets<'a> {
    db: &'a Database,
    /// What a transaction or a session knows; it counts more than what the store says.
    overlay: Option<&'a dyn Overlay>,
    wanted: Wanted,
    consistent: bool,
    kept: Kept,
}

impl<'a> Gets<'a> {
    /// A read of no items yet.
    pub fn of<R: Reader>(reader: &'a R) -> Self {
        let overlay = reader.overlay();
        let (db, wanted) = (reader.database(), Wanted::default());
        Self { db, overlay, wanted, consistent: overlay.is_some(), kept: Kept::default() }
    }

    /// Asks for an item. Nothing is sent. An item that is asked for twice is read once.
    pub fn get<M: Model>(&mut self, key: M::KeyRef<'_>) -> ItemSlot<M> {
        self.wanted.get(self.db, M::encode_key(key))
    }

    /// Asks for the item that a reference names, as [`get`](Self::get) does.
    pub fn follow<M: Model>(&mut self, reference: &Ref<M>) -> ItemSlot<M> {
        self.wanted.get(self.db, Ok(reference.key().clone()))
    }

    /// Sees every write that was acknowledged before; costs twice as much.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// Takes from the database's cache what was put there less than so long ago, by the database's clock, and puts what
    /// is read there for so long; whatever is set for the models. Consistent reads do not.
    pub fn cached_for(mut self, live: Duration) -> Self {
        self.kept = Kept::For(live);
        self
    }

    /// Asks the store for all items, whatever is set for their models.
    pub fn uncached(mut self) -> Self {
        self.kept = Kept::Not;
        self
    }

    /// Reads all items, in requests of 100 keys, up to 8 of them at once. In a transaction or a session those that it
    /// knows are as it knows them, and are not asked for; the others are known from then on.
    ///
    /// What the service leaves unprocessed is asked for again at once, in full requests: one answer holds 16 MB at
    /// most. A request of which nothing was processed, or that is throttled, is sent again after a pause, until the
    /// deadline of the database, which begins anew with what a request leaves that got on. What then still has no answer
    /// is in [`FoundItems::leftovers`], as is an item that the service refuses to read; what was found is there all the
    /// same. Dropping the future has no effect on the tables.
    ///
    /// # Errors
    /// `Encode` for a key that cannot be stored, before anything is sent. In a transaction that is finished, `Usage`.
    pub async fn read(self) -> Result<FoundItems, Error> {
        let (db, consistent, kept) = (self.db, self.consistent, self.kept);
        let (mut items, mut unknown) = (Vec::new(), Vec::new());
        for asked in self.wanted.into_asked()? {
            let (Target { table, key }, _) = &asked;
            match self.overlay.map(|overlay| overlay.find(table, key)).transpose()?.flatten() {
                Some(known) => items.push((asked.0, Ok(known))),
                None => unknown.push(asked),
            }
        }
        let found = read_cached(db, unknown.clone(), consistent, kept).await;
        for ((target, layout), mut item) in unknown.into_iter().zip(found) {
            if let (Some(overlay), Ok(found)) = (self.overlay, &mut item)
                && let Noted::Before(now) = overlay.note(layout, &target.key, found.as_ref())?
            {
                // Read or written by the same reader while this was under way.
                *found = now;
            }
            items.push((target, item));
        }
        Ok(FoundItems::new(items))
    }
}

impl fmt::Debug for Gets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gets").field("items", &self.wanted.len()).finish_non_exhaustive()
    }
}
