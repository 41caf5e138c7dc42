//! What became of the changes of a session.

use std::collections::HashMap;

use dynamap_mapper::error::Target;
use dynamap_mapper::{Error, Item, Loaded, Model};

use crate::receipt::{Handle, Receipt};

/// What a [flush](super::Session::flush) has written, and what not; what was not written is still to be written.
///
/// ```
/// # use dynamap::{Database, Error, Model, Session, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in 1..=2 { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let mut session = Session::of(&db);
/// let (mut one, mut two) = (Account::get(&session, 1).await?.expect("there"), Account::get(&session, 2).await?.expect("there"));
/// (one.balance, two.balance) = (70, 130);
/// let (one, two) = (session.save(one)?, session.save(two)?);
/// Account::update(&db, 2).add(Account::BALANCE, 5).await?; // somebody else
///
/// let flushed = session.flush().await;
/// assert_eq!((flushed.written(), flushed.failures().len()), (1, 1));
/// assert!(flushed.failure(&one).is_none());
/// assert!(flushed.failure(&two).is_some_and(Error::is_conflict));
/// assert_eq!(flushed.take(one)?.balance, 70);
/// assert!(flushed.into_result().is_err_and(|error| error.is_conflict()));
/// assert_eq!(session.dirty(), 1); // the second one, for the next flush
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "some changes may not have been written"]
pub struct Flushed {
    receipt: Receipt,
    failures: Vec<Unflushed>,
}

/// Changes that were not written, as far as is known: one, or those of a transaction.
///
/// ```
/// # use dynamap::{Database, Error, Model, Session, Table, Unflushed};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in 1..=2 { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let mut session = Session::of(&db);
/// let (mut one, mut two) = (Account::get(&session, 1).await?.expect("there"), Account::get(&session, 2).await?.expect("there"));
/// (one.balance, two.balance) = (70, 130);
/// let (one, two) = (session.save(one)?, session.save(two)?);
/// Account::update(&db, 2).add(Account::BALANCE, 5).await?; // somebody else
///
/// for Unflushed { items, error, .. } in session.flush().await.failures() {
///     assert_eq!(items[0].table, "accounts");
///     let Error::Conflict(conflict) = error else { panic!("{error}") };
///     let now = conflict.failures()[0].stored::<Account>()?.expect("it is there");
///     assert_eq!(now.balance, 105);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Unflushed {
    /// The items; none for a new one whose key could not be taken.
    pub items: Vec<Target>,
    /// Why. A conflict holds the item as it is now. An insert whose id from a counter is taken waits for another one,
    /// which the next flush takes: do not insert it again, or [refresh](super::Session::refresh) the key that is taken
    /// before, which gives it up. After [`Error::OutcomeUnknown`] they may have been written; the next flush is a conflict
    /// then, and does not send new items before they are refreshed.
    pub error: Error,
    /// The number of an insert that has no key yet.
    pub(super) number: Option<usize>,
}

impl Flushed {
    pub(super) fn new(
        items: HashMap<Target, Option<Item>>,
        inserted: HashMap<usize, Target>,
        failures: Vec<Unflushed>,
    ) -> Self {
        Self { receipt: Receipt { items, inserted, replay: false }, failures }
    }

    /// How many items were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.receipt.items.len()
    }

    /// What was not written.
    #[must_use]
    pub fn failures(&self) -> &[Unflushed] {
        &self.failures
    }

    /// Why the item of a verb was not written; `None` where it was.
    #[must_use]
    pub fn failure<M: Model>(&self, handle: &Handle<M>) -> Option<&Error> {
        let target = handle.target.as_ref().or_else(|| self.receipt.inserted.get(&handle.number));
        let is_it = |unflushed: &&Unflushed| {
            unflushed.number == Some(handle.number)
                || target.is_some_and(|target| unflushed.items.contains(target))
        };
        self.failures.iter().find(is_it).map(|unflushed| &unflushed.error)
    }

    /// The item of a verb as it is stored now: ready to be changed and saved again.
    ///
    /// # Errors
    /// [`Error::Usage`] where this flush has not written it, or has deleted it. A decode error says that the item does
    /// not read back as an `M`; it is written all the same.
    pub fn take<M: Model>(&self, handle: Handle<M>) -> Result<Loaded<M>, Error> {
        if self.failure(&handle).is_some() {
            return Err(Error::Usage("the item was not written: `failure` tells why"));
        }
        self.receipt.take(handle)
    }

    /// What was written, where that is everything.
    ///
    /// # Errors
    /// The first failure.
    pub fn into_result(self) -> Result<Receipt, Error> {
        match self.failures.into_iter().next() {
            None => Ok(self.receipt),
            Some(unflushed) => Err(unflushed.error),
        }
    }
}
