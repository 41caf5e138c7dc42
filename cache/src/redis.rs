//! A Redis server.

use std::fmt;
use std::time::Duration;

use dynamap_mapper::cache::{Cache, CacheError, Cached};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, Script};

/// Puts a value where what was seen stands still.
const COMPARE_AND_SET: &str = r"
local there = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if there then return 0 end
elseif there ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
";

/// Items in a Redis server, 6 or later, or in Valkey: every program that uses the same one sees the others' writes.
///
/// The connection is made with the first request, and made again after it broke. Clones share it. Give the server a
/// limit of memory and a policy to forget what is read seldom (`maxmemory-policy allkeys-lru`).
///
/// ```
/// use std::time::Duration;
///
/// # use dynamap::{Database, Model, Table};
/// use dynamap::Caching;
/// use dynamap::cache::{Cache as _, Redis};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert!(Redis::new("http://127.0.0.1:6379").is_err()); // no address of a Redis server
/// let redis = Redis::new("redis://127.0.0.1:1")?; // nobody listens there, and nothing is sent yet
/// assert_eq!(redis.largest(), None); // it takes items of every size
///
/// let caching = Caching::new(redis).every_model(Duration::from_secs(60));
/// let db = Database::builder(dynamap::embedded::memory()?).cache(caching).build();
/// # Table::<Account>::create(&db).await?;
/// Account { id: 1, balance: 5 }.insert(&db).await?;
/// // A server that is out of reach keeps nobody from the store.
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    compare_and_set: Script,
}

impl Redis {
    /// The server at an address such as `redis://127.0.0.1:6379`. Nothing is sent yet.
    ///
    /// # Errors
    /// Where the address is not that of a Redis server.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(address: &str) -> Result<Self, CacheError> {
        let client = Client::open(address).map_err(CacheError::new)?;
        // How long to wait is decided above; a read that gives up goes to the store.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)));
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(CacheError::new)?;
        Ok(Self { connection, compare_and_set: Script::new(COMPARE_AND_SET) })
    }
}

fn millis(live: Duration) -> u64 {
    u64::try_from(live.as_millis()).unwrap_or(u64::MAX).clamp(1, u64::from(u32::MAX) * 1000)
}

impl Cache for Redis {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
        let mut connection = self.connection.clone();
        let found: Vec<Option<Vec<u8>>> = Cmd::new()
            .arg("MGET")
            .arg(keys)
            .query_async(&mut connection)
            .await
            .map_err(CacheError::new)?;
        let cached = |value| Cached { value, stamp: 0 };
        Ok(found.into_iter().map(|found| found.map(cached)).collect())
    }

    async fn set(&self, key: &str, value: Vec<u8>, live: Duration) -> Result<(), CacheError> {
        let mut connection = self.connection.clone();
        let mut set = Cmd::new();
        set.arg("SET").arg(key).arg(value).arg("PX").arg(millis(live));
        set.query_async(&mut connection).await.map_err(CacheError::new)
    }

    async fn compare_and_set(
        &self,
        key: &str,
        seen: Option<&Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> Result<bool, CacheError> {
        let mut connection = self.connection.clone();
        let mut script = self.compare_and_set.prepare_invoke();
        let seen = seen.map(|seen| seen.value.as_slice());
        script.key(key).arg(i32::from(seen.is_some())).arg(seen.unwrap_or_default());
        script.arg(value).arg(millis(live));
        script.invoke_async(&mut connection).await.map_err(CacheError::new)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
