//! What can be set about a database's cache.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::report::CacheReport;
use super::{AnyCache, Cache};
use crate::layout::Layout;
use crate::model::Model;

/// A cache and what is kept in it, for [`DatabaseBuilder::cache`](crate::DatabaseBuilder::cache).
///
/// Nothing is read from a cache until it is said for how long: for a model ([`model`](Caching::model)), for every model
/// ([`every_model`](Caching::every_model)), or for a single read ([`Get::cached_for`](crate::Get::cached_for)). The single
/// read counts before its model, the model before every model. Every write of the database is told to the cache all the
/// same, so that no program reads from it what this one has overwritten.
///
/// ```
/// use std::time::Duration;
/// # use dynamap::{Database, Model, Table};
/// use dynamap::Caching;
/// use dynamap::cache::Memory;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let caching = Caching::new(Memory::new(64 << 20)).model::<Account>(Duration::from_secs(60));
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let (metered, meter) = db.metered();
/// let ann = Account::get(&metered, 1).await?.expect("there");
/// assert_eq!(ann.balance, 5);
/// assert_eq!(meter.capacity().total().read, 0.0); // the insert has put it into the cache
/// # Ok(())
/// # }
/// ```
///
/// What is kept, for how long, and who is told:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// # use dynamap::{Caching, Database, Model, Table, cache::{CacheOutcome, Memory}};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "payments", validate = false)]
/// # struct Payment { #[model(hash_key)] id: u64, amount: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hits = Arc::new(AtomicU64::new(0));
/// let count = Arc::clone(&hits);
/// let caching = Caching::new(Memory::new(64 << 20))
///     .every_model(Duration::from_secs(60))
///     .not_model::<Payment>()
///     .absent_for(Duration::from_secs(5))
///     .prefix("eu-central-1")
///     .buried_for(Duration::from_secs(20))
///     .timeout(Duration::from_millis(50))
///     .on_report(move |report| {
///         if matches!(report.outcome, CacheOutcome::Hit) {
///             count.fetch_add(1, Ordering::Relaxed);
///         }
///     });
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Profile>::create(&db).await?;
/// # Table::<Payment>::create(&db).await?;
/// for _ in 0..2 {
///     assert!(Profile::get(&db, "nobody").await?.is_none()); // the second time the cache says so
///     assert!(Payment::get(&db, 1).await?.is_none()); // the store says so, each time
/// }
/// assert_eq!(hits.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "a cache is used by the database that it is given to"]
#[derive(Clone)]
pub struct Caching {
    pub(super) cache: Arc<dyn AnyCache>,
    pub(super) prefix: Option<String>,
    pub(super) every: Option<Duration>,
    pub(super) models: Vec<(&'static Layout, Option<Duration>)>,
    pub(super) absent: Option<Duration>,
    pub(super) buried: Duration,
    pub(super) patience: Duration,
    pub(super) observer: Option<Observer>,
}

/// Who is told what became of asking the cache.
type Observer = Arc<dyn Fn(&CacheReport<'_>) + Send + Sync>;

impl Caching {
    /// Uses this cache, for nothing yet.
    pub fn new(cache: impl Cache) -> Self {
        Self {
            cache: Arc::new(cache),
            prefix: None,
            every: None,
            models: Vec::new(),
            absent: None,
            buried: Duration::from_secs(10),
            patience: Duration::from_millis(100),
            observer: None,
        }
    }

    /// Reads the items of every model from the cache, for so long after they were put there, whoever put them there and
    /// for how long. What counts is the clock of the [database](crate::DatabaseBuilder::clock) that reads, and that of
    /// the one that put: what was put in the future was put now.
    pub fn every_model(mut self, live: Duration) -> Self {
        self.every = Some(live);
        self
    }

    /// Reads the items of this model from the cache, for so long after they were put there, as
    /// [`every_model`](Self::every_model) does.
    pub fn model<M: Model>(self, live: Duration) -> Self {
        self.set(M::layout(), Some(live))
    }

    /// Reads the items of this model from the store, whatever is said of every model.
    pub fn not_model<M: Model>(self) -> Self {
        self.set(M::layout(), None)
    }

    fn set(mut self, layout: &'static Layout, live: Option<Duration>) -> Self {
        self.models.retain(|(other, _)| !std::ptr::eq(*other, layout));
        self.models.push((layout, live));
        self
    }

    /// Remembers for so long that there is no item with a key. Without it a read that finds nothing asks the store each
    /// time, also where another program remembers. It is not remembered for longer than an item would be kept. Only what
    /// the store answered is remembered, never an error.
    pub fn absent_for(mut self, live: Duration) -> Self {
        self.absent = Some(live);
        self
    }

    /// What the cache's keys begin with, instead of the table's full name: for a cache that several stores share whose
    /// tables have the same names, such as those of two regions or accounts. The table counts besides.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dynamap::{Caching, Database, Model, Table, cache::Memory};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let memory = Memory::new(1 << 20); // its clones are one cache
    /// for (region, balance) in [("us-east-1", 5), ("us-west-2", 7)] {
    ///     let caching = Caching::new(memory.clone()).every_model(Duration::from_secs(60)).prefix(region);
    ///     let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
    /// #     Table::<Account>::create(&db).await?;
    ///     Account { id: 1, balance, version: 0 }.insert(&db).await?; // and into the cache
    ///     let (metered, meter) = db.metered();
    ///     assert_eq!(Account::get(&metered, 1).await?.expect("there").balance, balance);
    ///     assert_eq!(meter.capacity().total().read, 0.0);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// How long nothing is put into the place of an item that was deleted, or of which is not known what it is now; 10
    /// seconds at first.
    ///
    /// Meanwhile reads go to the store. It must be longer than a read takes: a read that began before the write may
    /// arrive at the cache after it. What was read for more than half of that time is not put into the cache, and what is
    /// being put is given up after the other half. Every entry stands in the cache for at least this time, in the way of
    /// what is older, however short its own is. Programs that share a cache need the same time: the reads of one count
    /// on the places that another keeps free.
    pub fn buried_for(mut self, time: Duration) -> Self {
        self.buried = time;
        self
    }

    /// How long the cache may take to answer; 100 milliseconds at first. Then a read goes to the store, and for a second
    /// no read asks the cache. A write of many items does not wait any more once it has waited so long for one of them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use dynamap::cache::{Cache, CacheError, Cached};
    /// # use dynamap::{Caching, Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// /// A server that never answers.
    /// struct Silent;
    ///
    /// impl Cache for Silent {
    ///     async fn get(&self, _: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
    ///         std::future::pending().await
    ///     }
    ///     // …
    /// #     async fn set(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<(), CacheError> {
    /// #         std::future::pending().await
    /// #     }
    /// #     async fn compare_and_set(
    /// #         &self, _: &str, _: Option<&Cached>, _: Vec<u8>, _: Duration,
    /// #     ) -> Result<bool, CacheError> {
    /// #         std::future::pending().await
    /// #     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let second = Duration::from_secs(1);
    /// let caching = Caching::new(Silent).every_model(60 * second).timeout(second / 20);
    /// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
    /// # Table::<Account>::create(&db).await?;
    /// let began = tokio::time::Instant::now(); // of a paused clock
    /// for _ in 0..3 {
    ///     assert!(Account::get(&db, 1).await?.is_none()); // the store says so
    /// }
    /// assert!((second / 20..second / 10).contains(&began.elapsed())); // it was waited for once
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Is told what became of asking the cache: the place for hit rates and alarms. What failed is also an event of the
    /// `tracing` crate, target `dynamap`, level `WARN`.
    pub fn on_report(
        mut self,
        observer: impl Fn(&CacheReport<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// How long ago what is found, or that there is nothing, may have been put for a read that takes items for so long.
    pub(super) fn bound(&self, is_there: bool, live: Duration) -> Duration {
        if is_there { live } else { self.absent.unwrap_or_default().min(live) }
    }

    /// How long items of a model are kept, where they are.
    pub(super) fn live(&self, layout: &'static Layout) -> Option<Duration> {
        let own = self.models.iter().find(|(other, _)| std::ptr::eq(*other, layout));
        own.map_or(self.every, |(_, live)| *live)
    }
}

impl fmt::Debug for Caching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caching")
            .field("prefix", &self.prefix)
            .field("every_model", &self.every)
            .finish_non_exhaustive()
    }
}
