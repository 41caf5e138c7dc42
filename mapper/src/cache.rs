//! Items in a cache: what a cache must do, and how reads and writes use it.
//!
//! A read asks the cache before the store, and puts there what the store said; a write puts what it left, or buries what
//! it cannot order. What an entry may replace is decided in one place, `merge`.

mod entry;
mod flight;
mod look;
mod many;
mod name;
mod put;
mod report;
mod settings;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::look::{Kept, read_through};
pub(crate) use self::many::{Left, Looked, fill_many, look_many, tell_many};
pub use self::report::{CacheOutcome, CacheReport};
pub use self::settings::Caching;

use self::flight::Flights;
use crate::read::BoxFuture;

/// How long reads leave a cache alone that failed.
const REST: Duration = Duration::from_secs(1);

/// Where items are kept for a while: a program's memory, a server. Give one to [`Caching::new`].
///
/// Keys are up to 250 bytes of ASCII without spaces. Values are bytes, a few hundred KB at most for nearly all items and
/// some MB for those of very many small values ([`largest`](Cache::largest)); an entry whose time is over is not
/// returned any more. A cache may forget entries at any time. A future that is dropped half-way must leave the cache in
/// order, and may have had its effect: the library gives up waiting after [`Caching::timeout`].
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::Duration;
/// use dynamap::cache::{Cache, CacheError, Cached};
///
/// /// A map, for tests: it keeps everything.
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<String, Vec<u8>>>);
///
/// impl Cache for Map {
///     async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
///         let map = self.0.lock().map_err(|_| CacheError::new("poisoned"))?;
///         Ok(keys.iter().map(|key| map.get(key).cloned().map(|value| Cached { value, stamp: 0 })).collect())
///     }
///
///     async fn set(&self, key: &str, value: Vec<u8>, _: Duration) -> Result<(), CacheError> {
///         self.0.lock().map_err(|_| CacheError::new("poisoned"))?.insert(key.to_owned(), value);
///         Ok(())
///     }
///
///     async fn compare_and_set(
///         &self, key: &str, seen: Option<&Cached>, value: Vec<u8>, _: Duration,
///     ) -> Result<bool, CacheError> {
///         let mut map = self.0.lock().map_err(|_| CacheError::new("poisoned"))?;
///         let is_same = map.get(key) == seen.map(|seen| &seen.value);
///         if is_same {
///             map.insert(key.to_owned(), value);
///         }
///         Ok(is_same)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CacheError> {
/// let map = Map::default();
/// let hour = Duration::from_hours(1);
/// assert!(map.compare_and_set("a", None, b"1".to_vec(), hour).await?);
/// assert!(!map.compare_and_set("a", None, b"2".to_vec(), hour).await?);
/// # Ok(())
/// # }
/// ```
pub trait Cache: Send + Sync + 'static {
    /// What stands under these keys, in their order.
    ///
    /// # Errors
    /// Where the cache cannot be asked.
    fn get(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<Vec<Option<Cached>>, CacheError>> + Send;

    /// Puts a value, whatever stands there.
    ///
    /// # Errors
    /// Where the cache cannot be asked.
    fn set(
        &self,
        key: &str,
        value: Vec<u8>,
        live: Duration,
    ) -> impl Future<Output = Result<(), CacheError>> + Send;

    /// Puts a value if what stands there is what was seen, or nothing if nothing was; whether it was put.
    ///
    /// # Errors
    /// Where the cache cannot be asked.
    fn compare_and_set(
        &self,
        key: &str,
        seen: Option<&Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> impl Future<Output = Result<bool, CacheError>> + Send;

    /// The largest value that it takes, in bytes; `None` where it takes every one, as it is unless you say so.
    ///
    /// An item that is larger is not kept, and costs the cache no request that fails.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use std::time::Duration;
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::Caching;
    /// use dynamap::cache::{Cache, CacheError, CacheOutcome, Cached, Memory};
    ///
    /// /// A server that takes values of up to 1 KB.
    /// struct Small(Memory);
    ///
    /// impl Cache for Small {
    ///     fn largest(&self) -> Option<usize> {
    ///         Some(1_024)
    ///     }
    ///     // …
    /// #     async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
    /// #         self.0.get(keys).await
    /// #     }
    /// #     async fn set(&self, key: &str, value: Vec<u8>, live: Duration) -> Result<(), CacheError> {
    /// #         assert!(value.len() <= 1_024);
    /// #         self.0.set(key, value, live).await
    /// #     }
    /// #     async fn compare_and_set(
    /// #         &self, key: &str, seen: Option<&Cached>, value: Vec<u8>, live: Duration,
    /// #     ) -> Result<bool, CacheError> {
    /// #         assert!(value.len() <= 1_024);
    /// #         self.0.compare_and_set(key, seen, value, live).await
    /// #     }
    /// }
    ///
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "notes", validate = false)]
    /// # struct Note { #[model(hash_key)] id: u64, text: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let refused = Arc::new(Mutex::new(0));
    /// let count = Arc::clone(&refused);
    /// let caching = Caching::new(Small(Memory::new(1 << 20))).on_report(move |report| {
    ///     if matches!(report.outcome, CacheOutcome::Refused) {
    ///         *count.lock().expect("one thread") += 1;
    ///     }
    /// });
    /// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
    /// # Table::<Note>::create(&db).await?;
    /// # let plain = Database::new(db.client().clone());
    /// # Note { id: 1, text: "short".into() }.insert(&plain).await?;
    /// # Note { id: 2, text: "long ".repeat(1_000) }.insert(&plain).await?;
    /// for id in [1, 2] {
    ///     assert!(Note::get(&db, id).cached_for(Duration::from_secs(60)).await?.is_some());
    /// }
    /// assert_eq!(*refused.lock().expect("one thread"), 1); // the long one was read, and is not kept
    /// # Ok(())
    /// # }
    /// ```
    fn largest(&self) -> Option<usize> {
        None
    }
}

/// What stands under a key.
///
/// ```
/// # use std::time::Duration;
/// use dynamap::cache::{Cache, CacheError, Cached, Memory};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CacheError> {
/// # let hour = Duration::from_hours(1);
/// let memory = Memory::new(1 << 20);
/// memory.set("a", b"1".to_vec(), hour).await?;
/// let seen: Option<Cached> = memory.get(&["a".to_owned()]).await?.remove(0);
/// assert_eq!(seen.as_ref().map(|seen| seen.value.as_slice()), Some(b"1".as_slice()));
/// assert!(memory.compare_and_set("a", seen.as_ref(), b"2".to_vec(), hour).await?);
/// assert!(!memory.compare_and_set("a", seen.as_ref(), b"3".to_vec(), hour).await?); // it is not what was seen any more
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The value.
    pub value: Vec<u8>,
    /// What the cache knows this state of the entry by, where it does not compare values.
    pub stamp: u64,
}

/// Why a cache did not do what it was asked. It fails no read and no write.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use std::time::Duration;
/// # use dynamap::{Caching, Database, Model, Table};
/// use dynamap::cache::{Cache, CacheError, CacheOutcome, Cached};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// /// A server that is away.
/// struct Away;
///
/// impl Cache for Away {
///     async fn get(&self, _: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
///         Err(CacheError::new(std::io::Error::other("the server is away")))
///     }
///     // …
/// #     async fn set(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<(), CacheError> {
/// #         Err(CacheError::new("the server is away"))
/// #     }
/// #     async fn compare_and_set(
/// #         &self, _: &str, _: Option<&Cached>, _: Vec<u8>, _: Duration,
/// #     ) -> Result<bool, CacheError> {
/// #         Err(CacheError::new("the server is away"))
/// #     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let failures = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&failures);
/// let caching = Caching::new(Away).model::<Account>(Duration::from_secs(60)).on_report(move |report| {
///     if let CacheOutcome::Failed(error) = report.outcome {
///         log.lock().expect("one thread").push(error.to_string());
///     }
/// });
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&Database::new(db.client().clone())).await?;
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5); // from the store
/// assert_eq!(*failures.lock().expect("one thread"), ["the server is away"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CacheError(Box<dyn StdError + Send + Sync>);

impl CacheError {
    /// An error of a cache, without values.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// Whether the library did not wait any longer.
    fn is_late(&self) -> bool {
        self.0.is::<Late>()
    }
}

/// A cache that gave no answer in time.
#[derive(Debug)]
struct Late;

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer in time")
    }
}

impl StdError for Late {}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for CacheError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// [`Cache`] as an object.
trait AnyCache: Send + Sync {
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Cached>>, CacheError>>;

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Vec<u8>,
        live: Duration,
    ) -> BoxFuture<'a, Result<(), CacheError>>;

    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        seen: Option<&'a Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> BoxFuture<'a, Result<bool, CacheError>>;

    fn largest(&self) -> Option<usize>;
}

impl<C: Cache> AnyCache for C {
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<Cached>>, CacheError>> {
        Box::pin(Cache::get(self, keys))
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: Vec<u8>,
        live: Duration,
    ) -> BoxFuture<'a, Result<(), CacheError>> {
        Box::pin(Cache::set(self, key, value, live))
    }

    fn compare_and_set<'a>(
        &'a self,
        key: &'a str,
        seen: Option<&'a Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> BoxFuture<'a, Result<bool, CacheError>> {
        Box::pin(Cache::compare_and_set(self, key, seen, value, live))
    }

    fn largest(&self) -> Option<usize> {
        Cache::largest(self)
    }
}

/// The cache of a database.
pub(crate) struct Caches {
    settings: Caching,
    flights: Flights,
    /// Until when reads leave the cache alone.
    rests: Mutex<Option<Instant>>,
}

impl Caches {
    pub(crate) fn new(settings: Caching) -> Self {
        Self { settings, flights: Flights::default(), rests: Mutex::default() }
    }

    /// Waits for the cache, and not for long.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> Result<T, CacheError> {
        self.within(Duration::MAX, answer).await
    }

    /// As [`in_time`](Self::in_time), and no longer than this.
    async fn within<T>(
        &self,
        most: Duration,
        answer: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> Result<T, CacheError> {
        let answer = tokio::time::timeout(self.settings.patience.min(most), answer);
        answer.await.unwrap_or_else(|_| Err(CacheError::new(Late)))
    }

    fn is_resting(&self) -> bool {
        let rests = *self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        *rests = Some(Instant::now() + REST);
    }

    fn tell(&self, table: &str, outcome: CacheOutcome<'_>) {
        let report = CacheReport { table, outcome };
        report.trace();
        if let Some(observer) = &self.settings.observer {
            observer(&report);
        }
    }
}
