//! What can be wrong with a table, or with what is asked of it.

use crate::table::Difference;

/// Why something was not done with a table.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::error::TableError;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let Err(Error::Table(error)) = Table::<Account>::delete(&db).await else { panic!("it holds an item") };
/// assert_eq!(*error, TableError::HoldsItems { table: "accounts".into() });
/// assert!(Table::<Account>::exists(&db).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is a table of this name, and the models cannot use it. It is as it was.
    #[error(
        "table {table} is not as its models need it, and is as it was: {}",
        listed(differences)
    )]
    Differs {
        /// The full name.
        table: String,
        /// What is different.
        differences: Vec<Difference>,
    },
    /// Two models of one table contradict each other. Nothing was sent.
    #[error("models of table {table} differ in {what}: nothing was sent")]
    ModelsDiffer {
        /// The full name.
        table: String,
        /// In what.
        what: String,
    },
    /// No table can have this name: with its prefix it must have 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`.
    #[error(
        "`{table}` is no name of a table: with its prefix it has 3 to 255 of a-z, A-Z, 0-9, `_`, `-` and `.`"
    )]
    IllegalName {
        /// The full name.
        table: String,
    },
    /// The table holds items. Nothing was deleted; say `with_all_items` to delete them with it.
    #[error(
        "table {table} holds items: say `with_all_items()` to delete them too, nothing was deleted"
    )]
    HoldsItems {
        /// The full name.
        table: String,
    },
    /// The table is protected from being deleted. Nothing was deleted; turn the protection off first.
    #[error("table {table} is protected from deletion: turn that off first, nothing was deleted")]
    Protected {
        /// The full name.
        table: String,
    },
    /// The table is billed per request, so there is nothing to raise. Nothing was done.
    #[error(
        "table {table} is billed per request, and has no throughput to raise: nothing was done"
    )]
    PerRequest {
        /// The full name.
        table: String,
    },
    /// The throughput is raised already, by another piece of work or by one that was killed. Nothing was done: wait for
    /// it, or restore the throughput first.
    #[error(
        "the throughput of table {table} is raised since {since}: wait for that work to end, or restore it, nothing was done"
    )]
    Raised {
        /// The full name.
        table: String,
        /// Since when, as RFC 3339 writes it.
        since: String,
    },
    /// Raising the throughput failed, and so did restoring what was there. It may be raised: the record stays, and
    /// [`NamedTable::restore_throughput`](crate::NamedTable::restore_throughput) tries again. The work was not begun.
    #[error(
        "the throughput of table {table} may be raised, restore it, the work was not begun: {why}"
    )]
    MayBeRaised {
        /// The full name.
        table: String,
        /// Why it could not be raised.
        why: String,
    },
    /// What a model says of its table cannot be. Nothing was sent.
    #[error("the settings of table {table} cannot be: {what}: nothing was sent")]
    Settings {
        /// The full name.
        table: String,
        /// What of them.
        what: String,
    },
    /// The answers of the service were lost, so the table may have been created, changed or deleted, or may be soon. Look
    /// with `NamedTable::describe`, or do it again: that does no harm.
    #[error(
        "{operation} on table {table} got no answer: it may be done all the same; look, or do it again"
    )]
    Unknown {
        /// The full name.
        table: String,
        /// What was asked.
        operation: &'static str,
    },
    /// What a program needs is not there yet after a long time. The service goes on.
    #[error(
        "table {table} was not ready after {waited}: {what}; the service goes on, ask again later"
    )]
    NotReady {
        /// The full name.
        table: String,
        /// What was waited for.
        what: String,
        /// For how long.
        waited: String,
    },
}

fn listed(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

impl From<TableError> for super::Error {
    fn from(error: TableError) -> Self {
        Self::Table(Box::new(error))
    }
}
