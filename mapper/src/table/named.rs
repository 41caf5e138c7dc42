//! Tables by their names, whatever they hold.

use std::fmt;
use std::future::IntoFuture;

use aws_sdk_dynamodb::types::TableStatus;
use futures_util::TryStreamExt as _;

use super::describe::{self, TableInfo};
use super::raise::RaiseThroughput;
use super::wait;
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::raw::{RawTable, ScanTerms};
use crate::read::BoxFuture;
use crate::retry::{repeat, repeat_and_tell};
use crate::settings::Throughput;

/// The administration handle of a table by its name, for what needs no model; from [`Database::table`].
/// [`Table`](crate::Table) is for what does.
///
/// Copies, exports and imports (feature `transfer`) begin with it too.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::NamedTable;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = dynamap::embedded::memory()?;
/// let db = Database::builder(client).table_prefix("staging_").build();
/// Table::<Account>::create(&db).await?;
/// assert_eq!(NamedTable::list(&db).await?, ["accounts"]);
///
/// let accounts = db.table("accounts");
/// assert_eq!((accounts.name(), accounts.full_name()), ("accounts", "staging_accounts"));
/// assert!(accounts.exists().await? && accounts.database().is_same(&db));
/// let info = accounts.describe().await?.expect("there");
/// assert!(info.is_active());
/// accounts.delete().await?;
/// assert!(NamedTable::list(&db).await?.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// A piece of work can have more throughput:
///
/// ```
/// use dynamap::{Billing, Throughput};
/// # use dynamap::{Database, Error, Model, Table, TableSettings};
/// # static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", settings = SMALL, validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let accounts = db.table("accounts");
/// let much = Throughput::new(100, 1_000);
/// let work = || async { Ok::<_, Error>(accounts.describe().await?.expect("there").billing()) };
/// let raised = accounts.raise(much).run(work).await?;
/// assert_eq!(raised.output, Billing::Provisioned(much));
/// assert!(!accounts.restore_throughput().await?); // the work has ended, and nothing is left to restore
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct NamedTable<'a> {
    pub(super) db: &'a Database,
    /// Without the prefix.
    name: String,
    /// With it.
    pub(super) full: String,
}

impl Database {
    /// The table of this name behind the database's prefix. Nothing is sent; what is done with it finds out whether it is
    /// there.
    #[must_use]
    pub fn table(&self, name: &str) -> NamedTable<'_> {
        NamedTable { db: self, name: name.to_owned(), full: self.prefixed(name) }
    }
}

impl<'a> NamedTable<'a> {
    /// The names of all tables that begin with the database's prefix, without it, in the order of the alphabet.
    ///
    /// # Errors
    /// What the service says.
    ///
    /// [AWS: ListTables](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html)
    pub async fn list(db: &Database) -> Result<Vec<String>, Error> {
        let prefix = db.prefixed("");
        let (mut names, mut last) = (Vec::new(), None);
        loop {
            let answer = repeat(db, "ListTables", "", || {
                db.once().list_tables().set_exclusive_start_table_name(last.clone()).send()
            });
            let answer = answer.await?;
            let own = answer.table_names.unwrap_or_default().into_iter();
            names.extend(own.filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned)));
            last = answer.last_evaluated_table_name;
            if last.is_none() {
                names.sort_unstable();
                return Ok(names);
            }
        }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &'a Database {
        self.db
    }

    /// The name without the database's prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with the database's prefix.
    #[must_use]
    pub fn full_name(&self) -> &str {
        &self.full
    }

    /// What the service tells of the table; `None` where there is none.
    ///
    /// # Errors
    /// What the service says.
    ///
    /// [AWS: DescribeTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html)
    pub async fn describe(&self) -> Result<Option<TableInfo>, Error> {
        describe::describe(self.db, &self.full).await
    }

    /// Whether the table exists.
    ///
    /// # Errors
    /// What the service says.
    pub async fn exists(&self) -> Result<bool, Error> {
        Ok(describe::table(self.db, &self.full).await?.is_some())
    }

    /// Deletes the table, and waits until it is gone; see [`DeleteTable`].
    pub fn delete(&self) -> DeleteTable<'a> {
        DeleteTable { table: self.clone(), with_all_items: false }
    }

    /// Raises the table's throughput for a piece of work; see [`RaiseThroughput`].
    pub fn raise(&self, throughput: Throughput) -> RaiseThroughput<'a> {
        RaiseThroughput::of(self.clone(), throughput)
    }

    /// Whether an item can be seen.
    async fn holds_items(&self) -> Result<bool, Error> {
        let table = RawTable::of(self.db, &self.name).await?;
        let one = ScanTerms { segments: 1, page_size: Some(1), consistent: true };
        Ok(table.items(one).try_next().await?.is_some())
    }
}

/// Deletes a table, if it holds no items; from [`Table::delete`](crate::Table::delete) and [`NamedTable::delete`].
///
/// The items of counters and of unique values stay: they are in tables of their own. `Unique::verify` finds those of items
/// that are gone. It waits until the table is gone. Of what is written while it looks, the last items can be deleted with it.
/// If the future is dropped half-way the service goes on deleting.
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
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let Err(Error::Table(refused)) = Table::<Account>::delete(&db).await else { panic!("it holds an item") };
/// assert!(matches!(*refused, TableError::HoldsItems { .. }));
/// Table::<Account>::delete(&db).with_all_items().await?;
/// assert!(!Table::<Account>::exists(&db).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`TableError::HoldsItems`] and [`TableError::Protected`], where nothing was deleted; [`TableError::Unknown`] where no
/// attempt was answered; [`Error::NoSuchTable`]; what the service says.
///
/// [AWS: DeleteTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html)
#[must_use = "a table is not deleted until this is awaited"]
pub struct DeleteTable<'a> {
    table: NamedTable<'a>,
    with_all_items: bool,
}

impl DeleteTable<'_> {
    /// Deletes the table with everything that it holds.
    pub fn with_all_items(mut self) -> Self {
        self.with_all_items = true;
        self
    }

    async fn run(self) -> Result<(), Error> {
        let NamedTable { db, full: name, .. } = &self.table;
        if !self.with_all_items && self.table.holds_items().await? {
            return Err(TableError::HoldsItems { table: name.clone() }.into());
        }
        let request = || db.once().delete_table().table_name(name).send();
        match repeat_and_tell(db, "DeleteTable", name, request).await {
            (Ok(_), _) => {}
            (Err(error), true) => self.look(error).await?,
            (Err(Error::Service(error)), _) if error.code == "ValidationException" => {
                return Err(self.refused(error).await);
            }
            (Err(error), _) => return Err(error),
        }
        wait::until(db, name, None, |found| found.is_none()).await.map(drop)
    }

    /// An attempt got no answer. If it was applied, the table is gone, or going.
    async fn look(&self, error: Error) -> Result<(), Error> {
        let NamedTable { db, full: name, .. } = &self.table;
        let unknown = || TableError::Unknown { table: name.clone(), operation: "DeleteTable" };
        let found = describe::table(db, name).await.map_err(|_| unknown())?;
        match found.map(|found| found.table_status) {
            None | Some(Some(TableStatus::Deleting)) => Ok(()),
            Some(_) if matches!(error, Error::Busy(_)) => Err(unknown().into()),
            Some(_) => Err(error),
        }
    }

    /// A table that is protected is refused with a code that says nothing.
    async fn refused(&self, error: Box<crate::error::ServiceError>) -> Error {
        let NamedTable { db, full: name, .. } = &self.table;
        let found = describe::table(db, name).await.ok().flatten();
        match found.and_then(|found| found.deletion_protection_enabled) {
            Some(true) => TableError::Protected { table: name.clone() }.into(),
            _ => Error::Service(error),
        }
    }
}

impl<'a> IntoFuture for DeleteTable<'a> {
    type Output = Result<(), Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for DeleteTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteTable").field("table", &self.table.full).finish_non_exhaustive()
    }
}
