//! What is told about requests: spans for tracing, one call for metrics. Names and numbers, never an attribute value.
//!
//! [OpenTelemetry: DynamoDB](https://opentelemetry.io/docs/specs/semconv/database/dynamodb/)

use std::time::Duration;

use tracing::{Span, field};

use super::Cause;
use crate::capacity::Units;

/// One attempt at a request; what [`DatabaseBuilder::on_request`](crate::DatabaseBuilder::on_request) is told.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use dynamap::{Database, Model, Table};
/// # use dynamap::faults::{Fault, Faults};
/// use dynamap::RequestReport;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// fn line(report: &RequestReport<'_>) -> String {
///     let RequestReport { operation, table, attempt, outcome, units, .. } = report;
///     format!("{operation} {table} {attempt}: {outcome:?}, {} units", units.read + units.write)
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&lines);
/// let db = Database::builder(client)
///     .on_request(move |report| log.lock().expect("one thread").push(line(report)))
///     .build();
/// # Table::<Account>::create(&db).await?;
/// # lines.lock().expect("one thread").clear();
/// faults.next("GetItem", Fault::Throttle);
/// Account::get(&db, 1).await?;
/// assert_eq!(
///     *lines.lock().expect("one thread"),
///     ["GetItem accounts 1: Throttled, 0 units", "GetItem accounts 2: Done, 0.5 units"]
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RequestReport<'a> {
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// The full name of its table; of several tables, all with `, ` in between.
    pub table: &'a str,
    /// The index that is read.
    pub index: Option<&'a str>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// From sending it to its answer.
    pub elapsed: Duration,
    /// What became of it.
    pub outcome: RequestOutcome,
    /// What the service reported that it consumed.
    pub units: Units,
    /// How many items it returned or counted; of a query or scan only.
    pub items: Option<usize>,
}

/// What became of one attempt at a request.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use dynamap::{Database, Model, Table};
/// # use dynamap::faults::{Fault, Faults};
/// use dynamap::RequestOutcome;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// let outcomes = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&outcomes);
/// let db = Database::builder(client)
///     .on_request(move |report| log.lock().expect("one thread").push(report.outcome))
///     .build();
/// # Table::<Account>::create(&db).await?;
/// # outcomes.lock().expect("one thread").clear();
/// let account = Account { id: 1, balance: 5, version: 0 };
/// faults.next("PutItem", Fault::Throttle);
/// account.clone().insert(&db).await?;
/// assert!(account.insert(&db).await.is_err()); // the key is taken
/// assert_eq!(
///     *outcomes.lock().expect("one thread"),
///     [RequestOutcome::Throttled, RequestOutcome::Done, RequestOutcome::Rejected]
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestOutcome {
    /// The service did what it was asked.
    Done,
    /// A condition did not hold, or a transaction was cancelled.
    Rejected,
    /// Refused for lack of capacity.
    Throttled,
    /// Refused because a transaction is under way on an item, or is this one.
    Contended,
    /// No answer, or one that does not say whether it was applied.
    Unanswered,
    /// Wrong, or not allowed.
    Refused,
}

impl RequestOutcome {
    pub(super) fn of(cause: Cause) -> Self {
        match cause {
            Cause::Lost | Cause::Unsent => Self::Unanswered,
            Cause::Throttled | Cause::Limited => Self::Throttled,
            Cause::Contended | Cause::InProgress => Self::Contended,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::Rejected => Some("rejected"),
            Self::Throttled => Some("throttled"),
            Self::Contended => Some("contended"),
            Self::Unanswered => Some("unanswered"),
            Self::Refused => Some("refused"),
        }
    }
}

/// Who is told about attempts.
pub(crate) type Observer = Box<dyn Fn(&RequestReport<'_>) + Send + Sync>;

/// The span of a request, all of its attempts.
pub(super) fn span(operation: &str, table: &str, index: Option<&str>, consistent: bool) -> Span {
    tracing::info_span!(
        target: "dynamap",
        "request",
        otel.name = format_args!("{operation} {table}"),
        otel.kind = "client",
        db.system.name = "aws.dynamodb",
        db.operation.name = operation,
        db.collection.name = table,
        aws.dynamodb.table_names = table,
        aws.dynamodb.index_name = index,
        aws.dynamodb.consistent_read = consistent,
        aws.dynamodb.consumed_capacity = field::Empty,
        aws.dynamodb.count = field::Empty,
        aws.dynamodb.scanned_count = field::Empty,
        http.request.resend_count = field::Empty,
        error.type = field::Empty,
    )
}

/// Puts what became of an attempt on the span.
pub(super) fn record(span: &Span, report: &RequestReport<'_>, scanned: Option<i32>) {
    if span.is_disabled() {
        return;
    }
    let units = report.units.read + report.units.write;
    if units > 0.0 {
        span.record("aws.dynamodb.consumed_capacity", units);
    }
    if let (Some(items), Some(scanned)) = (report.items, scanned) {
        span.record("aws.dynamodb.count", items);
        span.record("aws.dynamodb.scanned_count", scanned);
    }
    if report.attempt > 1 {
        span.record("http.request.resend_count", report.attempt - 1);
    }
    // The last attempt says what became of the request.
    span.record("error.type", report.outcome.name().unwrap_or_default());
}
