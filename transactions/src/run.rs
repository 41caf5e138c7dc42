//! Doing work in a transaction, again if somebody else was first.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use dynamap_mapper::error::{Reason, Target};
use dynamap_mapper::{Database, Error, back_off};

use crate::transaction::Transaction;

/// How often the work is done at most, unless [`Run::attempts`] says otherwise.
const ATTEMPTS: u32 = 10;

/// Work that is done in a transaction; from [`Transaction::run`]. `.await` it.
#[must_use = "nothing runs until this is awaited"]
pub struct Run<'a, F> {
    db: &'a Database,
    body: F,
    attempts: u32,
}

impl<'a, F> Run<'a, F> {
    pub(crate) fn new(db: &'a Database, body: F) -> Self {
        Self { db, body, attempts: ATTEMPTS }
    }

    /// How often the work is done at most; 10 by default, never less than once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }
}

/// Why work in a transaction had no effect, or possibly had one.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError<E> {
    /// The work itself returned an error: everything was rolled back.
    Aborted(E),
    /// The commit failed, also when the work was done again. Nothing was written, unless the error is
    /// [`Error::OutcomeUnknown`].
    Failed(Error),
}

impl<E: fmt::Display> fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted(error) => write!(f, "rolled back: {error}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for RunError<E> {}

impl<'a, T, E, F, Fut> IntoFuture for Run<'a, F>
where
    F: FnMut(Transaction) -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    T: Send + 'a,
    E: Send + 'a,
{
    type Output = Result<T, RunError<E>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut attempt = 1;
            loop {
                let tx = Transaction::begin(self.db);
                let value = (self.body)(tx.clone()).await.map_err(RunError::Aborted)?;
                match tx.clone().commit().await {
                    Ok(_) => return Ok(value),
                    Err(error) if attempt < self.attempts && curable(&tx, &error) => {
                        back_off(self.db, attempt).await;
                        attempt += 1;
                    }
                    Err(error) => return Err(RunError::Failed(error)),
                }
            }
        })
    }
}

/// Whether doing the work again can succeed.
///
/// An insert of a key that is taken fails again, unless the work read the key, found nothing, and may decide otherwise.
fn curable(tx: &Transaction, error: &Error) -> bool {
    let Error::Conflict(conflict) = error else { return false };
    let reads = tx.reads();
    conflict.failures().iter().all(|failure| match failure.reason() {
        Reason::Changed { .. } | Reason::Deleted | Reason::Recreated => true,
        Reason::AlreadyExists => {
            let target = Target { table: failure.table().to_owned(), key: failure.key().clone() };
            reads.contains_key(&target)
        }
        _ => false,
    })
}

impl<F> fmt::Debug for Run<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
