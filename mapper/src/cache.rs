//! Items in a cache: what a cache must do, and how reads and writes use it.
//!
//! A read asks the cache before the store, and puts there what the store said; a write puts what it left, or buries what
//! it cannot order. What an entry may replace is decided in one place, `merge`.

mod entry;
mod flight;
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

pub(crate) use self::many::{Looked, fill_many, look_many};
pub use self::report::{CacheOutcome, CacheReport};
pub use self::settings::Caching;

use self::entry::Entry;
use self::flight::Flights;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::read::BoxFuture;
use crate::reader::Reader;

/// How long reads leave a cache alone that failed.
const REST: Duration = Duration::from_secs(1);

/// Where items are kept for a while: a program's memory, a server. Give one to [`Caching::new`].
///
/// Keys are up to 250 bytes of ASCII without spaces. Values are bytes, up to 500 KB; an entry whose time is over is not
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
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The value.
    pub value: Vec<u8>,
    /// What the cache knows this state of the entry by, where it does not compare values.
    pub stamp: u64,
}

/// Why a cache did not do what it was asked. It fails no read and no write.
#[derive(Debug)]
pub struct CacheError(Box<dyn StdError + Send + Sync>);

impl CacheError {
    /// An error of a cache, without values.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

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
}

/// The cache of a database.
pub(crate) struct Caches {
    settings: Caching,
    flights: Flights,
    /// Until when reads leave the cache alone.
    rests: Mutex<Option<Instant>>,
}

/// Whether a read may be answered by the cache.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Kept {
    /// As is set for the model.
    #[default]
    AsSet,
    For(Duration),
    Not,
}

impl Kept {
    /// How long the items of a model are kept for this read, where they are.
    pub(crate) fn live(self, db: &Database, layout: &'static Layout) -> Option<Duration> {
        match self {
            Self::AsSet => db.caches()?.settings.live(layout),
            Self::For(live) => Some(live),
            Self::Not => None,
        }
    }
}

/// What a read found in the cache.
enum Seen {
    Hit(Option<Item>),
    /// Nothing; what is put must replace this.
    Miss(Option<Cached>),
    /// Nothing may be put.
    Closed,
}

impl Caches {
    pub(crate) fn new(settings: Caching) -> Self {
        Self { settings, flights: Flights::default(), rests: Mutex::default() }
    }

    /// Asks about items, each with its name.
    async fn look(&self, targets: &[&Target], names: &[String]) -> Vec<Seen> {
        if self.is_resting() {
            return targets.iter().map(|_| Seen::Closed).collect();
        }
        let found = self.in_time(self.settings.cache.get(names)).await.and_then(|found| {
            let is_whole = found.len() == names.len();
            if is_whole { Ok(found) } else { Err(CacheError::new("an answer about other keys")) }
        });
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.rest();
                let failed = |target: &&Target| {
                    self.tell(&target.table, CacheOutcome::Failed(&error));
                    Seen::Closed
                };
                return targets.iter().map(failed).collect();
            }
        };
        let seen = |((target, name), found): ((&&Target, &String), Option<Cached>)| {
            let entry = found.as_ref().map(|found| Entry::of_bytes(name, &found.value));
            let (seen, outcome) = match entry {
                Some(Some(Entry::Item(item))) => (Seen::Hit(Some(item)), CacheOutcome::Hit),
                Some(Some(Entry::Absent)) => (Seen::Hit(None), CacheOutcome::Hit),
                Some(Some(Entry::Buried)) => (Seen::Closed, CacheOutcome::Miss),
                Some(None) => (Seen::Miss(found), CacheOutcome::Unreadable),
                None => (Seen::Miss(None), CacheOutcome::Miss),
            };
            self.tell(&target.table, outcome);
            seen
        };
        targets.iter().zip(names).zip(found).map(seen).collect()
    }

    /// Waits for the cache, and not for long.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, CacheError>> + Send,
    ) -> Result<T, CacheError> {
        let late = |_| Err(CacheError::new("no answer in time"));
        tokio::time::timeout(self.settings.patience, answer).await.unwrap_or_else(late)
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

/// The item with this key, from the cache or from the reader, and then put into the cache.
pub(crate) async fn read_through(
    reader: &impl Reader,
    layout: &'static Layout,
    key: &Key,
    live: Duration,
) -> Result<Option<Item>, Error> {
    let db: &Database = reader.database();
    let Some(caches) = db.caches() else {
        return reader.read_item(layout, key, false).await;
    };
    let target = Target { table: db.table_name(layout), key: key.clone() };
    let name = caches.name(&target);
    let read = async {
        let seen = caches.look(&[&target], std::slice::from_ref(&name)).await.pop();
        if let Some(Seen::Hit(item)) = seen {
            return Ok(item);
        }
        let began = Instant::now();
        let item = reader.read_item(layout, key, false).await?;
        if let Some(Seen::Miss(seen)) = seen {
            caches.fill(layout, &target, &name, seen, item.as_ref(), (live, began)).await;
        }
        Ok(item)
    };
    // Boxed: the futures of requests are large.
    caches.flights.share(&name, Box::pin(read)).await
}
