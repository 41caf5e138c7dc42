//! A cache whose faults a test scripts, and which remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use dynamap::cache::{Cache, CacheError, Cached};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused.
    Dead,
    /// It has no answer.
    Silent,
    /// It is held until [`Scripted::release`].
    Held,
}

/// One request: what was asked, and about how many keys.
pub type Asked = (&'static str, usize);

#[derive(Clone, Default)]
pub struct Scripted(Arc<State>);

#[derive(Default)]
struct State {
    entries: Mutex<HashMap<String, (Vec<u8>, Instant)>>,
    always: Mutex<Option<Trouble>>,
    /// For the next requests of a kind.
    next: Mutex<VecDeque<(&'static str, Trouble)>>,
    asked: Mutex<Vec<Asked>>,
    largest: Mutex<Option<usize>>,
    arrived: Notify,
    released: Released,
}

struct Released(Semaphore);

impl Default for Released {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds it")
}

impl Scripted {
    /// From now on.
    pub fn always(&self, trouble: impl Into<Option<Trouble>>) {
        *lock(&self.0.always) = trouble.into();
    }

    /// The next request of a kind: `get`, `set`, `swap`.
    pub fn next(&self, operation: &'static str, trouble: Trouble) {
        lock(&self.0.next).push_back((operation, trouble));
    }

    /// The largest value that it takes; a larger one is refused.
    pub fn takes(&self, largest: usize) {
        *lock(&self.0.largest) = Some(largest);
    }

    /// Waits until a request is held.
    pub async fn held(&self) {
        self.0.arrived.notified().await;
    }

    pub fn release(&self) {
        self.0.released.0.add_permits(1);
    }

    /// What was asked since the last call.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.0.asked))
    }

    /// The keys of what is kept, sorted.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = lock(&self.0.entries).keys().cloned().collect();
        keys.sort();
        keys
    }

    /// Changes every value.
    pub fn spoil(&self, change: impl Fn(&mut Vec<u8>)) {
        lock(&self.0.entries).values_mut().for_each(|(value, _)| change(value));
    }

    /// Forgets everything, as a cache may.
    pub fn forget(&self) {
        lock(&self.0.entries).clear();
    }

    fn there(&self, key: &str) -> Option<Cached> {
        let entries = lock(&self.0.entries);
        let (value, until) = entries.get(key)?;
        (Instant::now() < *until).then(|| Cached { value: value.clone(), stamp: 0 })
    }

    fn put(&self, key: &str, value: Vec<u8>, live: Duration) {
        lock(&self.0.entries).insert(key.to_owned(), (value, Instant::now() + live));
    }

    async fn ask(&self, operation: &'static str, count: usize) -> Result<(), CacheError> {
        lock(&self.0.asked).push((operation, count));
        let next = {
            let mut next = lock(&self.0.next);
            let at = next.iter().position(|(of, _)| *of == operation);
            at.and_then(|at| next.remove(at)).map(|(_, trouble)| trouble)
        };
        let always = *lock(&self.0.always);
        match next.or(always) {
            None => Ok(()),
            Some(Trouble::Dead) => Err(CacheError::new("the cache is dead")),
            Some(Trouble::Silent) => std::future::pending().await,
            Some(Trouble::Held) => {
                self.0.arrived.notify_one();
                self.0.released.0.acquire().await.map_err(CacheError::new)?.forget();
                Ok(())
            }
        }
    }
}

impl Cache for Scripted {
    async fn get(&self, keys: &[String]) -> Result<Vec<Option<Cached>>, CacheError> {
        // What is held is the answer.
        let found = keys.iter().map(|key| self.there(key)).collect();
        self.ask("get", keys.len()).await?;
        Ok(found)
    }

    async fn set(&self, key: &str, value: Vec<u8>, live: Duration) -> Result<(), CacheError> {
        self.ask("set", 1).await?;
        self.put(key, value, live);
        Ok(())
    }

    async fn compare_and_set(
        &self,
        key: &str,
        seen: Option<&Cached>,
        value: Vec<u8>,
        live: Duration,
    ) -> Result<bool, CacheError> {
        self.ask("swap", 1).await?;
        let is_same = self.there(key).as_ref() == seen;
        if is_same {
            self.put(key, value, live);
        }
        Ok(is_same)
    }

    fn largest(&self) -> Option<usize> {
        *lock(&self.0.largest)
    }
}
