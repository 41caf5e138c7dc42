//! What items are read through: the database itself, or a transaction or session that overlays it.

use std::future::Future;
use std::time::Duration;

use crate::database::Database;
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::read::Region;

/// Where [`Model::get`](crate::Model::get), [`query`](crate::Model::query) and [`scan`](crate::Model::scan) read: a
/// [`Database`], a transaction, a session, or [`Coalesced`](crate::Coalesced).
///
/// ```
/// # use dynamap::{Database, Model, Table, Transaction};
/// use dynamap::{Error, Reader};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// async fn balance<R: Reader>(reader: &R, id: u64) -> Result<i64, Error> {
///     Ok(Account::get(reader, id).await?.map_or(0, |account| account.balance))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let tx = Transaction::begin(&db);
/// tx.insert(Account { id: 1, balance: 5 })?;
/// assert_eq!((balance(&tx, 1).await?, balance(&db, 1).await?), (5, 0)); // nothing is sent before the commit
/// assert!(tx.database().is_same(&db));
///
/// // The item itself, as it is stored:
/// Account { id: 2, balance: 7 }.insert(&db).await?;
/// let key = Account::encode_key(2)?;
/// let item = db.read_item(Account::layout(), &key, true).await?.expect("there");
/// assert_eq!(item.read::<i64>("balance")?, 7);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "items are read through a `Database`, a `Transaction` or a `Session`, not `{Self}`",
    note = "pass `&db`, `&tx` or `&session`, or a `Coalesced` that merges reads"
)]
pub trait Reader: Send + Sync {
    /// The database below.
    fn database(&self) -> &Database;

    /// The item with this key as it is stored, or as a transaction or a session knows it; `None` where there is none.
    ///
    /// # Errors
    /// What the service says; in a transaction that is finished, [`Error::Usage`].
    fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        consistent: bool,
    ) -> impl Future<Output = Result<Option<Item>, Error>> + Send;

    /// The stored item with this key, eventually consistent, which is put into the cache for so long, or a copy of it that
    /// was put there less than so long ago. A reader without a cache, such as a transaction, reads the item itself.
    #[doc(hidden)]
    fn read_cached(
        &self,
        layout: &'static Layout,
        key: &Key,
        live: Duration,
    ) -> impl Future<Output = Result<Option<Item>, Error>> + Send {
        let _ = live;
        self.read_item(layout, key, false)
    }

    /// What is known about items besides what the store says; `None` for the store itself.
    #[doc(hidden)]
    fn overlay(&self) -> Option<&dyn Overlay> {
        None
    }
}

/// What an [`Index`](crate::Index) is read through: the database itself.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Error, IndexReader};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, day: String }
///
/// async fn orders<R: IndexReader>(reader: &R, day: &str) -> Result<usize, Error> {
///     Order::BY_DAY.query(reader, day).count().await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Order>::create(&db).await?;
/// Order { id: 1, day: "2026-11-21".into() }.insert(&db).await?;
/// assert_eq!(orders(&db, "2026-11-21").await?, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an index is read through a `Database`, not `{Self}`",
    note = "an index does not see what a transaction has written: find with `&db`, then read by key in the transaction what the index found, as `Order::get(&tx, found.id)`"
)]
pub trait IndexReader: Reader {}

impl IndexReader for Database {}

/// What a transaction or a session knows about items: it counts more than what the store says.
#[doc(hidden)]
pub trait Overlay: Send + Sync {
    /// The item with this key, where it is known: `Some(None)` for one that is known to be absent.
    ///
    /// # Errors
    /// [`Error::Usage`] where the transaction is finished.
    fn find(&self, table: &str, key: &Key) -> Result<Option<Option<Item>>, Error>;

    /// Every item of a table that is known and whose key is wanted; `None` for one that is known to be absent.
    ///
    /// # Errors
    /// [`Error::Usage`] where the transaction is finished.
    fn known(&self, table: &str, wanted: &dyn Fn(&Key) -> bool) -> Result<Known, Error>;

    /// Whether every item in a part of a table is known, so that the store is not asked.
    fn covers(&self, region: &Region) -> bool;

    /// Takes note of an item that the store returned, or of its absence; a transaction checks it at commit.
    ///
    /// # Errors
    /// [`Error::Usage`] where the transaction is finished.
    fn note(&self, layout: &'static Layout, key: &Key, item: Option<&Item>)
    -> Result<Noted, Error>;
}

/// The items that a transaction or a session knows, each once.
#[doc(hidden)]
pub type Known = Vec<(Key, Option<Item>)>;

/// Whether an item was known before it was noted.
#[doc(hidden)]
#[derive(Debug)]
pub enum Noted {
    /// It is known from now on.
    First,
    /// It was: this is what the reader sees.
    Before(Option<Item>),
}
