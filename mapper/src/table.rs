//! Tables: creating, comparing, changing, deleting them.
//!
//! * `wanted`: what a table shall be, from its models
//! * `describe`: what a table is; `difference`: in what it is not as wanted
//! * `create`, `update`, `ttl`, `recovery`, `raise`: the requests; `wait`: until the service has done them
//! * `named`: what needs no model

mod create;
mod describe;
mod difference;
mod named;
mod raise;
mod recovery;
mod ttl;
mod update;
mod wait;
mod wanted;

pub(crate) use create::counters as create_counters;
pub use describe::TableInfo;
pub use difference::{Difference, DifferenceKind, Remedy};
pub use named::{DeleteTable, NamedTable};
pub use raise::{RaiseThroughput, Raised, RaisedThroughput};
pub use update::{TableUpdate, TableUpdated};
pub use wait::TableProgress;

use std::fmt;
use std::marker::PhantomData;

use aws_sdk_dynamodb::error::BuildError;

use crate::database::Database;
use crate::error::{Error, ServiceError};
use crate::layout::Layout;
use crate::model::Model;

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
/// assert!(Table::<Account>::verify(&db).await?.is_empty()); // it is as the model wants it
///
/// assert_eq!(Table::<Account>::named(&db).full_name(), "accounts");
/// Table::<Account>::delete(&db).await?;
/// assert!(!Table::<Account>::exists(&db).await?);
/// # Ok(())
/// # }
/// ```
///
/// Several models of one table, and all tables of a program, are made with [`Tables`].
pub struct Table<M>(PhantomData<fn() -> M>);

impl<M> Table<M> {
    /// Creates the table with the model's keys, indexes and settings, and waits until it is active. It is billed per request
    /// unless the model's [`TableSettings`](crate::TableSettings) say otherwise.
    ///
    /// For a model with an auto-increment key the table of counters is created too, if it is missing; for one with unique
    /// values the table of their guards. For a model with a `ttl` field the table's time to live is turned on. If the
    /// future is dropped half-way the service goes on creating.
    ///
    /// # Errors
    /// [`Error::Service`] with code `ResourceInUseException` where the table exists; [`Error::Table`] for a name that no
    /// table can have, before anything is sent.
    ///
    /// [AWS: CreateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html)
    pub async fn create(db: &Database) -> Result<(), Error>
    where
        M: Model,
    {
        Box::pin(create::all(db, &wanted::wanted(db, &[M::layout()])?, false)).await
    }

    /// Creates the table if it is missing, and waits until it is active. For programs that deploy and run.
    ///
    /// Of a table that is there only the keys are compared, and time to live is turned on; [`verify`](Self::verify) compares
    /// the rest.
    ///
    /// # Errors
    /// [`Error::Table`] where a table of that name exists with other keys, or with another TTL attribute.
    pub async fn create_if_missing(db: &Database) -> Result<(), Error>
    where
        M: Model,
    {
        Box::pin(create::all(db, &wanted::wanted(db, &[M::layout()])?, true)).await
    }

    /// Compares the table with what the model wants: keys, indexes, what they hold, time to live, and what the model's
    /// settings say. Nothing where all is as it shall be. Each difference says what can be done about it.
    ///
    /// Of a table that holds several models all of them must be asked together: [`Tables::verify`].
    ///
    /// # Errors
    /// What the service says.
    pub async fn verify(db: &Database) -> Result<Vec<Difference>, Error>
    where
        M: Model,
    {
        Tables::new().with::<M>().verify(db).await
    }

    /// Brings the table to what the model wants, as far as the service can: see [`TableUpdate`], which is awaited, or asked
    /// for its [`plan`](TableUpdate::plan).
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # mod before {
    /// #     #[derive(Debug, Clone, dynamap::Model)]
    /// #     #[model(table = "orders", validate = false)]
    /// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String }
    /// # }
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
    /// struct Order { #[model(hash_key)] id: u64, status: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<before::Order>::create(&db).await?; // in an earlier release, without the index
    /// let plan = Table::<Order>::update(&db).plan().await?;
    /// assert_eq!(
    ///     plan[0].to_string(),
    ///     "orders, index by_status: there is no such index, of global status (S): update it"
    /// );
    /// let updated = Table::<Order>::update(&db).await?;
    /// assert_eq!(updated.done, plan);
    /// assert!(updated.left.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(db: &Database) -> TableUpdate<'_>
    where
        M: Model,
    {
        TableUpdate::of(db, vec![M::layout()])
    }

    /// Whether the table exists.
    ///
    /// # Errors
    /// What the service says.
    pub async fn exists(db: &Database) -> Result<bool, Error>
    where
        M: Model,
    {
        Self::named(db).exists().await
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
        let name = db.table_name(M::layout());
        let found = describe::table(db, &name).await?;
        let found = found.ok_or_else(|| Error::NoSuchTable(name.into()))?;
        Ok(found.item_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Deletes the table, if it holds no items, and waits until it is gone; with everything in it where
    /// [`with_all_items`](DeleteTable::with_all_items) is said. Its counter stays, so that no id is given out twice.
    pub fn delete(db: &Database) -> DeleteTable<'_>
    where
        M: Model,
    {
        Self::named(db).delete()
    }

    /// The handle for what needs no model: describing it, more throughput for a while.
    #[must_use]
    pub fn named(db: &Database) -> NamedTable<'_>
    where
        M: Model,
    {
        db.table(M::layout().table)
    }
}

/// The tables of several models: of a whole program, or of one table that holds several.
///
/// What models of one table want is put together: all their indexes, and in an index what any of them needs.
///
/// ```
/// # use dynamap::{Database, Model};
/// use dynamap::Tables;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "shop", discriminator = "customer", validate = false)]
/// # struct Customer { #[model(hash_key)] id: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "shop", discriminator = "order", gsi(by_day, hash_key = day), validate = false)]
/// # struct Order { #[model(hash_key)] id: String, day: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// let shop = Tables::new().with::<Customer>().with::<Order>();
/// shop.create_if_missing(&db).await?;
/// assert!(shop.verify(&db).await?.is_empty());
/// assert!(shop.update(&db).await?.done.is_empty()); // there was nothing to change
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tables(Vec<&'static Layout>);

impl Tables {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The table of this model too.
    #[must_use]
    pub fn with<M: Model>(mut self) -> Self {
        self.0.push(M::layout());
        self
    }

    /// Creates those that are missing, one after the other, and waits until all are active; see
    /// [`Table::create_if_missing`].
    ///
    /// # Errors
    /// As there; and [`Error::Table`] where two models of one table contradict each other, before anything is sent. What was
    /// created before a failure stays; it can be run again.
    pub async fn create_if_missing(&self, db: &Database) -> Result<(), Error> {
        Box::pin(create::all(db, &wanted::wanted(db, &self.0)?, true)).await
    }

    /// The full names of all of them, those included that the library needs for them: counters, guards of unique values.
    /// Nothing is sent.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Tables};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Database::builder(dynamap::embedded::memory()?).table_prefix("staging_").build();
    /// let names = Tables::new().with::<Account>().names(&db)?;
    /// assert_eq!(names, ["staging_dynamap_counters", "staging_accounts"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Table`] where two models of one table contradict each other.
    pub fn names(&self, db: &Database) -> Result<Vec<String>, Error> {
        Ok(wanted::wanted(db, &self.0)?.into_iter().map(|wanted| wanted.name).collect())
    }

    /// Compares all of them with what their models want; see [`Table::verify`].
    ///
    /// # Errors
    /// What the service says.
    pub async fn verify(&self, db: &Database) -> Result<Vec<Difference>, Error> {
        let mut all = Vec::new();
        for wanted in wanted::wanted(db, &self.0)? {
            let found = Box::pin(describe::describe(db, &wanted.name)).await?;
            all.extend(difference::differences(&wanted, found.as_ref()));
        }
        Ok(all)
    }

    /// Brings all of them to what their models want; see [`Table::update`].
    pub fn update<'a>(&self, db: &'a Database) -> TableUpdate<'a> {
        TableUpdate::of(db, self.0.clone())
    }
}

/// A request that the SDK does not build.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unbuilt(operation: &'static str, table: &str, error: BuildError) -> Error {
    Error::Service(Box::new(ServiceError {
        operation,
        table: table.to_owned(),
        code: String::new(),
        message: error.to_string(),
    }))
}

impl<M> fmt::Debug for Table<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}
