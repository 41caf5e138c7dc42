//! A cache in the process.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynamap_mapper::cache::{Cache, CacheError, Cached};
use moka::Expiry;
use moka::ops::compute::{CompResult, Op};

/// Items in the memory of this program: the fastest cache, and one that only this program's writes are told to. What
/// other programs write is seen when an entry's time is over.
///
/// What does not fit goes, what is read seldom first. Clones are the same cache.
///
/// ```
/// # use std::time::Duration;
/// # use dynamap::cache::{Cache, CacheError, Memory};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), CacheError> {
/// let memory = Memory::new(64 << 20);
/// memory.set("a", b"1".to_vec(), Duration::from_secs(60)).await?;
/// let found = memory.get(&["a".to_owned(), "b".to_owned()]).await?;
/// assert_eq!(found[0].as_ref().expect("there").value, b"1");
/// assert_eq!(found[1], None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory(moka::sync::Cache<String, Held>);

#[derive(Clone)]
struct Held {
    value: Arc<[u8]>,
    live: Duration,
}

/// Each entry has a time of its own.
struct Own;

impl Expiry<String, Held> for Own {
    fn expire_after_create(&self, _: &String, held: &Held, _: Instant) -> Option<Duration> {
        Some(held.live)
    }

    fn expire_after_update(
        &self,
        _: &String,
        held: &Held,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(held.live)
    }
}

impl Memory {
    /// An empty cache of so many bytes, keys and values counted.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let weigh = |key: &String, held: &Held| {
            u32::try_from(key.len() + held.value.len()).unwrap_or(u32::MAX)
        };
        let cache = moka::sync::Cache::builder().max_capacity(bytes).weigher(weigh);
        // What was just put stays: a free place that is refused would let an old item back in.
        let cache = cache.eviction_policy(moka::policy::EvictionPolicy::lru());
        Self(cache.expire_after(Own).build())
    }
}

impl Cache for Memory {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
        let cached = |held: Held| Cached { value: held.value.to_vec(), stamp: 0 };
        Ok(keys.iter().map(|key| self.0.get(key).map(cached)).collect())
    }

    async fn set(&self, key: &str, value: Vec<u8>, live: Duration) -> Result<(), CacheError> {
        self.0.insert(key.to_owned(), Held { value: value.into(), live });
        Ok(())
    }

    async fn compare_and_set(
        &self,
        key: &str,
        seen: Option<&Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> Result<bool, CacheError> {
        let done = self.0.entry_by_ref(key).and_compute_with(|there| {
            let there = there.map(moka::Entry::into_value);
            let is_same = match (&there, seen) {
                (Some(there), Some(seen)) => *there.value == *seen.value,
                (None, None) => true,
                _ => false,
            };
            if is_same { Op::Put(Held { value: value.into(), live }) } else { Op::Nop }
        });
        Ok(matches!(done, CompResult::Inserted(_) | CompResult::ReplacedWith(_)))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("entries", &self.0.entry_count()).finish_non_exhaustive()
    }
}
