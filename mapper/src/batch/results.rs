//! The results of a batch: of many types, each found by the slot that tells its type.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Error;

/// The result of an operation, of whichever type.
pub(super) struct Outcome {
    pub(super) is_failed: bool,
    /// A `Result<T, Error>`, where `T` is the type of the slot.
    value: Box<dyn Any + Send>,
}

impl Outcome {
    pub(super) fn of<T: Send + 'static>(result: Result<T, Error>) -> Self {
        Self { is_failed: result.is_err(), value: Box::new(result) }
    }

    pub(super) fn fail<T: Send + 'static>(error: Error) -> Self {
        Self::of::<T>(Err(error))
    }
}

/// What tells the slots of one batch from those of others.
pub(super) type BatchId = Arc<()>;

/// One operation of a [`Batch`](crate::Batch) with a result of type `T`; finds it in the [`BatchResults`].
///
/// ```
/// # use dynamap::{Batch, BatchSlot, Database, Loaded, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 2, balance: 5, version: 0 }.insert(&db).await?;
/// let mut batch = Batch::of(&db);
/// let slots: Vec<BatchSlot<Option<Loaded<Account>>>> = (1..=3).map(|id| batch.get::<Account>(id)).collect();
/// let mut results = batch.run().await;
/// let mut found = Vec::new();
/// for slot in slots {
///     found.extend(results.take(slot)?.map(|account| account.id));
/// }
/// assert_eq!(found, [2]);
/// # Ok(())
/// # }
/// ```
#[must_use = "its result is found by it"]
pub struct BatchSlot<T> {
    id: BatchId,
    number: usize,
    result: PhantomData<fn() -> T>,
}

impl<T> BatchSlot<T> {
    pub(super) fn new(id: &BatchId, number: usize) -> Self {
        Self { id: id.clone(), number, result: PhantomData }
    }
}

/// What became of the operations of a [`Batch`](crate::Batch).
///
/// ```
/// # use dynamap::{Batch, Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let mut batch = Batch::of(&db);
/// let spent = batch.add(Account::update(&db, 1).add(Account::BALANCE, -50).when(Account::BALANCE.ge(50)));
/// let after = batch.get::<Account>(1);
/// let other = batch.add(Account { id: 2, balance: 0, version: 0 }.insert(&db));
/// let mut results = batch.run().await;
/// assert!(results.take(spent).is_err_and(|error| error.is_conflict()));
/// assert!(matches!(results.take(after), Err(Error::NotDone(_)))); // behind what failed, on the same item
/// assert_eq!(results.take(other)?.id, 2);
/// # Ok(())
/// # }
/// ```
#[must_use = "each operation may have failed"]
pub struct BatchResults {
    id: BatchId,
    results: Vec<Option<Outcome>>,
}

impl BatchResults {
    pub(super) fn new(id: BatchId, results: Vec<Option<Outcome>>) -> Self {
        Self { id, results }
    }

    /// The result of an operation.
    ///
    /// # Errors
    /// Those of the verb. [`Error::NotDone`] where an operation before it on the same item failed; [`Error::Usage`] for a
    /// slot of another batch.
    #[expect(clippy::needless_pass_by_value, reason = "a result is taken once")]
    pub fn take<T: Send + 'static>(&mut self, slot: BatchSlot<T>) -> Result<T, Error> {
        let own = Arc::ptr_eq(&self.id, &slot.id);
        let outcome = self.results.get_mut(slot.number).filter(|_| own).and_then(Option::take);
        let result = outcome.map(|outcome| outcome.value.downcast::<Result<T, Error>>());
        match result {
            Some(Ok(result)) => *result,
            _ => Err(Error::Usage("the slot is of another batch: take it from that one")),
        }
    }
}

impl<T> fmt::Debug for BatchSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSlot").field("number", &self.number).finish_non_exhaustive()
    }
}

impl fmt::Debug for BatchResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.results.iter().flatten().filter(|outcome| outcome.is_failed).count();
        f.debug_struct("BatchResults")
            .field("operations", &self.results.len())
            .field("failed", &failed)
            .finish_non_exhaustive()
    }
}
