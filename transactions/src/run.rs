//! Doing work in a transaction, again if somebody else was first.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use dynamap_mapper::error::{Failure, Reason, Target};
use dynamap_mapper::{Database, Error, back_off};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::commit::{Committed, Failed, decide};
use crate::options::{Isolation, Options};
use crate::record::{Marker, Record, TransactionRecord};
use crate::transaction::Transaction;

/// How often the work is done at most, unless [`Run::attempts`] says otherwise.
const ATTEMPTS: u32 = 10;

/// Work that is done in a transaction; from [`Transaction::run`]. `.await` it.
///
/// `R` is [`Transient`], or [`Recorded`] after [`recorded`](Run::recorded).
///
/// ```
/// # use dynamap::{Database, Error, Isolation, Model, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # use std::{sync::atomic::{AtomicU32, Ordering::Relaxed}, time::Duration};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
/// let (db, times) = (&db, &AtomicU32::new(0));
/// let left = Transaction::run(db, |tx| async move {
///     let mut account = Account::get(&tx, 1).await?.expect("there");
///     if times.fetch_add(1, Relaxed) == 0 {
///         Account::update(db, 1).add(Account::BALANCE, 5).await?; // somebody else, the first time
///     }
///     account.balance -= 30;
///     let left = account.balance;
///     tx.save(account)?;
///     Ok::<_, Error>(left)
/// })
/// .attempts(3)
/// .isolation(Isolation::WriteConflict)
/// .deadline(Duration::from_secs(10))
/// .await?;
/// assert_eq!((left, times.load(Relaxed)), (75, 2));
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing runs until this is awaited"]
pub struct Run<'a, F, R = Transient> {
    db: &'a Database,
    body: F,
    attempts: u32,
    options: Options,
    kind: PhantomData<fn() -> R>,
}

/// A transaction that leaves nothing but its writes.
///
/// ```
/// # use dynamap::{Database, Loaded, Model, Run, Table, Transaction, Transient};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
/// let run: Run<'_, _, Transient> =
///     Transaction::run(&db, |tx| async move { Account::get(&tx, 1).await });
/// // It may return what is no JSON, such as a loaded item.
/// let mut account: Loaded<Account> = run.await?.expect("there");
/// account.balance += 1;
/// account.save(&db).await?;
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 101);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Transient;

/// A transaction that stores a record, with the result of the work as JSON.
///
/// ```
/// # use dynamap::{Database, Error, Model, Record, Recorded, Run, RunError, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// /// For work with money: it takes nothing but recorded work.
/// async fn logged<'a, F, W>(work: Run<'a, F, Recorded>) -> Result<i64, RunError<Error>>
/// where
///     F: FnMut(Transaction) -> W + Send + 'a,
///     W: Future<Output = Result<i64, Error>> + Send + 'a,
/// {
///     work.await
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// let paid = logged(
///     Transaction::run(&db, |tx| async move {
///         tx.insert(Account { id: 1, balance: 70, version: 0 })?;
///         Ok(70)
///     })
///     .recorded(Record::with_key("order-42")),
/// );
/// assert_eq!(paid.await?, 70);
/// let record = TransactionRecord::get(&db, "order-42").await?.expect("there");
/// assert_eq!(record.result.as_deref(), Some("70"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Recorded;

impl<'a, F> Run<'a, F> {
    pub(crate) fn new(db: &'a Database, body: F) -> Self {
        let options = Options { time: Some(db.retry().deadline), ..Options::default() };
        Self { db, body, attempts: ATTEMPTS, options, kind: PhantomData }
    }

    /// Stores a record with the writes, which makes the outcome decidable whatever the network does, and the result of the
    /// work with it: JSON, so that it must be serializable.
    ///
    /// With an idempotency key the work has an effect once. Where it had one before, by this process or another, the body
    /// does not run and its result of then is returned.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Record, Table, Transaction, TransactionRecord};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Table::<TransactionRecord>::create(&db).await?;
    /// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
    /// for _ in 0..2 {
    ///     let left = Transaction::run(&db, |tx| async move {
    ///         let mut account = Account::get(&tx, 1).await?.expect("there");
    ///         account.balance -= 30;
    ///         let left = account.balance;
    ///         tx.save(account)?;
    ///         Ok::<_, Error>(left)
    ///     })
    ///     .recorded(Record::with_key("order-42"))
    ///     .await?;
    ///     assert_eq!(left, 70); // paid once
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn recorded(mut self, record: Record) -> Run<'a, F, Recorded> {
        self.options.record = Some(record);
        let Self { db, body, attempts, options, .. } = self;
        Run { db, body, attempts, options, kind: PhantomData }
    }
}

impl<F, R> Run<'_, F, R> {
    /// How often the work is done at most; 10 by default, never less than once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// What is checked at commit; [`Isolation::Serializable`] by default.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// The time for everything: the work, as often as it is done, and the commits. By default that of
    /// [`RetryPolicy::deadline`](dynamap_mapper::RetryPolicy), 30 s. Work that has not ended by then is dropped. Looking an
    /// idempotency key up before, and deciding the record of an attempt without an answer after it, take their own time.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.time = Some(time);
        self
    }
}

/// Why work in a transaction had no effect, or possibly had one.
///
/// ```
/// # use dynamap::{Database, Error, Model, RunError, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// #[derive(Debug)]
/// enum Refused {
///     Poor { has: i64 },
///     Store(Error),
/// }
///
/// impl From<Error> for Refused {
///     fn from(error: Error) -> Self {
///         Self::Store(error)
///     }
/// }
/// # impl std::fmt::Display for Refused {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{self:?}") }
/// # }
/// # impl std::error::Error for Refused {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
/// let error = Transaction::run(&db, |tx| async move {
///     let mut account = Account::get(&tx, 1).await?.expect("there");
///     if account.balance < 300 {
///         return Err(Refused::Poor { has: account.balance });
///     }
///     account.balance -= 300;
///     tx.save(account)?;
///     Ok(())
/// })
/// .await
/// .expect_err("100 are not enough");
/// assert!(!error.is_outcome_unknown()); // nothing was written
/// match error {
///     RunError::Aborted(Refused::Poor { has }) => assert_eq!(has, 100),
///     other => return Err(other.into()), // of the store
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError<E> {
    /// The work itself returned an error: everything was rolled back.
    Aborted(E),
    /// The commit failed, also when the work was done again. Nothing was written, unless the error is
    /// [`Error::OutcomeUnknown`], which leaves it open, or [`Error::ResultUnreadable`]: then an earlier attempt was
    /// committed, and another key would do the work again.
    Failed(Error),
}

impl<E> RunError<E> {
    /// Whether it is open what is stored now; never for a recorded transaction, unless the store could not be reached to
    /// decide it.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_outcome_unknown())
    }
}

impl<E> From<Error> for RunError<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<E: fmt::Display> fmt::Display for RunError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted(error) => write!(f, "rolled back: {error}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for RunError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its own text is part of this one's.
            Self::Aborted(error) => error.source(),
            Self::Failed(error) => error.source(),
        }
    }
}

/// How the result of the work is kept in its record.
struct Memory<T> {
    keep: fn(&T) -> Result<Option<String>, Error>,
    recall: fn(&TransactionRecord) -> Result<T, Error>,
}

impl<T> Memory<T> {
    /// Of work that is not recorded.
    fn none() -> Self {
        Self {
            keep: |_| Ok(None),
            recall: |_| Err(Error::Usage("work that is not recorded has no record")),
        }
    }
}

impl<T: Serialize + DeserializeOwned> Memory<T> {
    fn json() -> Self {
        Self {
            // Not a number, say, is written as null, and does not read back.
            keep: |value| {
                let json = serde_json::to_string(value).ok();
                let json = json.filter(|json| serde_json::from_str::<T>(json).is_ok());
                json.map(Some).ok_or(Error::Usage(
                    "recorded work returns what can be written as JSON and read back: this cannot",
                ))
            },
            recall: |record| {
                serde_json::from_str(record.result.as_deref().unwrap_or("null"))
                    .map_err(|_| Error::ResultUnreadable(record.id.as_str().into()))
            },
        }
    }
}

impl<F, R> Run<'_, F, R> {
    async fn run<T, E, Fut>(mut self, memory: Memory<T>) -> Result<T, RunError<E>>
    where
        F: FnMut(Transaction) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.options.owned = true;
        let deadline = self.options.deadline();
        let record = self.options.record.as_ref();
        let mut marker = record.map(|record| Marker::new(self.db, record)).transpose()?;
        if let Some(marker) = marker.as_mut().filter(|marker| marker.chosen)
            && let Some(record) = marker.begin(self.db).await?
        {
            return Ok((memory.recall)(&record)?);
        }
        let (mut attempt, mut doubtful) = (1, false);
        let failure = loop {
            let tx = Transaction::start(self.db, self.options.clone(), deadline);
            let value = match within(deadline, (self.body)(tx.clone())).await {
                Some(Ok(value)) => value,
                Some(Err(error)) => {
                    // What the work saw was perhaps never there together: then what it says of it means nothing.
                    let torn = attempt < self.attempts && tx.saw_no_moment().await;
                    tx.rollback();
                    if torn && back_off(self.db, attempt).await {
                        attempt += 1;
                        continue;
                    }
                    break RunError::Aborted(error);
                }
                None => {
                    tx.rollback();
                    let time = self.options.time.unwrap_or_default();
                    break RunError::Failed(Error::DeadlineExceeded(time));
                }
            };
            let ready = tx.finish().and_then(|buffer| Ok((buffer, (memory.keep)(&value)?)));
            let (buffer, result) = match ready {
                Ok(ready) => ready,
                Err(error) => break RunError::Failed(error),
            };
            let error = match tx.attempt(buffer, marker.as_ref(), result).await {
                Ok(Committed::Now(_)) => return Ok(value),
                Ok(Committed::Before(record)) => return Ok((memory.recall)(&record)?),
                Err(Failed { error, ambiguous, .. }) => {
                    doubtful |= ambiguous;
                    error
                }
            };
            let again = attempt < self.attempts && curable(&tx, &error);
            if !again || !back_off(self.db, attempt).await {
                break RunError::Failed(error);
            }
            attempt += 1;
        };
        // An attempt may have been applied, or may still be: what the work says now was perhaps read after it.
        let Some(marker) = marker.filter(|_| doubtful) else { return Err(failure) };
        let (error, aborted) = match failure {
            RunError::Failed(error) => (error, None),
            RunError::Aborted(error) => (Error::Fenced(marker.id.as_str().into()), Some(error)),
        };
        match (decide(self.db, &marker, error).await, aborted) {
            (Ok(record), _) => Ok((memory.recall)(&record)?),
            (Err(Error::Fenced(_)), Some(error)) => Err(RunError::Aborted(error)),
            (Err(error), _) => Err(RunError::Failed(error)),
        }
    }
}

/// The output of the work, unless it does not end in time.
async fn within<F: Future>(deadline: Option<Instant>, work: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}

macro_rules! awaited {
    ($kind:ident, $memory:ident $(, $bound:ident)*) => {
        impl<'a, T, E, F, Fut> IntoFuture for Run<'a, F, $kind>
        where
            F: FnMut(Transaction) -> Fut + Send + 'a,
            Fut: Future<Output = Result<T, E>> + Send + 'a,
            T: Send + 'a $(+ $bound)*,
            E: Send + 'a,
        {
            type Output = Result<T, RunError<E>>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run(Memory::$memory()))
            }
        }
    };
}

awaited!(Transient, none);
awaited!(Recorded, json, Serialize, DeserializeOwned);

/// Whether doing the work again can succeed: it went by what is no longer so.
///
/// An insert of a key that is taken fails again, unless the work read the key, found nothing, and may decide otherwise.
fn curable(tx: &Transaction, error: &Error) -> bool {
    let Error::Conflict(conflict) = error else { return false };
    let reads = tx.reads();
    let was_read = |failure: &Failure| {
        let target = Target { table: failure.table().to_owned(), key: failure.key().clone() };
        *failure.reason() == Reason::AlreadyExists && reads.contains_key(&target)
    };
    conflict.is_retryable() || conflict.failures().iter().any(was_read)
}

impl<F, R> fmt::Debug for Run<'_, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
