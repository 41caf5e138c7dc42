//! What a write by key brings back, as a type.
//!
//! It is the last parameter of [`Update`](crate::Update) and [`DeleteByKey`](crate::DeleteByKey), for a program that names
//! the type of one: a function that returns it, a field that holds it.
//!
//! ```
//! # use dynamap::{Database, Model, Table};
//! use dynamap::{Update, returns};
//!
//! # #[derive(Debug, Clone, Model)]
//! # #[model(table = "accounts", validate = false)]
//! # struct Account { #[model(hash_key)] id: u64, balance: i64 }
//! fn deposit(db: &Database, id: u64, amount: i64) -> Update<'_, Account, returns::New> {
//!     Account::update(db, id).add(Account::BALANCE, amount).returning_new()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Database::new(dynamap::embedded::memory()?);
//! # Table::<Account>::create(&db).await?;
//! # Account { id: 1, balance: 5 }.insert(&db).await?;
//! assert_eq!(deposit(&db, 1, 10).await?.balance, 15);
//! # Ok(())
//! # }
//! ```

use super::plan::Returns;
use crate::decode::decode;
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::Model;

/// What a write by key brings back, as a type. It is sealed.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::returns::Return;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// /// Of an update that nobody has awaited yet, whatever it brings back.
/// async fn without_debts<R: Return>(
///     update: dynamap::Update<'_, Account, R>,
/// ) -> Result<R::Of<Account>, dynamap::Error> {
///     update.when(Account::BALANCE.ge(0)).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5 }.insert(&db).await?;
/// let update = Account::update(&db, 1).add(Account::BALANCE, 10);
/// assert_eq!(without_debts(update.returning_new()).await?.balance, 15);
/// # Ok(())
/// # }
/// ```
pub trait Return: Send + 'static {
    /// The result of the write.
    type Of<M: Model>: Send + 'static;
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed by it")]
    const RETURNS: Returns;
    /// Whether the write is sent with a token.
    #[doc(hidden)]
    const ONCE: bool = false;
    #[doc(hidden)]
    fn read<M: Model>(table: &str, key: &Key, item: Option<Item>) -> Result<Self::Of<M>, Error>;
}

/// Nothing but that it was made.
///
/// ```
/// # use dynamap::{Database, Model};
/// use dynamap::{Update, returns};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # let db = Database::new(dynamap::embedded::memory()?);
/// // The default, which need not be written.
/// let update: Update<'_, Account, returns::Nothing> = Account::update(&db, 1);
/// let update: Update<'_, Account> = update;
/// assert!(update.add(Account::BALANCE, 1).into_sdk().is_ok());
/// # Ok::<(), dynamap::embedded::OpenError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

/// Nothing but that it was made, and that exactly once.
///
/// ```
/// # use dynamap::{Database, Error, Model};
/// use dynamap::{DeleteByKey, returns};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// # let db = Database::new(dynamap::embedded::memory()?);
/// let delete: DeleteByKey<'_, Account, returns::Once> = Account::delete(&db, 1).exactly_once();
/// assert!(matches!(delete.into_sdk(), Err(Error::Usage(_)))); // it is a transaction
/// # Ok::<(), dynamap::embedded::OpenError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Once;

/// The item as it is now.
///
/// ```
/// use dynamap::{Loaded, Model, returns::{New, Return}};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// fn id(account: <New as Return>::Of<Account>) -> u64 {
///     account.id
/// }
///
/// let of_loaded: fn(Loaded<Account>) -> u64 = id;
/// # let _ = of_loaded;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct New;

/// The item as it was before; `None` where there was none.
///
/// ```
/// use dynamap::{Loaded, Model, returns::{Old, Return}};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// fn was_there(account: <Old as Return>::Of<Account>) -> bool {
///     account.is_some()
/// }
///
/// let of_loaded: fn(Option<Loaded<Account>>) -> bool = was_there;
/// assert!(!of_loaded(None));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Old;

impl Return for Nothing {
    type Of<M: Model> = ();
    #[allow(private_interfaces, reason = "sealed by it")]
    const RETURNS: Returns = Returns::Nothing;
    fn read<M: Model>(_: &str, _: &Key, _: Option<Item>) -> Result<(), Error> {
        Ok(())
    }
}

impl Return for Once {
    type Of<M: Model> = ();
    #[allow(private_interfaces, reason = "sealed by it")]
    const RETURNS: Returns = Returns::Nothing;
    const ONCE: bool = true;
    fn read<M: Model>(_: &str, _: &Key, _: Option<Item>) -> Result<(), Error> {
        Ok(())
    }
}

impl Return for New {
    type Of<M: Model> = Loaded<M>;
    #[allow(private_interfaces, reason = "sealed by it")]
    const RETURNS: Returns = Returns::New;
    fn read<M: Model>(table: &str, key: &Key, item: Option<Item>) -> Result<Loaded<M>, Error> {
        decode(table, key, item.unwrap_or_default())
    }
}

impl Return for Old {
    type Of<M: Model> = Option<Loaded<M>>;
    #[allow(private_interfaces, reason = "sealed by it")]
    const RETURNS: Returns = Returns::Old;
    fn read<M: Model>(
        table: &str,
        key: &Key,
        item: Option<Item>,
    ) -> Result<Option<Loaded<M>>, Error> {
        item.map(|item| decode(table, key, item)).transpose()
    }
}
