//! What is told about a cache: names and outcomes, never an attribute value.

use super::CacheError;

/// What became of asking the cache about one item; what [`Caching::on_report`](crate::Caching::on_report) is told.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use std::sync::{Arc, Mutex};
/// # use std::time::Duration;
/// # use dynamap::{Caching, Database, Model, Table};
/// use dynamap::cache::{CacheOutcome, CacheReport, Memory};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// /// Hits and reads, by table.
/// type Rates = BTreeMap<String, (u64, u64)>;
///
/// fn note(rates: &mut Rates, report: &CacheReport<'_>) {
///     let (hits, reads) = rates.entry(report.table.to_owned()).or_default();
///     match report.outcome {
///         CacheOutcome::Hit => (*hits, *reads) = (*hits + 1, *reads + 1),
///         CacheOutcome::Miss | CacheOutcome::Unreadable => *reads += 1,
///         _ => {}
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rates = Arc::new(Mutex::new(Rates::new()));
/// let told = Arc::clone(&rates);
/// let caching = Caching::new(Memory::new(1 << 20))
///     .model::<Account>(Duration::from_secs(60))
///     .on_report(move |report| note(&mut told.lock().expect("one thread"), report));
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&Database::new(db.client().clone())).await?;
/// for _ in 0..3 {
///     Account::get(&db, 1).await?;
/// }
/// assert_eq!(rates.lock().expect("one thread")["accounts"], (2, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CacheReport<'a> {
    /// The full name of the item's table.
    pub table: &'a str,
    /// What became of it.
    pub outcome: CacheOutcome<'a>,
}

/// What became of asking the cache.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use std::time::Duration;
/// # use dynamap::{Caching, Database, Model, Table};
/// use dynamap::cache::{CacheOutcome, Memory};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let told = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&told);
/// let caching = Caching::new(Memory::new(1 << 20)).model::<Account>(Duration::from_secs(60)).on_report(move |report| {
///     log.lock().expect("one thread").push(match report.outcome {
///         CacheOutcome::Hit => "hit",
///         CacheOutcome::Miss => "miss",
///         CacheOutcome::Put => "put",
///         CacheOutcome::Evicted => "evicted",
///         _ => "something to look at",
///     });
/// });
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Account>::create(&db).await?;
/// let mut ann = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?; // put
/// Account::get(&db, 1).await?; // hit
/// ann.balance = 6;
/// ann.save(&db).await?; // put
/// ann.delete(&db).await?; // evicted
/// assert!(Account::get(&db, 1).await?.is_none()); // miss
/// assert_eq!(*told.lock().expect("one thread"), ["put", "hit", "put", "evicted", "miss"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum CacheOutcome<'a> {
    /// A read found the item, or that there is none.
    Hit,
    /// A read found nothing, or what was put longer ago than it takes, and went to the store.
    Miss,
    /// A read found what is no entry of this library, or of another layout, and went to the store.
    Unreadable,
    /// What was read or written stands in the cache.
    Put,
    /// What was read or written was not put: what stands there is newer, nothing may stand there yet, or what was read is
    /// more than the cache takes.
    Refused,
    /// What stood there is gone, and nothing is put in its place for some seconds.
    Evicted,
    /// The cache did not do what it was asked. The read went to the store; what was written is written, and what the
    /// cache holds of it may be old until its time is over, unless [`Evicted`](Self::Evicted) follows.
    Failed(&'a CacheError),
}

impl CacheReport<'_> {
    /// Traces what somebody should look at.
    pub(super) fn trace(&self) {
        let table = self.table;
        match self.outcome {
            CacheOutcome::Unreadable => {
                tracing::warn!(target: "dynamap", table, "the cache holds what is no item of this library");
            }
            CacheOutcome::Failed(error) => {
                tracing::warn!(target: "dynamap", table, %error, "the cache failed");
            }
            _ => {}
        }
    }
}
