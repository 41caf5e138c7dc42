//! What requests cost: the units that the service reports, added up by table and index.
//!
//! [AWS: read and write operations](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)

pub(crate) mod charge;
mod limit;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};

use self::charge::Charge;
pub use self::limit::RateLimit;
pub(crate) use self::limit::{Limiter, Reserved};
use crate::database::Database;
use crate::model::Model;

/// Capacity in units: of reads (one: up to 4 KB read consistently, up to 8 KB eventually) and of writes (one: up to 1 KB).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::capacity::Units;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let (metered, meter) = db.metered();
/// Account { id: 1, balance: 5, version: 0 }.insert(&metered).await?;
/// Account::get(&metered, 1).consistent().await?;
/// assert_eq!(meter.capacity().total(), Units { read: 1.0, write: 1.0 });
/// # Ok(())
/// # }
/// ```
///
/// [AWS: read and write units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Read capacity units.
    pub read: f64,
    /// Write capacity units.
    pub write: f64,
}

/// What a table or an index was charged.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let (metered, meter) = db.metered();
/// let account = Account { id: 1, balance: 5, version: 0 };
/// account.clone().insert(&metered).await?;
/// assert!(account.insert(&metered).await.is_err()); // refused, and charged all the same
/// let usage = meter.capacity().of::<Account>(&db).table;
/// assert_eq!((usage.reported.write, usage.estimated.write), (1.0, 1.0));
/// assert_eq!(usage.total().write, 2.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// What the service reported.
    pub reported: Units,
    /// What it charged for refused writes, of which it reports nothing: by the size of the item that the condition met,
    /// at least 1, and twice as much in a transaction.
    pub estimated: Units,
}

/// What a table was charged, and how often it was asked.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, status: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Order>::create(&db).await?;
/// let (metered, meter) = db.metered();
/// Order { id: 1, status: "open".into() }.insert(&metered).await?;
/// let usage = meter.capacity().of::<Order>(&db);
/// assert_eq!(usage.table.total().write, 1.0);
/// assert_eq!(usage.indexes["by_status"].total().write, 1.0);
/// assert_eq!(usage.total().write, 2.0);
/// assert_eq!((usage.requests, usage.throttled, usage.unanswered), (1, 0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TableUsage {
    /// The table itself.
    pub table: Usage,
    /// Its indexes, by name. What a local index costs is paid from the table's throughput.
    pub indexes: BTreeMap<String, Usage>,
    /// How many requests were sent, repetitions counted.
    pub requests: u64,
    /// How many of them were throttled, or left a part unprocessed.
    pub throttled: u64,
    /// How many got no answer: the service may have charged them, and nobody knows.
    pub unanswered: u64,
}

/// What was consumed, by table; from [`Meter::capacity`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, status: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::builder(dynamap::embedded::memory()?).table_prefix("test_").build();
/// # Table::<Account>::create(&db).await?;
/// # Table::<Order>::create(&db).await?;
/// let (metered, meter) = db.metered();
/// Account { id: 1, balance: 5, version: 0 }.insert(&metered).await?;
/// Order::get(&metered, 7).await?;
/// let spent = meter.capacity();
/// assert_eq!(spent.tables.keys().collect::<Vec<_>>(), ["test_accounts", "test_orders"]);
/// assert_eq!(spent.of::<Account>(&db).total().write, 1.0);
/// assert_eq!((spent.total().read, spent.total().write), (0.5, 1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Capacity {
    /// By the full name of the table, with the prefix.
    pub tables: BTreeMap<String, TableUsage>,
}

/// Adds up what the requests of a database handle cost; from [`Database::metered`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let (metered, meter) = db.metered();
/// Account { id: 1, balance: 5, version: 0 }.insert(&metered).await?;
/// Account::get(&metered, 1).await?;
///
/// let spent = meter.capacity();
/// assert_eq!((spent.total().write, spent.total().read), (1.0, 0.5));
/// assert_eq!(spent.of::<Account>(&db).requests, 2);
/// assert_eq!(meter.take(), spent);
/// assert_eq!(meter.capacity().total().write, 0.0); // it has begun anew
/// # Ok(())
/// # }
/// ```
///
/// [AWS: ConsumedCapacity](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ConsumedCapacity.html)
#[derive(Clone, Default)]
pub struct Meter {
    capacity: Arc<Mutex<Capacity>>,
}

impl Meter {
    /// What was consumed until now.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.with(|capacity| capacity.clone())
    }

    /// What was consumed since the last call, or the beginning; begins anew.
    #[must_use]
    pub fn take(&self) -> Capacity {
        self.with(std::mem::take)
    }

    pub(crate) fn add(&self, charge: &Charge<'_>) {
        self.with(|capacity| {
            let table = capacity.table(charge.table);
            let usage = match charge.index {
                Some(index) => table.indexes.entry(index.to_owned()).or_default(),
                None => &mut table.table,
            };
            let units = if charge.estimated { &mut usage.estimated } else { &mut usage.reported };
            *units += charge.units;
        });
    }

    /// Notes something that happened with a request of these tables.
    pub(crate) fn count(&self, tables: &str, what: impl Fn(&mut TableUsage)) {
        self.with(|capacity| names(tables).for_each(|table| what(capacity.table(table))));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Capacity) -> T) -> T {
        work(&mut self.capacity.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The tables of a request. AWS: the name of a table has no comma.
pub(crate) fn names(tables: &str) -> impl Iterator<Item = &str> {
    tables.split(", ").filter(|table| !table.is_empty())
}

impl Capacity {
    /// All tables and indexes together, estimates included.
    #[must_use]
    pub fn total(&self) -> Units {
        self.tables.values().map(TableUsage::total).fold(Units::default(), |mut sum, units| {
            sum += units;
            sum
        })
    }

    /// What a model's table was charged.
    #[must_use]
    pub fn of<M: Model>(&self, db: &Database) -> TableUsage {
        self.tables.get(&db.table_name(M::layout())).cloned().unwrap_or_default()
    }

    fn table(&mut self, name: &str) -> &mut TableUsage {
        self.tables.entry(name.to_owned()).or_default()
    }
}

impl TableUsage {
    /// The table and its indexes together, estimates included.
    #[must_use]
    pub fn total(&self) -> Units {
        let mut sum = self.table.total();
        self.indexes.values().for_each(|index| sum += index.total());
        sum
    }
}

impl Usage {
    /// What was reported and what was estimated.
    #[must_use]
    pub fn total(&self) -> Units {
        let mut sum = self.reported;
        sum += self.estimated;
        sum
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.write += other.write;
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("total", &self.capacity().total()).finish_non_exhaustive()
    }
}
