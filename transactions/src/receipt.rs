//! Handles on the writes of a transaction or a session, and what a commit or a flush left.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use dynamap_mapper::error::{Failure, Target};
use dynamap_mapper::{Error, Item, Loaded, Model, decode};

/// One write of a transaction or a session: finds its result in the [`Receipt`], or its failure in an error.
///
/// ```
/// # use dynamap::{Database, Model, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// use dynamap::error::Reason;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in 1..=2 { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let tx = Transaction::begin(&db);
/// let (one, two) = (Account::get(&tx, 1).await?.expect("there"), Account::get(&tx, 2).await?.expect("there"));
/// let (one, two) = (tx.delete(one)?, tx.delete(two)?);
/// Account::update(&db, 2).add(Account::BALANCE, 5).await?; // somebody else
/// let error = tx.commit().await.expect_err("a conflict");
/// assert!(one.failure(&error).is_none());
/// let failure = two.failure(&error).expect("it was changed");
/// assert_eq!(*failure.reason(), Reason::Changed { expected: Some(1), actual: Some(2) });
/// # Ok(())
/// # }
/// ```
pub struct Handle<M> {
    pub(crate) number: usize,
    /// Absent while an auto-increment key is not yet taken.
    pub(crate) target: Option<Target>,
    pub(crate) model: PhantomData<fn() -> M>,
}

impl<M: Model> Handle<M> {
    /// Why this write's item made a commit fail; `None` where it did not.
    #[must_use]
    pub fn failure<'e>(&self, error: &'e Error) -> Option<&'e Failure> {
        let failures = match error {
            Error::Conflict(conflict) => conflict.failures(),
            Error::Busy(busy) => &busy.failures,
            _ => return None,
        };
        failures.iter().find(|failure| match &self.target {
            Some(target) => failure.table() == target.table && *failure.key() == target.key,
            None => failure.target() == self.number,
        })
    }
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { number: self.number, target: self.target.clone(), model: PhantomData }
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("target", &self.target).finish_non_exhaustive()
    }
}

/// What a committed transaction, or a session, left in the store.
///
/// ```
/// # use dynamap::{Database, Model, Record, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// for is_replay in [false, true] {
///     // The second time as another process would do it, after a crash of this one.
///     let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
///     let account = tx.insert(Account { id: 1, balance: 100, version: 0 })?;
///     let receipt = tx.commit().await?;
///     assert_eq!(receipt.is_replay(), is_replay);
///     if is_replay {
///         assert!(receipt.take(account).is_err()); // this one has written nothing
///     } else {
///         let mut account = receipt.take(account)?;
///         account.balance += 1;
///         account.save(&db).await?;
///     }
/// }
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 101);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Receipt {
    pub(crate) items: HashMap<Target, Option<Item>>,
    /// The keys that inserts with an auto-increment key were given.
    pub(crate) inserted: HashMap<usize, Target>,
    pub(crate) replay: bool,
}

impl Receipt {
    /// Whether a transaction with this idempotency key was committed before, so that this one wrote nothing. Then there
    /// are no items to take.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.replay
    }

    /// The item of a write, as it is stored now: ready to be changed and saved again.
    ///
    /// # Errors
    /// [`Error::Usage`] where the item was deleted later in the transaction, or the handle is that of a nested
    /// transaction that was rolled back, or of another transaction. A decode error says that the committed item does
    /// not read back as an `M`; it is committed all the same.
    #[expect(clippy::needless_pass_by_value, reason = "a result is taken once")]
    pub fn take<M: Model>(&self, handle: Handle<M>) -> Result<Loaded<M>, Error> {
        let target = handle.target.as_ref().or_else(|| self.inserted.get(&handle.number));
        let stored = target.and_then(|t| Some((t, self.items.get(t)?.as_ref()?)));
        let Some((target, item)) = stored else {
            return Err(Error::Usage(
                "the handle has no item in this receipt: it was deleted, rolled back, only checked, or written by key \
                 without being read; or the receipt is a replay, or of another transaction",
            ));
        };
        decode(&target.table, &target.key, item.clone())
    }
}
