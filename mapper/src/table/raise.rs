//! More throughput for a piece of work, and back.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::TableDescription;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::describe;
use super::difference::throughput;
use super::named::NamedTable;
use super::update::{Sent, index_throughput, send};
use super::wanted::provisioned;
use super::{Table, unbuilt, wait};
use crate::codec::UnixMillis;
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::loaded::Loaded;
use crate::model::Model as _;
use crate::settings::{Billing, Throughput};

/// How long a change that the service has accepted may take to be told.
const UNTOLD: Duration = Duration::from_secs(10);

/// More throughput for a piece of work; from [`NamedTable::raise`].
///
/// What the table has is written down in the table `dynamap_throughput` first, then raised, and restored when the work has
/// ended, whether it succeeded, failed or panicked. Where it was killed, or the service refuses to lower a table's
/// throughput more often that day, the record stays, and [`NamedTable::restore_throughput`] finishes it. That is told by
/// [`Raised::not_restored`], and, also where the work fails, by an event of `tracing`, target `dynamap`, level `WARN`.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::{TableSettings, Throughput};
///
/// static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", settings = SMALL, validate = false)]
/// struct Account { #[model(hash_key)] id: u64, balance: i64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let accounts = Table::<Account>::named(&db);
/// let raised = accounts
///     .raise(Throughput::new(100, 1_000))
///     .run(|| async {
///         let all = (1..=9).map(|id| Account { id, balance: 0 });
///         Account::insert_many(&db, all).await;
///         Ok::<_, Error>("loaded")
///     })
///     .await?;
/// assert_eq!(raised.output, "loaded");
/// assert!(raised.not_restored.is_none());
/// # Ok(())
/// # }
/// ```
///
/// What writes to indexes needs more of theirs, too:
///
/// ```
/// # use dynamap::{Database, Error, Model, Table, TableSettings, Throughput};
/// # static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_status, hash_key = status), settings = SMALL, validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, status: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Order>::create(&db).await?;
/// let orders = Table::<Order>::named(&db);
/// let much = Throughput::new(100, 1_000);
/// let work = || async { Order { id: 1, status: "open".into() }.insert(&db).await };
/// let raised = orders.raise(much).index("by_status", much).run(work).await?;
/// assert_eq!(raised.output.id, 1);
///
/// let refused = orders.raise(much).index("by_day", much).run(work).await;
/// assert!(matches!(refused, Err(Error::Table(_)))); // there is no such index, and nothing was done
/// # Ok(())
/// # }
/// ```
///
/// [AWS: ProvisionedThroughput](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ProvisionedThroughput.html)
#[derive(Debug)]
#[must_use = "nothing is raised until work is run"]
pub struct RaiseThroughput<'a> {
    table: NamedTable<'a>,
    throughput: Throughput,
    indexes: BTreeMap<String, Throughput>,
}

/// What work brought that was done with more throughput.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table, TableSettings, Throughput};
/// # use dynamap::faults::{Fault, Faults};
/// # static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", settings = SMALL, validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let db = Database::new(client);
/// # Table::<Account>::create(&db).await?;
/// let accounts = Table::<Account>::named(&db);
/// let work = || async {
///     // The service does not lower the throughput once more that day.
///     faults.always("UpdateTable", Fault::service("LimitExceededException"));
///     Ok::<_, Error>("loaded")
/// };
/// let raised = accounts.raise(Throughput::new(100, 1_000)).run(work).await?;
/// assert_eq!(raised.output, "loaded");
/// assert!(raised.not_restored.is_some());
///
/// faults.clear(); // on the next day
/// assert!(accounts.restore_throughput().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the throughput may be raised still"]
#[non_exhaustive]
pub struct Raised<T> {
    /// What the work brought.
    pub output: T,
    /// Why the throughput is raised still: [`NamedTable::restore_throughput`] tries again.
    pub not_restored: Option<Error>,
}

/// What a table had before its throughput was raised; in the table `dynamap_throughput`, as long as it is.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table, TableSettings, Throughput};
/// use dynamap::RaisedThroughput;
///
/// # static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", settings = SMALL, validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let look = || async {
///     RaisedThroughput::get(&db, "accounts").consistent().await
/// };
/// let accounts = Table::<Account>::named(&db);
/// let raised = accounts.raise(Throughput::new(100, 1_000)).run(look).await?;
/// let record = raised.output.expect("there, as long as the work lasts");
/// assert_eq!(record.throughput(), Throughput::new(5, 5));
/// assert!(look().await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, dynamap_derive::Model)]
#[model(crate = "crate", table = "dynamap_throughput", validate = false)]
#[non_exhaustive]
pub struct RaisedThroughput {
    /// The table's full name.
    #[model(hash_key)]
    pub table: String,
    /// Read units per second.
    pub read: u32,
    /// Write units per second.
    pub write: u32,
    /// The read and write units of its global indexes.
    pub indexes: BTreeMap<String, Vec<u32>>,
    /// Since when it is raised.
    #[model(with = UnixMillis)]
    pub since: SystemTime,
    #[model(version)]
    version: u64,
}

impl<'a> RaiseThroughput<'a> {
    pub(super) fn of(table: NamedTable<'a>, throughput: Throughput) -> Self {
        Self { table, throughput, indexes: BTreeMap::new() }
    }

    /// Raises a global index too. One that is not named keeps what it has.
    pub fn index(mut self, name: impl Into<String>, throughput: Throughput) -> Self {
        self.indexes.insert(name.into(), throughput);
        self
    }

    /// Does the work with the throughput raised, and restores it. What is higher already is not lowered.
    ///
    /// If the future is dropped half-way, the record stays and the throughput is raised still.
    ///
    /// # Errors
    /// What the work says; [`TableError::PerRequest`] and [`TableError::Raised`], where nothing was done;
    /// [`Error::NoSuchTable`]; what the service says to raising it, and [`TableError::MayBeRaised`] where what was there
    /// could not be restored then.
    pub async fn run<T, E, F>(self, work: impl FnOnce() -> F) -> Result<Raised<T>, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let NamedTable { db, full: name, .. } = &self.table;
        let mut record = keep(db, self.record().await?).await?;
        if let Err(error) = self.begin(&mut record).await {
            // What was raised for all that is restored, or the record stays.
            let is_restored = traced(name, restore(db, name, record).await).is_ok();
            let (table, why) = (name.clone(), error.to_string());
            let maybe = || TableError::MayBeRaised { table, why }.into();
            return Err(if is_restored { error } else { maybe() }.into());
        }
        let worked = AssertUnwindSafe(async { work().await }).catch_unwind().await;
        let restored = traced(name, restore(db, name, record).await);
        let output = worked.unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok(Raised { output, not_restored: restored.err() })
    }

    /// From here on nobody else raises it. What was seen before may be what another one had raised.
    async fn begin(&self, record: &mut Loaded<RaisedThroughput>) -> Result<(), Error> {
        let NamedTable { db, full: name, .. } = &self.table;
        wait::until(db, name, None, |found| found.is_some_and(describe::is_active)).await?;
        let RaisedThroughput { read, write, indexes, .. } = self.record().await?;
        (record.read, record.write, record.indexes) = (read, write, indexes);
        record.save(db).await?;
        self.raise(record).await
    }

    /// What the table has.
    async fn record(&self) -> Result<RaisedThroughput, Error> {
        let NamedTable { db, full: name, .. } = &self.table;
        let Some(found) = describe::table(db, name).await? else {
            return Err(Error::NoSuchTable(name.as_str().into()));
        };
        let Billing::Provisioned(table) = describe::billing(&found) else {
            return Err(TableError::PerRequest { table: name.clone() }.into());
        };
        let names: Vec<_> = found
            .global_secondary_indexes()
            .iter()
            .filter_map(|index| index.index_name())
            .collect();
        if let Some(unknown) = self.indexes.keys().find(|name| !names.contains(&name.as_str())) {
            let what = format!("it has no global index `{unknown}` to raise");
            return Err(TableError::Settings { table: name.clone(), what }.into());
        }
        let indexes = found.global_secondary_indexes().iter().map(|index| {
            let Throughput { read, write } = throughput(index.provisioned_throughput());
            (index.index_name().unwrap_or_default().to_owned(), vec![read, write])
        });
        Ok(RaisedThroughput {
            table: name.clone(),
            read: table.read,
            write: table.write,
            indexes: indexes.collect(),
            since: db.now(),
            version: 0,
        })
    }

    async fn raise(&self, was: &RaisedThroughput) -> Result<(), Error> {
        let higher = |one: Throughput, other: Throughput| Throughput {
            read: one.read.max(other.read),
            write: one.write.max(other.write),
        };
        let indexes = was.indexes().map(|(name, was)| {
            let wanted = self.indexes.get(name).copied();
            (name.to_owned(), wanted.map_or(was, |wanted| higher(was, wanted)))
        });
        let table = higher(was.throughput(), self.throughput);
        let NamedTable { db, full: name, .. } = &self.table;
        let indexes = indexes.collect();
        set(db, name, table, &indexes).await?;
        told(db, name, table, &indexes).await
    }
}

impl RaisedThroughput {
    /// What the table had.
    #[must_use]
    pub fn throughput(&self) -> Throughput {
        Throughput::new(self.read, self.write)
    }

    fn indexes(&self) -> impl Iterator<Item = (&str, Throughput)> {
        self.indexes.iter().map(|(name, units)| {
            let unit = |at: usize| units.get(at).copied().unwrap_or(1);
            (name.as_str(), Throughput::new(unit(0), unit(1)))
        })
    }
}

impl NamedTable<'_> {
    /// Restores the throughput that work has left raised: work that was killed, or that the service did not let lower it.
    /// `false` where there is no record of any.
    ///
    /// Work that is under way goes on with what the table had before.
    ///
    /// # Errors
    /// What the service says, such as `LimitExceededException` where the throughput was lowered too often today. The record
    /// stays then.
    pub async fn restore_throughput(&self) -> Result<bool, Error> {
        let record = match RaisedThroughput::get(self.db, self.full.as_str()).consistent().await {
            Err(Error::NoSuchTable(_)) => None,
            record => record?,
        };
        match record {
            None => Ok(false),
            Some(record) => restore(self.db, &self.full, record).await.map(|()| true),
        }
    }
}

/// Writes down what the table had, unless somebody did.
async fn keep(db: &Database, record: RaisedThroughput) -> Result<Loaded<RaisedThroughput>, Error> {
    Table::<RaisedThroughput>::create_if_missing(db).await?;
    let table = record.table.clone();
    match record.insert(db).await {
        Err(error @ Error::Conflict(_)) => {
            let other = error.winner::<RaisedThroughput>()?;
            let since = other.map(|other| DateTime::from(other.since));
            let since =
                since.and_then(|since| since.fmt(Format::DateTime).ok()).unwrap_or_default();
            Err(TableError::Raised { table, since }.into())
        }
        kept => kept,
    }
}

/// Whatever became of the work, somebody should look at a table that is raised still.
fn traced(table: &str, restored: Result<(), Error>) -> Result<(), Error> {
    if let Err(error) = &restored {
        tracing::warn!(target: "dynamap", table, %error, "the throughput is raised still");
    }
    restored
}

/// Waits until the table tells what was restored: only then the record may go.
async fn restore(db: &Database, name: &str, record: Loaded<RaisedThroughput>) -> Result<(), Error> {
    let indexes = record.indexes().map(|(name, was)| (name.to_owned(), was)).collect();
    set(db, name, record.throughput(), &indexes).await?;
    told(db, name, record.throughput(), &indexes).await?;
    record.delete(db).await.map(drop)
}

/// Sets what the table does not have.
async fn set(
    db: &Database,
    name: &str,
    table: Throughput,
    indexes: &BTreeMap<String, Throughput>,
) -> Result<(), Error> {
    loop {
        let active = |found: Option<&_>| found.is_none_or(describe::is_active);
        let Some(found) = wait::until(db, name, None, active).await? else {
            return Err(Error::NoSuchTable(name.into()));
        };
        let request = change(db, &found, table, indexes)
            .map_err(|error| unbuilt("UpdateTable", name, error))?;
        match request {
            None => return Ok(()),
            Some(request) => match send(db, name, request.table_name(name)).await? {
                Sent::Accepted => return Ok(()),
                Sent::Busy => wait::pause(1).await,
            },
        }
    }
}

/// Waits until the table tells the throughput that was set: descriptions are eventually consistent.
async fn told(
    db: &Database,
    name: &str,
    table: Throughput,
    indexes: &BTreeMap<String, Throughput>,
) -> Result<(), Error> {
    let began = Instant::now();
    let is_so = |found: &TableDescription| {
        matches!(change(db, found, table, indexes), Ok(None)) || began.elapsed() > UNTOLD
    };
    let ready = |found: Option<&TableDescription>| {
        found.is_none_or(|found| describe::is_active(found) && is_so(found))
    };
    wait::until(db, name, None, ready).await.map(drop)
}

/// The request that makes the difference; none where there is none.
fn change(
    db: &Database,
    found: &TableDescription,
    table: Throughput,
    indexes: &BTreeMap<String, Throughput>,
) -> Result<Option<UpdateTableFluentBuilder>, BuildError> {
    let Billing::Provisioned(has) = describe::billing(found) else { return Ok(None) };
    let mut request = db.once().update_table();
    if has != table {
        request = request.provisioned_throughput(provisioned(table)?);
    }
    let mut is_same = has == table;
    for index in found.global_secondary_indexes() {
        let name = index.index_name().unwrap_or_default();
        let has = throughput(index.provisioned_throughput());
        if let Some(wanted) = indexes.get(name).filter(|wanted| **wanted != has) {
            request = request.global_secondary_index_updates(index_throughput(name, *wanted)?);
            is_same = false;
        }
    }
    Ok((!is_same).then_some(request))
}
