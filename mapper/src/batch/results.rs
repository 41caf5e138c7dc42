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
