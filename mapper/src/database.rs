//! The handle to a store.

mod blocks;
mod complete;
#[cfg(feature = "aws")]
mod open;
mod schemas;
mod scope;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::cache::{Caches, Caching, read_through};
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::reader::Reader;
use crate::retry::{Attempts, Budget, Observer, RequestReport, RetryPolicy};

use self::blocks::Sequences;
pub(crate) use self::blocks::{Blocks, Given, NAMED, Wanted};
use self::complete::Complete;
use self::schemas::Schemas;
pub(crate) use self::schemas::Upgraded;
pub use self::schemas::WriteBack;
use self::scope::Scope;

/// A store: DynamoDB, or the embedded one. Cheap to clone; every clone is the same store.
///
/// There is no backend trait: a `Database` is an AWS SDK client, and the embedded store is an HTTP client below it, so
/// a program moves between them by changing this one line.
///
/// ```
/// use dynamap::Database;
///
/// let db = Database::new(dynamap::embedded::memory()?);
/// # let _ = db;
/// # Ok::<(), dynamap::embedded::OpenError>(())
/// ```
///
/// Handles that meter or limit what is asked of them are the same store:
///
/// ```
/// use std::time::SystemTime;
/// # use dynamap::{Database, Model, RateLimit, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = dynamap::embedded::memory()?;
/// let db = Database::builder(client).table_prefix("test_").build();
/// assert_eq!(db.table_name(Account::layout()), "test_accounts");
/// assert_eq!(db.table("accounts").full_name(), "test_accounts");
/// assert_eq!(db.retry().deadline.as_secs(), 30);
/// assert!(db.now() <= SystemTime::now());
///
/// let (metered, meter) = db.metered();
/// let slowly = metered.limited(RateLimit::new().write(100));
/// assert!(slowly.is_same(&db));
/// Table::<Account>::create(&slowly).await?;
/// Account { id: 1, balance: 5, version: 0 }.insert(&slowly).await?;
/// assert_eq!(meter.capacity().total().write, 1.0);
/// assert_eq!(db.client().list_tables().send().await?.table_names(), ["test_accounts"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    /// What is counted and limited of the requests of this handle.
    scope: Option<Arc<Scope>>,
}

struct Inner {
    /// As the user gave it.
    client: Client,
    /// The same with the SDK's retries off: the library's own loop must see every attempt.
    once: Client,
    prefix: String,
    retry: RetryPolicy,
    budget: Budget,
    source: Mutex<StdRng>,
    clock: Clock,
    cursor_secret: Option<Vec<u8>>,
    observer: Option<Observer>,
    caches: Option<Caches>,
    forbids_scans: bool,
    schemas: Schemas,
    complete: Complete,
    sequences: Sequences,
}

type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// What can be set about a [`Database`]; from [`Database::builder`].
///
/// ```
/// use std::time::Duration;
/// # use dynamap::{Caching, Database, Model, RetryPolicy, Table, cache::Memory};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key, uuid)] id: uuid::Uuid }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ids = Vec::new();
/// for _ in 0..2 {
///     let mut policy = RetryPolicy::default();
///     policy.deadline = Duration::from_secs(5);
///     let db = Database::builder(dynamap::embedded::memory()?)
///         .table_prefix("test_")
///         .retry(policy)
///         .seed(42)
///         .cache(Caching::new(Memory::new(1 << 20)))
///         .build();
///     assert_eq!(db.retry().deadline.as_secs(), 5);
///     Table::<Order>::create(&db).await?;
///     assert!(db.table("orders").exists().await?);
///     ids.push(Order { id: uuid::Uuid::nil() }.insert(&db).await?.id);
/// }
/// assert_eq!(ids[0], ids[1]); // drawn from one seed
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct DatabaseBuilder {
    client: Client,
    prefix: String,
    retry: RetryPolicy,
    seed: Option<u64>,
    clock: Clock,
    cursor_secret: Option<Vec<u8>>,
    observer: Option<Observer>,
    caching: Option<Caching>,
    forbids_scans: bool,
    schemas: Schemas,
    sequences: Sequences,
}

impl Database {
    /// A store behind any client of the AWS SDK: your own, or `dynamap::embedded::memory()`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self::builder(client).build()
    }

    /// A store with settings.
    pub fn builder(client: Client) -> DatabaseBuilder {
        DatabaseBuilder {
            client,
            prefix: String::new(),
            retry: RetryPolicy::default(),
            seed: None,
            clock: Box::new(SystemTime::now),
            cursor_secret: None,
            observer: None,
            caching: None,
            forbids_scans: false,
            schemas: Schemas::default(),
            sequences: Sequences::default(),
        }
    }

    /// The client as it was given, for what the library does not offer.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Whether this is the same database, perhaps another clone of it, metered or limited or not.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The full name of a model's table: its own name behind the prefix.
    #[must_use]
    pub fn table_name(&self, layout: &Layout) -> String {
        self.prefixed(layout.table)
    }

    /// What the database's clock shows: the time of `created_at`, `updated_at` and `ttl`.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.inner.clock)()
    }

    /// The full name of a table: its name behind the prefix.
    #[must_use]
    pub(crate) fn prefixed(&self, table: &str) -> String {
        [self.inner.prefix.as_str(), table].concat()
    }

    /// The client for the library's own loop.
    pub(crate) fn once(&self) -> &Client {
        &self.inner.once
    }

    /// What cursors are signed with.
    pub(crate) fn cursor_secret(&self) -> Option<&[u8]> {
        self.inner.cursor_secret.as_deref()
    }

    pub(crate) fn forbids_scans(&self) -> bool {
        self.inner.forbids_scans
    }

    /// How long the library keeps trying.
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.inner.retry
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// The cache, where there is one.
    pub(crate) fn caches(&self) -> Option<&Caches> {
        self.inner.caches.as_ref()
    }

    /// Tells whoever observes.
    pub(crate) fn observe(&self, report: &RequestReport<'_>) {
        if let Some(observer) = &self.inner.observer {
            observer(report);
        }
    }

    /// A pause of 0 to `bound` milliseconds.
    pub(crate) fn jitter(&self, bound: u64) -> u64 {
        self.random(|source| source.random_range(0..=bound))
    }

    /// A value that no other write has: tells the library's own lost write from somebody else's.
    pub(crate) fn nonce(&self) -> String {
        format!("{:016x}", self.random(StdRng::random::<u64>))
    }

    /// A client request token, or another id that is never given out twice.
    #[doc(hidden)]
    #[must_use]
    pub fn token(&self) -> String {
        uuid::Builder::from_random_bytes(self.random_bytes()).into_uuid().to_string()
    }

    /// The random part of an id.
    pub(crate) fn random_bytes<const N: usize>(&self) -> [u8; N] {
        self.random(StdRng::random)
    }

    fn random<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.inner.source.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DatabaseBuilder {
    /// Puts a prefix before every table name, such as `staging_`; models never see it.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long the library keeps trying.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Seeds jitter, tokens, nonces and the UUIDs of inserts, so that a failing run can be replayed. For tests: two
    /// programs with one seed would use the same tokens and ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Replaces the system's clock, for tests: what `created_at`, `updated_at`, `ttl` and UUIDs of version 7 are made
    /// from.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use dynamap::Database;
    ///
    /// let noon = UNIX_EPOCH + Duration::from_hours(12);
    /// let db = Database::builder(dynamap::embedded::memory()?).clock(move || noon).build();
    /// assert_eq!(db.now(), noon);
    /// # Ok::<(), dynamap::embedded::OpenError>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Signs cursors (HMAC-SHA256), so that nobody can make one up: a program that gives its cursors to strangers
    /// sets 32 random bytes, the same ones in all of its instances. A cursor that was signed otherwise is
    /// [`Error::ForeignCursor`].
    ///
    /// A cursor is signed, and not encrypted: it shows the key of the item that it stands behind.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = dynamap::embedded::memory()?;
    /// let stranger = Database::new(client.clone());
    /// let db = Database::builder(client).cursor_secret(*b"32 bytes that nobody can guess..").build();
    /// # Table::<DoomMap>::create(&db).await?;
    /// # for map in 1..=2 { DoomMap { episode: 1, map }.insert(&db).await?; }
    /// let made_up = DoomMap::query(&stranger, 1).limit(1).page(None).await?.cursor;
    /// let error = DoomMap::query(&db, 1).limit(1).page(made_up).await.expect_err("not signed");
    /// assert!(matches!(error, Error::ForeignCursor));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cursor_secret(mut self, secret: impl Into<Vec<u8>>) -> Self {
        self.cursor_secret = Some(secret.into());
        self
    }

    /// Is told about every attempt at a request, when it has ended: the place for metrics. Attempts that are dropped half
    /// way are not told. It is called by the task that sent the request, so it should not take long.
    ///
    /// For traces there are spans of the `tracing` crate with OpenTelemetry's names, without any setting: target
    /// `dynamap`, one per request, at level `INFO`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// # use dynamap::{Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let reads = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&reads);
    /// let db = Database::builder(dynamap::embedded::memory()?)
    ///     .on_request(move |request| {
    ///         if request.operation == "GetItem" {
    ///             counter.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .build();
    /// Table::<Account>::create(&db).await?;
    /// Account::get(&db, 1).await?;
    /// assert_eq!(reads.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_request(
        mut self,
        observer: impl Fn(&RequestReport<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Keeps items in a cache: reads by key may be answered by it, and writes tell it what they left. See [`Caching`].
    ///
    /// Consistent reads, transactions, queries and scans never use it. A cache that fails, fails nothing else.
    pub fn cache(mut self, caching: Caching) -> Self {
        self.caching = Some(caching);
        self
    }

    /// Refuses every scan of a table or index with [`Error::ScanForbidden`], before anything is sent: for programs
    /// that answer requests, where a scan that slips in is paid by the size of the table. A
    /// [`Sweep`](crate::Sweep), and what administers unique values, is asked for by name and still reads whole tables.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Database::builder(dynamap::embedded::memory()?).forbid_scans().build();
    /// # Table::<DoomMap>::create(&db).await?;
    /// let refused = DoomMap::scan(&db).try_collect().await;
    /// assert!(matches!(refused, Err(Error::ScanForbidden(table)) if &*table == "maps"));
    /// assert!(DoomMap::query(&db, 1).try_collect().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn forbid_scans(mut self) -> Self {
        self.forbids_scans = true;
        self
    }

    /// The store.
    #[must_use]
    pub fn build(self) -> Database {
        let Self {
            client,
            prefix,
            retry,
            seed,
            clock,
            cursor_secret,
            observer,
            caching,
            forbids_scans,
            schemas,
            sequences,
        } = self;
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        let once = Client::from_conf(config);
        let source = Mutex::new(seed.map_or_else(rand::make_rng, StdRng::seed_from_u64));
        let budget = Budget::new(retry.budget);
        let inner = Inner {
            client,
            once,
            prefix,
            retry,
            budget,
            source,
            clock,
            cursor_secret,
            observer,
            caches: caching.map(Caches::new),
            forbids_scans,
            schemas,
            complete: Complete::default(),
            sequences,
        };
        Database { inner: Arc::new(inner), scope: None }
    }
}

impl Reader for Database {
    fn database(&self) -> &Database {
        self
    }

    async fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>, Error> {
        let table = self.table_name(layout);
        let request = || {
            get_request(self.once(), &table, key, consistent)
                .set_return_consumed_capacity(self.asks_capacity())
        };
        let mut attempts = Attempts::reading(self, "GetItem", &table, None, consistent);
        let answer = attempts.repeat(|| request().send()).await?;
        Ok(answer.item.map(Item::from))
    }

    async fn read_cached(
        &self,
        layout: &'static Layout,
        key: &Key,
        live: Duration,
    ) -> Result<Option<Item>, Error> {
        read_through(self, layout, key, live).await
    }
}

/// The request of a read by key, for whichever client sends it.
pub(crate) fn get_request(
    client: &Client,
    table: &str,
    key: &Key,
    consistent: bool,
) -> GetItemFluentBuilder {
    let key = key.to_item().into_inner();
    client.get_item().table_name(table).set_key(Some(key)).consistent_read(consistent)
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("prefix", &self.inner.prefix).finish_non_exhaustive()
    }
}

impl fmt::Debug for DatabaseBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
