//! Sending one request until it has an answer.
//!
//! The SDK's own retries are off: they hide that an attempt got no answer, and whoever does not know that reports a
//! lost success as a conflict. This loop keeps that bit, sends the same frozen request again, and stops at a deadline.
//! Back-off is exponential with full jitter
//! ([AWS Architecture Blog](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)).

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use crate::database::Database;
use crate::error::{Busy, BusyCause, Error, OutcomeUnknown, ServiceError, Target};

/// How long the library keeps trying.
///
/// ```
/// use dynamap::RetryPolicy;
///
/// let policy = RetryPolicy::default();
/// assert_eq!(policy.deadline.as_secs(), 30);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The time after which a request that the service keeps refusing is given up. Default 30 s; at most 4 minutes are
    /// used, since a request that is signed once is accepted by AWS for 5 minutes.
    pub deadline: Duration,
    /// The time after which one attempt counts as unanswered. Default 5 s.
    pub attempt_timeout: Duration,
    /// How much the library repeats beyond what succeeds, over all requests of the database: repeating a request, or the
    /// work of a transaction, costs 5; a success brings 1 back, and one after a repetition its 5. Without any left the
    /// library does not repeat, so that a hot key or a throttled table is not loaded further. A write that may have been
    /// applied is repeated all the same. Default 500, as in the SDK.
    ///
    /// [AWS: retry behavior](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)
    pub budget: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(5),
            budget: 500,
        }
    }
}

/// The longest deadline: below the 5 minutes for which AWS accepts a signature.
const LONGEST_DEADLINE: Duration = Duration::from_mins(4);

/// What is left of [`RetryPolicy::budget`].
pub(crate) struct Budget {
    left: AtomicU32,
    most: u32,
}

/// What one repetition costs.
const REPETITION: u32 = 5;

impl Budget {
    pub(crate) fn new(most: u32) -> Self {
        Self { left: AtomicU32::new(most), most }
    }

    /// Pays for a repetition; `false` where too little is left.
    fn pay(&self) -> bool {
        let pay = |left: u32| left.checked_sub(REPETITION);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }

    /// A request succeeded, at once or when it was repeated.
    fn refill(&self, repeated: bool) {
        let tokens = if repeated { REPETITION } else { 1 };
        let add = |left: u32| Some(left.saturating_add(tokens).min(self.most));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

/// Why a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No answer, or one that does not say whether the request was applied.
    Lost,
    Throttled,
    /// Another transaction holds an item.
    Contended,
    /// A transaction with this token is still running.
    InProgress,
}

impl Cause {
    /// The first and the longest upper bound of the pause, in milliseconds.
    fn pause(self) -> (u64, u64) {
        match self {
            Self::Lost => (100, 2_000),
            Self::Throttled => (50, 5_000),
            Self::Contended => (8, 500),
            // AWS: an attempt more than five seconds after the first can trigger recovery.
            Self::InProgress => (500, 6_000),
        }
    }
}

/// What one attempt brought.
pub(crate) enum Attempt<T, E> {
    Done(T),
    /// A condition of the request failed, or the transaction was cancelled: the typed error says more.
    Rejected(Box<E>),
    Again(Cause),
    /// The request is wrong, or not allowed: sending it again is no use.
    Failed(Box<ServiceError>),
}

/// The attempts at one request.
pub(crate) struct Attempts<'a> {
    db: &'a Database,
    operation: &'static str,
    table: &'a str,
    deadline: Instant,
    count: u32,
    /// Whether an attempt may have been applied without our knowing; stays true once it is.
    pub(crate) ambiguous: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(db: &'a Database, operation: &'static str, table: &'a str) -> Self {
        let deadline = Instant::now() + db.retry().deadline.min(LONGEST_DEADLINE);
        Self { db, operation, table, deadline, count: 0, ambiguous: false }
    }

    /// Gives up at this time, where that is before the deadline of the database.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline.map_or(self.deadline, |own| own.min(self.deadline));
        self
    }

    /// The attempts at another request, under the same deadline.
    pub(crate) fn another(&self) -> Self {
        Self { count: 0, ..*self }
    }

    /// Counts an attempt that took several requests.
    pub(crate) fn count(&mut self) {
        self.count += 1;
    }

    /// How many there were.
    pub(crate) fn number(&self) -> u32 {
        self.count
    }

    /// An answer that is no use, as if the service had refused.
    pub(crate) fn refused(&self, code: &str, message: String) -> ServiceError {
        let (operation, table) = (self.operation, self.table.to_owned());
        ServiceError { operation, table, code: code.to_owned(), message }
    }

    pub(crate) fn database(&self) -> &'a Database {
        self.db
    }

    /// Sends once.
    pub(crate) fn send<T, E>(
        &mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> impl Future<Output = Attempt<T, E>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.send_judged(request, |_| true)
    }

    /// As [`send`](Attempts::send), of a request whose answer can also say that nothing was done: that is no success, and
    /// brings nothing back to the budget.
    pub(crate) async fn send_judged<T, E>(
        &mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        is_success: impl FnOnce(&T) -> bool,
    ) -> Attempt<T, E>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.count();
        let attempt = match tokio::time::timeout(self.db.retry().attempt_timeout, request).await {
            Ok(Ok(answer)) => {
                if is_success(&answer) {
                    self.db.budget().refill(self.count > 1);
                }
                Attempt::Done(answer)
            }
            Ok(Err(error)) => self.classify(error),
            Err(_elapsed) => Attempt::Again(Cause::Lost),
        };
        // In progress: a copy of this request is being worked on.
        if matches!(attempt, Attempt::Again(Cause::Lost | Cause::InProgress)) {
            self.ambiguous = true;
        }
        attempt
    }

    fn classify<T, E>(&self, error: SdkError<E, HttpResponse>) -> Attempt<T, E>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match &error {
            SdkError::ConstructionFailure(_) => {}
            // Never sent: a request or endpoint that the client refuses.
            SdkError::DispatchFailure(failure) if failure.is_user() => {}
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                match answer.err().code().unwrap_or_default() {
                    "ProvisionedThroughputExceededException"
                    | "ThrottlingException"
                    | "Throttling"
                    | "RequestLimitExceeded" => return Attempt::Again(Cause::Throttled),
                    "TransactionConflictException" | "ReplicatedWriteConflictException" => {
                        return Attempt::Again(Cause::Contended);
                    }
                    "TransactionInProgressException" => return Attempt::Again(Cause::InProgress),
                    "ConditionalCheckFailedException" | "TransactionCanceledException" => {
                        if let SdkError::ServiceError(answer) = error {
                            return Attempt::Rejected(Box::new(answer.into_err()));
                        }
                        return Attempt::Again(Cause::Lost);
                    }
                    _ if status >= 500 => return Attempt::Again(Cause::Lost),
                    _ => {}
                }
            }
            // Timeouts, broken connections, answers that cannot be read.
            _ => return Attempt::Again(Cause::Lost),
        }
        Attempt::Failed(Box::new(ServiceError::new(self.operation, self.table, &error)))
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// Where the deadline would pass or the budget is spent: [`Error::OutcomeUnknown`] if an attempt may have been applied,
    /// else [`Error::Busy`].
    pub(crate) async fn pause(&self, cause: Cause, targets: &[Target]) -> Result<(), Error> {
        let (base, cap) = cause.pause();
        let bound = base.saturating_mul(1 << self.count.min(16)).min(cap);
        let pause = Duration::from_millis(self.db.jitter(bound));
        let undecided = self.ambiguous && !targets.is_empty();
        if Instant::now() + pause >= self.deadline || !(self.db.budget().pay() || undecided) {
            return Err(self.give_up(cause, targets));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn give_up(&self, cause: Cause, targets: &[Target]) -> Error {
        if self.ambiguous && !targets.is_empty() {
            return self.unknown(targets);
        }
        Error::Busy(Box::new(Busy {
            operation: self.operation,
            table: self.table.to_owned(),
            attempts: self.count,
            cause: match cause {
                Cause::Throttled => BusyCause::Throttled,
                Cause::Contended | Cause::InProgress => BusyCause::Contended,
                Cause::Lost => BusyCause::Unreachable,
            },
            failures: Vec::new(),
        }))
    }

    /// The error of a write whose effect cannot be found out.
    pub(crate) fn unknown(&self, targets: &[Target]) -> Error {
        Error::OutcomeUnknown(Box::new(OutcomeUnknown {
            operation: self.operation,
            targets: targets.to_vec(),
            attempts: self.count,
            transaction: None,
        }))
    }

    /// The error of a request that is no use to send again; unknown if an earlier attempt may have been applied.
    pub(crate) fn failed(&self, error: Box<ServiceError>, targets: &[Target]) -> Error {
        match error.code.as_str() {
            _ if self.ambiguous && !targets.is_empty() => self.unknown(targets),
            "ResourceNotFoundException" => Error::NoSuchTable(error.table.into()),
            _ => Error::Service(error),
        }
    }
}

impl fmt::Debug for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts")
            .field("operation", &self.operation)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Waits before work that met a conflict is done again: `again` is 1 before the second time. `false`, without waiting,
/// where the budget for repetitions is spent.
///
/// Not public: for the crates beside this one.
pub async fn back_off(db: &Database, again: u32) -> bool {
    let (base, cap) = Cause::Contended.pause();
    let bound = base.saturating_mul(1 << again.min(16)).min(cap);
    let paid = db.budget().pay();
    if paid {
        tokio::time::sleep(Duration::from_millis(db.jitter(bound))).await;
    }
    paid
}

/// Sends a request whose repetition does no harm (reads, table operations, counters) until it has an answer.
pub(crate) async fn repeat<T, E, F>(
    db: &Database,
    operation: &'static str,
    table: &str,
    request: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    repeat_and_tell(db, operation, table, request).await.0
}

/// As [`repeat`]; tells too whether an earlier attempt may have been applied, its answer lost.
pub(crate) async fn repeat_and_tell<T, E, F>(
    db: &Database,
    operation: &'static str,
    table: &str,
    mut request: impl FnMut() -> F,
) -> (Result<T, Error>, bool)
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempts = Attempts::new(db, operation, table);
    let result = loop {
        match attempts.send(request()).await {
            Attempt::Done(answer) => break Ok(answer),
            Attempt::Again(cause) => {
                if let Err(error) = attempts.pause(cause, &[]).await {
                    break Err(error);
                }
            }
            Attempt::Failed(error) => break Err(attempts.failed(error, &[])),
            // Only conditional requests are rejected; whoever sends one here handles its code.
            Attempt::Rejected(error) => {
                break Err(Error::Service(Box::new(ServiceError {
                    operation,
                    table: table.to_owned(),
                    code: error.code().unwrap_or_default().to_owned(),
                    message: error.message().unwrap_or_default().to_owned(),
                })));
            }
        }
    };
    (result, attempts.ambiguous)
}
