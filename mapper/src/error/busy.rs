//! What the service kept refusing.

use std::fmt;

use super::Failure;

/// A request that the service kept refusing until the deadline.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusyCause {
    /// The table's or account's throughput was exceeded.
    Throttled,
    /// The limits of the [database handle](crate::Database::limited) would not have allowed it before the deadline: it was
    /// not sent again. Raise the limit, or give it more time.
    Limited,
    /// Other transactions held the items.
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
            BusyCause::Contended => "met other transactions on its items",
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
