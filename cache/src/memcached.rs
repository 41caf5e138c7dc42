//! A Memcached server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_memcached::{Client, Error, MetaProtocol as _, Status};
use dynamap_mapper::cache::{Cache, CacheError, Cached};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many connections are open at once.
const CONNECTIONS: usize = 8;

/// Memcached takes a longer time for a date.
const LONGEST: u64 = 30 * 24 * 60 * 60;

/// How much of an item's memory the server needs for itself, and for the key.
const OVERHEAD: usize = 512;

/// Items in a Memcached server, 1.6 or later: every program that uses the same one sees the others' writes.
///
/// A server takes items of up to 1 MB, unless it is told otherwise ([`item_size`](Self::item_size)). What is larger is not
/// kept.
///
/// Up to 8 connections are made as they are needed. One on which a request failed, or was given up, is closed, so that no
/// answer is taken for that of another request. Clones share them. Times are whole seconds, rounded up.
///
/// ```
/// use dynamap::cache::{Cache as _, Memcached};
///
/// let memcached = Memcached::new("tcp://127.0.0.1:11211"); // nothing is sent yet
/// assert_eq!(memcached.largest(), Some((1 << 20) - 512)); // of 1 MB the server needs some itself
/// ```
#[derive(Clone)]
pub struct Memcached {
    pool: Arc<Pool>,
    largest: usize,
}

struct Pool {
    address: String,
    permits: Semaphore,
    idle: Mutex<Vec<Client>>,
}

/// A connection that is in use. Dropped it is closed; only one whose request was answered goes back.
struct Lent<'a> {
    client: Client,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Memcached {
    /// The server at an address such as `tcp://127.0.0.1:11211` or `unix:///run/memcached.sock`. Nothing is sent yet.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        let (permits, idle) = (Semaphore::new(CONNECTIONS), Mutex::default());
        let pool = Arc::new(Pool { address: address.into(), permits, idle });
        Self { pool, largest: 0 }.item_size(1 << 20)
    }

    /// For a server whose largest item has so many bytes: the option `-I`, or `item_size_max`. Of those it needs 512 for
    /// the key and for itself.
    ///
    /// ```
    /// use dynamap::cache::{Cache as _, Memcached};
    ///
    /// let memcached = Memcached::new("tcp://127.0.0.1:11211").item_size(4 << 20);
    /// assert_eq!(memcached.largest(), Some((4 << 20) - 512));
    /// ```
    #[must_use]
    pub fn item_size(self, bytes: usize) -> Self {
        Self { largest: bytes.saturating_sub(OVERHEAD), ..self }
    }
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn lend(&self) -> Result<Lent<'_>, CacheError> {
        let permit = self.permits.acquire().await.map_err(CacheError::new)?;
        let idle = self.idle().pop();
        let client = match idle {
            Some(client) => client,
            None => Client::new(&self.address).await.map_err(CacheError::new)?,
        };
        Ok(Lent { client, pool: self, _permit: permit })
    }

    /// Puts a value on these terms; whether it was put.
    async fn put(&self, key: &str, value: &[u8], terms: &[&str]) -> Result<bool, CacheError> {
        let mut lent = self.lend().await?;
        let put = match lent.client.meta_set(key, value, false, None, Some(terms)).await {
            Ok(_) => true,
            Err(Error::Protocol(Status::NotStored | Status::Exists | Status::NotFound)) => false,
            Err(error) => return Err(self.broken(error)),
        };
        lent.give_back();
        Ok(put)
    }

    /// The server may be another one than before: the other connections are of no use.
    fn broken(&self, error: Error) -> CacheError {
        self.idle().clear();
        CacheError::new(error)
    }
}

impl Lent<'_> {
    fn give_back(self) {
        let Self { client, pool, _permit } = self;
        pool.idle().push(client);
    }
}

fn seconds(live: Duration) -> String {
    let whole = live.as_secs().saturating_add(u64::from(live.subsec_nanos() > 0));
    format!("T{}", whole.clamp(1, LONGEST))
}

impl Cache for Memcached {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
        let mut lent = self.pool.lend().await?;
        let found = lent.client.meta_get_multi(keys, Some(&["v", "c"])).await;
        let found = found.map_err(|error| self.pool.broken(error))?;
        lent.give_back();
        let mut by_key = HashMap::new();
        for found in found {
            if let (Some(key), Some(stamp)) = (found.key, found.cas) {
                // The client says nothing of a value without bytes.
                by_key.insert(key, Cached { value: found.data.unwrap_or_default(), stamp });
            }
        }
        Ok(keys.iter().map(|key| by_key.get(key.as_bytes()).cloned()).collect())
    }

    async fn set(&self, key: &str, value: Vec<u8>, live: Duration) -> Result<(), CacheError> {
        let is_put = self.pool.put(key, &value, &[&seconds(live)]).await?;
        if is_put { Ok(()) } else { Err(CacheError::new("the server did not take the value")) }
    }

    async fn compare_and_set(
        &self,
        key: &str,
        seen: Option<&Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> Result<bool, CacheError> {
        // Without a stamp the mode is to add, which an entry that is there refuses.
        let terms = seen.map_or_else(|| "ME".to_owned(), |seen| format!("C{}", seen.stamp));
        self.pool.put(key, &value, &[&seconds(live), &terms]).await
    }

    fn largest(&self) -> Option<usize> {
        Some(self.largest)
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memcached").field("address", &self.pool.address).finish_non_exhaustive()
    }
}
