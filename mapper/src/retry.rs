//! Sending one request until it has an answer.
//!
//! The SDK's own retries are off: they hide that an attempt got no answer, and whoever does not know that reports a
//! lost success as a conflict. This loop keeps that bit, sends the same frozen request again, and stops at a deadline.
//! Back-off is exponential with full jitter
//! ([AWS Architecture Blog](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)).

mod again;
mod observe;
mod policy;
mod repeat;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::ThrottlingReason;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

pub use self::again::{Again, back_off};
pub(crate) use self::observe::Observer;
pub use self::observe::{RequestOutcome, RequestReport};
pub use self::policy::{Backoff, RetryPolicy};
pub(crate) use self::policy::{Budget, Cause};
pub(crate) use self::repeat::{repeat, repeat_and_tell};
use crate::capacity::charge::{Answer, Charge, Kind, Refusal, charges};
use crate::capacity::{Reserved, Units};
use crate::database::Database;
use crate::error::{
    Busy, Error, OutcomeUnknown, ServiceError, Target, Throttled, is_unconfigured, is_unsent,
};
use crate::read::BoxFuture;

/// What one attempt brought.
pub(crate) enum Attempt<T, E> {
    Done(T),
    /// A condition of the request failed, or the transaction was cancelled: the typed error says more.
    Rejected(Box<E>),
    Again(Cause),
    /// The request is wrong, or not allowed: sending it again is no use.
    Failed(Box<ServiceError>),
}

impl<T, E> Attempt<T, E> {
    fn outcome(&self) -> RequestOutcome {
        match self {
            Self::Done(_) => RequestOutcome::Done,
            Self::Rejected(_) => RequestOutcome::Rejected,
            Self::Again(cause) => RequestOutcome::of(*cause),
            Self::Failed(_) => RequestOutcome::Refused,
        }
    }
}

/// The attempts at one request.
pub(crate) struct Attempts<'a> {
    db: &'a Database,
    operation: &'static str,
    /// Of several tables, all with `, ` in between.
    table: Cow<'a, str>,
    /// The index that is read, and whether it is a local one.
    index: Option<(&'a str, bool)>,
    deadline: Instant,
    /// Whether the deadline is the caller's: waiting for the own limits does not move it.
    is_fixed: bool,
    count: u32,
    /// Whether an attempt may have been applied without our knowing; stays true once it is.
    pub(crate) ambiguous: bool,
    /// What the service throttled the last time.
    throttled: Vec<Throttled>,
    consistent: bool,
    /// Of all attempts; there is none before the first.
    span: Option<Span>,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        db: &'a Database,
        operation: &'static str,
        table: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self::reading(db, operation, table, None, false)
    }

    /// Of a read, which can be of an index and be consistent.
    pub(crate) fn reading(
        db: &'a Database,
        operation: &'static str,
        table: impl Into<Cow<'a, str>>,
        index: Option<(&'a str, bool)>,
        consistent: bool,
    ) -> Self {
        Self {
            db,
            operation,
            table: table.into(),
            index,
            deadline: Instant::now() + db.retry().time(),
            is_fixed: false,
            count: 0,
            ambiguous: false,
            throttled: Vec::new(),
            consistent,
            span: None,
        }
    }

    /// Gives up at this time, where that is before the deadline of the database.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline.map_or(self.deadline, |own| own.min(self.deadline));
        self.is_fixed |= deadline.is_some();
        self
    }

    /// The attempts at another request, of the tables of these items, under the same deadline.
    pub(crate) fn another<'t>(&self, targets: impl Iterator<Item = &'t Target>) -> Self {
        let own = Self::new(self.db, self.operation, tables(targets));
        Self { deadline: self.deadline, is_fixed: self.is_fixed, ..own }
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
        let (operation, table) = (self.operation, self.table.clone().into_owned());
        ServiceError { operation, table, code: code.to_owned(), message }
    }

    pub(crate) fn database(&self) -> &'a Database {
        self.db
    }

    /// Sends once, when the limits of the database handle allow it.
    ///
    /// Boxed: the SDK's futures are large, and every caller's future would hold them.
    pub(crate) fn send<'s, T, E>(
        &'s mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 's,
    ) -> BoxFuture<'s, Attempt<T, E>>
    where
        T: Answer + Send + 's,
        E: Refusal + ProvideErrorMetadata + std::error::Error + Send + 'static,
    {
        self.send_judged(request, |_| true)
    }

    /// As [`send`](Attempts::send), of a request whose answer can also say that nothing was done: that is no success, and
    /// brings nothing back to the budget.
    pub(crate) fn send_judged<'s, T, E>(
        &'s mut self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 's,
        is_success: impl FnOnce(&T) -> bool + Send + 's,
    ) -> BoxFuture<'s, Attempt<T, E>>
    where
        T: Answer + Send + 's,
        E: Refusal + ProvideErrorMetadata + std::error::Error + Send + 'static,
    {
        let span = self.span();
        // In a box of its own before it is wrapped: every layer around it would move it once more.
        let request = Box::pin(request);
        let attempt = async move {
            self.throttled.clear();
            let Ok(reserved) = self.admit().await else {
                return Attempt::Again(Cause::Limited);
            };
            self.count();
            let began = Instant::now();
            let answer = tokio::time::timeout(self.db.retry().attempt_timeout, request).await;
            drop(reserved);
            let units = self.charge(&answer);
            let scanned = match &answer {
                Ok(Ok(answer)) => answer.items(),
                _ => None,
            };
            let attempt = match answer {
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
            self.report(attempt.outcome(), began.elapsed(), units, scanned);
            attempt
        };
        Box::pin(attempt.instrument(span))
    }

    fn span(&mut self) -> Span {
        let index = self.index.map(|(name, _)| name);
        let span = || observe::span(self.operation, &self.table, index, self.consistent);
        self.span.get_or_insert_with(span).clone()
    }

    /// Waits until the limits of the database handle allow a request; an error where the deadline comes first.
    async fn admit(&mut self) -> Result<Vec<Reserved>, ()> {
        let Some(kind) = Kind::of(self.operation).filter(|_| self.db.is_limited()) else {
            return Ok(Vec::new());
        };
        let index = self.index.and_then(|(name, local)| (!local).then_some(name));
        let (reserved, wait) = self.db.reserve(&self.table, index, kind);
        // What may have been applied is to be found out soon: the service knows a token for 10 minutes.
        let is_open = self.ambiguous && kind == Kind::Write && self.operation != "BatchWriteItem";
        if wait.is_zero() || is_open {
            return Ok(reserved);
        }
        if !self.is_fixed {
            self.deadline += wait;
        } else if Instant::now() + wait >= self.deadline {
            return Err(());
        }
        tokio::time::sleep(wait).await;
        Ok(reserved)
    }

    /// Accounts for what an answer cost.
    fn charge<T: Answer, E, X>(
        &self,
        answer: &Result<Result<T, SdkError<E, HttpResponse>>, X>,
    ) -> Units {
        let mut units = Units::default();
        if let (Ok(Ok(answer)), Some(kind)) = (answer, Kind::of(self.operation)) {
            for charge in charges(answer.consumed(), kind) {
                units += charge.units;
                self.db.charge(&charge);
            }
        }
        units
    }

    /// Accounts for a write whose condition failed: the service charges it and does not say so.
    pub(crate) fn estimate(&self, table: &str, units: f64) {
        let units = Units { read: 0.0, write: units };
        self.db.charge(&Charge { table, index: None, local: false, units, estimated: true });
    }

    fn report(
        &self,
        outcome: RequestOutcome,
        elapsed: Duration,
        units: Units,
        scanned: Option<(i32, i32)>,
    ) {
        self.db.count(&self.table, |table| {
            table.requests += 1;
            table.unanswered += u64::from(outcome == RequestOutcome::Unanswered);
        });
        let report = RequestReport {
            operation: self.operation,
            table: &self.table,
            index: self.index.map(|(name, _)| name),
            attempt: self.count,
            elapsed,
            outcome,
            units,
            items: scanned.and_then(|(count, _)| usize::try_from(count).ok()),
        };
        if let Some(span) = &self.span {
            observe::record(span, &report, scanned.map(|(_, scanned)| scanned));
        }
        self.db.observe(&report);
    }

    fn classify<T, E>(&mut self, error: SdkError<E, HttpResponse>) -> Attempt<T, E>
    where
        E: Refusal + ProvideErrorMetadata + std::error::Error + 'static,
    {
        match &error {
            SdkError::ConstructionFailure(_) => {}
            // Never sent: a request or endpoint that the client refuses, no credentials.
            SdkError::DispatchFailure(failure) if failure.is_user() => {}
            SdkError::DispatchFailure(_) if is_unconfigured(&error) => {}
            SdkError::DispatchFailure(_) if is_unsent(&error) => {
                return Attempt::Again(Cause::Unsent);
            }
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                match answer.err().code().unwrap_or_default() {
                    "ProvisionedThroughputExceededException"
                    | "ThrottlingException"
                    | "Throttling"
                    | "RequestLimitExceeded" => {
                        let reasons = answer.err().throttling();
                        self.throttled = reasons.iter().filter_map(throttled).collect();
                        return Attempt::Again(Cause::Throttled);
                    }
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
        Attempt::Failed(Box::new(ServiceError::new(self.operation, &self.table, &error)))
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// Where the deadline would pass or the budget is spent: [`Error::OutcomeUnknown`] if an attempt may have been applied,
    /// else [`Error::Busy`].
    pub(crate) async fn pause(&self, cause: Cause, targets: &[Target]) -> Result<(), Error> {
        match cause {
            Cause::Throttled => self.slow_down(),
            Cause::Limited => return Err(self.give_up(cause, targets)),
            _ => {}
        }
        let policy = self.db.retry();
        let pause = Duration::from_millis(self.db.jitter(policy.bound(cause, self.count)));
        let undecided = self.ambiguous && !targets.is_empty();
        if Instant::now() + pause >= self.deadline
            || self.count >= policy.backoff(cause).attempts
            || !(self.db.budget().pay() || undecided)
        {
            return Err(self.give_up(cause, targets));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Takes note of which tables the service throttled, where an answer tells by itself.
    pub(crate) fn were_throttled<'t>(&mut self, tables: impl Iterator<Item = &'t str>, why: &str) {
        let throttled = |table: &str| Throttled {
            table: table.to_owned(),
            index: None,
            reason: why.to_owned(),
        };
        self.throttled = tables.map(throttled).collect();
    }

    /// Tells meters, and limiters of writes, that a part was left unprocessed: a read can also be too large for one answer.
    pub(crate) fn left_over(&self, tables: &str) {
        self.db.count(tables, |table| table.throttled += 1);
        if Kind::of(self.operation) == Some(Kind::Write) {
            self.db.throttled(tables, None, Kind::Write);
        }
    }

    /// Tells meters and limiters that the service throttled.
    fn slow_down(&self) {
        self.db.count(&self.table, |table| table.throttled += 1);
        let Some(kind) = Kind::of(self.operation) else { return };
        if self.throttled.is_empty() {
            let index = self.index.and_then(|(name, local)| (!local).then_some(name));
            self.db.throttled(&self.table, index, kind);
        }
        for throttled in &self.throttled {
            self.db.throttled(&throttled.table, throttled.index.as_deref(), kind);
        }
    }

    fn give_up(&self, cause: Cause, targets: &[Target]) -> Error {
        if self.ambiguous && !targets.is_empty() {
            return self.unknown(targets);
        }
        Error::Busy(Box::new(Busy {
            operation: self.operation,
            table: self.table.clone().into_owned(),
            attempts: self.count,
            cause: cause.into(),
            throttled: self.throttled.clone(),
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
        let is_open = self.ambiguous && !targets.is_empty();
        if is_open { self.unknown(targets) } else { error.into() }
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

/// The tables of some items, each once.
pub(crate) fn tables<'t>(targets: impl Iterator<Item = &'t Target>) -> String {
    let mut tables: Vec<&str> = targets.map(|target| target.table.as_str()).collect();
    tables.sort_unstable();
    tables.dedup();
    tables.join(", ")
}

/// What a reason is about: `arn:…:table/NAME` or `arn:…:table/NAME/index/INDEX`.
fn throttled(reason: &ThrottlingReason) -> Option<Throttled> {
    let resource = reason.resource.as_deref()?;
    let (_, name) = resource.split_once("table/")?;
    let (table, index) = match name.split_once("/index/") {
        Some((table, index)) => (table, Some(index.to_owned())),
        None => (name, None),
    };
    let reason = reason.reason.clone().unwrap_or_default();
    Some(Throttled { table: table.to_owned(), index, reason })
}
