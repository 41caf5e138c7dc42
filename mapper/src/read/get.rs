//! GetItem.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;

use super::BoxFuture;
use super::expired::unexpired;
use crate::cache::Kept;
use crate::codec::EncodeError;
use crate::database::get_request;
use crate::decode::decode;
use crate::error::Error;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::{Expires, Model};
use crate::reader::Reader;

/// A read of one item; from [`Model::get`]. `.await` it.
///
/// ```
/// # use std::time::Duration;
/// # use dynamap::{Database, Item, Model, Table, Ttl};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "sessions", validate = false)]
/// # struct Session { #[model(hash_key)] user: u32, #[model(range_key)] number: u32, #[model(ttl)] until: Ttl }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Session>::create(&db).await?;
/// Session { user: 1, number: 1, until: Ttl::after(Duration::from_hours(1)) }.insert(&db).await?;
/// Session { user: 1, number: 2, until: Ttl::from_epoch_seconds(1) }.insert(&db).await?;
/// assert!(Session::get(&db, (1, 1)).consistent().skip_expired().await?.is_some());
/// assert!(Session::get(&db, (1, 2)).skip_expired().await?.is_none()); // over, and not deleted yet
/// assert!(Session::get(&db, (1, 2)).uncached().await?.is_some());
///
/// let answer = Session::get(&db, (1, 1)).into_sdk()?.send().await?;
/// let item = Item::from(answer.item.expect("there"));
/// assert_eq!(Session::decode(item)?.number, 1);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: GetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html)
#[must_use = "a read does nothing until it is awaited"]
pub struct Get<'a, R, M> {
    reader: &'a R,
    key: Result<Key, EncodeError>,
    consistent: bool,
    kept: Kept,
    skip_expired: bool,
    model: PhantomData<fn() -> M>,
}

impl<'a, R: Reader, M: Model> Get<'a, R, M> {
    pub(crate) fn new(reader: &'a R, key: Result<Key, EncodeError>) -> Self {
        Self {
            reader,
            key,
            consistent: false,
            kept: Kept::default(),
            skip_expired: false,
            model: PhantomData,
        }
    }

    /// Sees every write that was acknowledged before; costs twice as much.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// Takes the item from the database's cache where it was put there less than so long ago, by the database's clock,
    /// and else puts it there for so long; whatever is set for the model. A consistent read, and one in a transaction,
    /// does not.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dynamap::{Caching, Database, Model, Table, cache::Memory};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = dynamap::embedded::memory()?;
    /// let db = Database::builder(client).cache(Caching::new(Memory::new(1 << 20))).build();
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 5, version: 0 }.insert(&Database::new(db.client().clone())).await?;
    /// let (metered, meter) = db.metered();
    /// for _ in 0..3 {
    ///     Account::get(&metered, 1).cached_for(Duration::from_secs(60)).await?;
    /// }
    /// assert_eq!(meter.capacity().of::<Account>(&db).requests, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cached_for(mut self, live: Duration) -> Self {
        self.kept = Kept::For(live);
        self
    }

    /// Asks the store, whatever is set for the model.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dynamap::{Caching, Database, Model, Table, cache::Memory};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = dynamap::embedded::memory()?;
    /// # let other = Database::new(client.clone());
    /// # Table::<Account>::create(&other).await?;
    /// # Account { id: 1, balance: 5, version: 0 }.insert(&other).await?;
    /// let caching = Caching::new(Memory::new(1 << 20)).model::<Account>(Duration::from_secs(60));
    /// let db = Database::builder(client).cache(caching).build();
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5);
    /// Account::update(&other, 1).add(Account::BALANCE, 1).await?; // a program that knows nothing of this cache
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5);
    /// assert_eq!(Account::get(&db, 1).uncached().await?.expect("there").balance, 6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn uncached(mut self) -> Self {
        self.kept = Kept::Not;
        self
    }

    /// Reads an item whose time to live is over, by the database's clock, as absent. The service deletes it up to days
    /// later.
    pub fn skip_expired(mut self) -> Self
    where
        M: Expires,
    {
        self.skip_expired = true;
        self
    }

    /// The request as a builder of the SDK, to be changed and sent by the program; its item is read by
    /// [`Model::decode`]. What a transaction has written is not in it.
    ///
    /// # Errors
    /// `Encode` where the key cannot be stored.
    pub fn into_sdk(self) -> Result<GetItemFluentBuilder, Error> {
        let key = self.key.map_err(|error| Error::encode(M::layout(), error))?;
        let db = self.reader.database();
        Ok(get_request(db.client(), &db.table_name(M::layout()), &key, self.consistent))
    }
}

impl<'a, R: Reader, M: Model> IntoFuture for Get<'a, R, M> {
    type Output = Result<Option<Loaded<M>>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let layout = M::layout();
            let key = self.key.map_err(|error| Error::encode(layout, error))?;
            let db = self.reader.database();
            let live = self.kept.live(db, layout).filter(|_| !self.consistent);
            let item = match live {
                Some(live) => self.reader.read_cached(layout, &key, live).await?,
                None => self.reader.read_item(layout, &key, self.consistent).await?,
            };
            let table = db.table_name(layout);
            let found: Option<Loaded<M>> =
                item.map(|item| decode(&table, &key, item)).transpose()?;
            let wanted = |found: &Loaded<M>| {
                !self.skip_expired || unexpired(db, layout).holds(found.current())
            };
            match found.filter(wanted) {
                // What a transaction reads is written at its commit, if at all.
                Some(found) if self.reader.overlay().is_none() => {
                    Ok(Some(db.written_back(found).await))
                }
                found => Ok(found),
            }
        })
    }
}

impl<R, M> fmt::Debug for Get<'_, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("key", &self.key).finish_non_exhaustive()
    }
}
