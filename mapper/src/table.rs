//! Creating and deleting tables.

mod create;
mod ttl;

pub(crate) use create::counters as create_counters;

use std::fmt;
use std::marker::PhantomData;

use crate::database::Database;
use crate::error::Error;
use crate::model::Model;
use crate::retry::{repeat, repeat_and_tell};

/// The administration handle of a model's table.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// assert!(!Table::<Account>::exists(&db).await?);
/// Table::<Account>::create(&db).await?;
/// Table::<Account>::create_if_missing(&db).await?;
/// assert!(Table::<Account>::exists(&db).await?);
/// # Ok(())
/// # }
/// ```
pub struct Table<M>(PhantomData<fn() -> M>);

impl<M> Table<M> {
    /// Creates the table with the model's keys, billed per request, and waits until it is active.
    ///
    /// For a model with an auto-increment key the table of counters is created too, if it is missing; for one with unique
    /// values the table of their guards. For a model with
    /// a `ttl` field the table's time to live is turned on.
    /// If the future is dropped half-way the service goes on creating.
    ///
    /// # Errors
    /// [`Error::Service`] with code `ResourceInUseException` where the table exists.
    ///
    /// [AWS: CreateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html)
    pub async fn create(db: &Database) -> Result<(), Error>
    where
        M: Model,
    {
        Box::pin(create::model(db, M::layout(), false)).await
    }

    /// Creates the table if it is missing, and waits until it is active. For programs that deploy and run.
    ///
    /// # Errors
    /// [`Error::Usage`] where a table of that name exists with other keys, or with another TTL attribute.
    pub async fn create_if_missing(db: &Database) -> Result<(), Error>
    where
        M: Model,
    {
        Box::pin(create::model(db, M::layout(), true)).await
    }

    /// Whether the table exists.
    ///
    /// # Errors
    /// What the service says.
    pub async fn exists(db: &Database) -> Result<bool, Error>
    where
        M: Model,
    {
        let table = db.table_name(M::layout());
        let answer = repeat(db, "DescribeTable", &table, || {
            db.once().describe_table().table_name(&table).send()
        });
        match answer.await {
            Ok(_) => Ok(true),
            Err(Error::NoSuchTable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// About how many items the table has, of all models: the service counts them about every six hours.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// Table::<Account>::create(&db).await?;
    /// Account { id: 1, balance: 5 }.insert(&db).await?;
    /// assert!(Table::<Account>::estimated_items(&db).await? <= 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchTable`], and what the service says.
    ///
    /// [AWS: TableDescription](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html)
    pub async fn estimated_items(db: &Database) -> Result<u64, Error>
    where
        M: Model,
    {
        let table = db.table_name(M::layout());
        let answer = repeat(db, "DescribeTable", &table, || {
            db.once().describe_table().table_name(&table).send()
        });
        let count = answer.await?.table.and_then(|table| table.item_count);
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Deletes the table and everything in it. Its counter stays, so that no id is given out twice.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`], and what the service says.
    ///
    /// [AWS: DeleteTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html)
    pub async fn delete(db: &Database) -> Result<(), Error>
    where
        M: Model,
    {
        let table = db.table_name(M::layout());
        let request = || db.once().delete_table().table_name(&table).send();
        match repeat_and_tell(db, "DeleteTable", &table, request).await {
            // An earlier attempt was applied, its answer lost.
            (Err(Error::NoSuchTable(_)), true) => Ok(()),
            (Err(Error::Service(error)), true) if error.code == "ResourceInUseException" => Ok(()),
            (answer, _) => answer.map(drop),
        }
    }
}

impl<M> fmt::Debug for Table<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}
