//! What the service kept refusing.

use std::fmt;

use super::Failure;

/// A request that the service kept refusing until the deadline.
///
/// ```
/// # use dynamap::{Database, Error, Model, RetryPolicy, Table};
/// use dynamap::faults::{Fault, Faults};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let faults = Faults::new();
/// let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// let mut policy = RetryPolicy::default();
/// policy.throttled.attempts = 3;
/// let db = Database::builder(client).retry(policy).build();
/// # Table::<Account>::create(&db).await?;
/// faults.always("GetItem", Fault::Throttle);
/// let Err(Error::Busy(busy)) = Account::get(&db, 1).await else { panic!("it is throttled") };
/// assert_eq!((busy.operation, busy.table.as_str(), busy.attempts), ("GetItem", "accounts", 3));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: error handling](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html)
#[derive(Debug)]
pub struct Busy {
    /// The operation.
    pub operation: &'static str,
    /// The first table it was for.
    pub table: String,
    /// How often it was sent.
    pub attempts: u32,
    /// Why it was refused the last time.
    pub cause: BusyCause,
    /// Where it was throttled, and by which limit, as the service told the last time.
    pub throttled: Vec<Throttled>,
    /// The items of a transaction that made the service refuse it the last time; empty for everything else.
    pub failures: Vec<Failure>,
}

/// A table or an index whose throughput was exceeded.
///
/// ```
/// # use dynamap::{Database, Error, Model, RetryPolicy, Table};
/// # use dynamap::faults::{Fault, Faults};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let mut policy = RetryPolicy::default();
/// # policy.throttled.attempts = 2;
/// # let db = Database::builder(client).retry(policy).build();
/// # Table::<Account>::create(&db).await?;
/// faults.always("PutItem", Fault::Throttle);
/// let refused = Account { id: 1, balance: 5, version: 0 }.insert(&db).await;
/// let Err(Error::Busy(busy)) = refused else { panic!("it is throttled") };
/// let throttled = &busy.throttled[0];
/// assert_eq!((throttled.table.as_str(), throttled.index.as_deref()), ("accounts", None));
/// assert_eq!(throttled.reason, "TableWriteProvisionedThroughputExceeded");
/// # Ok(())
/// # }
/// ```
///
/// [AWS: ThrottlingReason](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// The full name of the table.
    pub table: String,
    /// The index, where it is one.
    pub index: Option<String>,
    /// The limit, as AWS names it, such as `TableWriteProvisionedThroughputExceeded` or
    /// `IndexReadKeyRangeThroughputExceeded`.
    pub reason: String,
}

/// Why the service kept refusing.
///
/// ```
/// # use dynamap::{Database, Error, Model, RetryPolicy, Table};
/// use dynamap::error::BusyCause;
/// # use dynamap::faults::{Fault, Faults};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// fn advice(cause: BusyCause) -> &'static str {
///     match cause {
///         BusyCause::Throttled => "raise the table's throughput",
///         BusyCause::Limited => "raise this program's own limit",
///         BusyCause::Contended => "let fewer transactions meet on one item",
///         BusyCause::Unreachable => "look at the network",
///         _ => "try again later",
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let mut policy = RetryPolicy::default();
/// # (policy.throttled.attempts, policy.unanswered.attempts) = (2, 2);
/// # let db = Database::builder(client).retry(policy).build();
/// # Table::<Account>::create(&db).await?;
/// for (fault, expected) in [
///     (Fault::Throttle, "raise the table's throughput"),
///     (Fault::DropBefore, "look at the network"),
/// ] {
///     faults.always("GetItem", fault);
///     let Err(Error::Busy(busy)) = Account::get(&db, 1).await else { panic!("it is busy") };
///     assert_eq!(advice(busy.cause), expected);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusyCause {
    /// The table's or account's throughput was exceeded.
    Throttled,
    /// The limits of the [database handle](crate::Database::limited) would not have allowed it before the deadline: it was
    /// not sent again. Raise the limit, or give it more time.
    Limited,
    /// Other transactions held the items; or others kept changing what was read for the write, until it was given up.
    Contended,
    /// No answer came; after no attempt at all, others who wait for the same took all the time. Of writes only where it
    /// was found out that they had no effect: others without an answer are
    /// [`Error::OutcomeUnknown`](super::Error::OutcomeUnknown).
    Unreachable,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = match self.cause {
            BusyCause::Throttled => "was throttled",
            BusyCause::Limited => "has to wait for the program's own limit, after it was sent",
            BusyCause::Contended => "met others who were writing its items",
            BusyCause::Unreachable => "got no answer",
        };
        let Self { operation, table, attempts, .. } = self;
        match (self.cause, attempts) {
            (BusyCause::Unreachable, 0) => {
                write!(f, "{operation} on table {table} was not sent before the deadline")?;
            }
            _ => write!(f, "{operation} on table {table} {cause} {attempts} times")?,
        }
        for (i, failure) in self.failures.iter().enumerate() {
            let between = if i == 0 { " (" } else { "; " };
            write!(f, "{between}item ({}) of table {}", failure.key, failure.table)?;
        }
        let end = if self.failures.is_empty() { "" } else { ")" };
        f.write_str(end)?;
        for Throttled { table, index, reason } in &self.throttled {
            match index {
                Some(index) => write!(f, ", {reason} of index {index} of table {table}")?,
                None => write!(f, ", {reason} of table {table}")?,
            }
        }
        f.write_str(": it had no effect, try again later")
    }
}
