//! Handles on the writes of a transaction or a session, and what a commit or a flush left.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use dynamap_mapper::error::{Failure, Target};
use dynamap_mapper::{Error, Item, Loaded, Model, decode};

/// One write of a transaction or a session: finds its result in the [`Receipt`], or its failure in an error.
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
