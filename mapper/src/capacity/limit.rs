//! A limit of what requests take, in capacity units per second.
//!
//! One bucket for each table and each global index, for reads and writes apart. What a request will cost is not known
//! before its answer: it takes what such requests took lately, and pays the difference afterwards. So the rate is kept
//! in the long run whatever single requests cost. A crate for rate limiting counts before and not after, so this is our own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::charge::{Charge, Kind};
use crate::index::Indexed;
use crate::model::Model;
use crate::read::Index;

/// How much capacity the requests of a database handle take, in units per second; for [`Database::limited`].
///
/// Every table, and every global index, has this much for itself. Up to a second's worth may be taken at once. Requests
/// wait before they are sent; that time does not count as waiting for the service.
///
/// Where the service throttles all the same, the limiter goes down to what was accepted lately, and then up again by a
/// few percent each second, up to the limit. Without any units set it does only that.
///
/// ```
/// # use dynamap::{Database, Model, RateLimit, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let slowly = db.limited(RateLimit::new().write(10));
/// let began = tokio::time::Instant::now();
/// let accounts = (0..30).map(|id| Account { id, balance: 0 });
/// assert!(Account::insert_many(&slowly, accounts).await.iter().all(Result::is_ok));
/// assert!(began.elapsed().as_secs_f64() >= 1.9); // 10 at once, the others in 2 seconds
/// # Ok(())
/// # }
/// ```
///
/// Reads are limited as writes are, and an index of its own:
///
/// ```
/// # use dynamap::{Database, Model, RateLimit, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, status: String }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Order>::create(&db).await?;
/// # for id in 0..10 { Order { id, status: "open".into() }.insert(&db).await?; }
/// let slowly = db.limited(RateLimit::new().read(20).index(Order::BY_STATUS, 1, 1));
/// let began = tokio::time::Instant::now();
/// for id in 0..10 {
///     Order::get(&slowly, id).await?; // half a unit
/// }
/// assert!(began.elapsed().as_secs_f64() < 0.1);
/// for _ in 0..10 {
///     Order::BY_STATUS.query(&slowly, "open").try_collect().await?; // half a unit of the index
/// }
/// assert!(began.elapsed().as_secs_f64() >= 3.5);
/// # Ok(())
/// # }
/// ```
///
/// [`Database::limited`]: crate::Database::limited
///
/// [AWS: throttling](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingThrottling.html)
#[derive(Debug, Clone, Default)]
#[must_use = "a limit does nothing until a database handle has it"]
pub struct RateLimit {
    every: Limits,
    /// By the table's name without prefix, and the index.
    own: BTreeMap<(&'static str, Option<&'static str>), Limits>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    read: Option<u32>,
    write: Option<u32>,
}

impl RateLimit {
    /// No limit but what the service accepts: none until it throttles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Read units per second of every table and index, at least 1.
    pub fn read(mut self, units: u32) -> Self {
        self.every.read = Some(units.max(1));
        self
    }

    /// Write units per second of every table and index, at least 1.
    pub fn write(mut self, units: u32) -> Self {
        self.every.write = Some(units.max(1));
        self
    }

    /// Another limit for a model's table: read and write units per second, at least 1.
    pub fn table<M: Model>(self, read: u32, write: u32) -> Self {
        self.own(M::layout().table, None, read, write)
    }

    /// Another limit for a global index. A local index shares the throughput of its table: limit that.
    pub fn index<M: Indexed<I>, I>(self, index: Index<M, I>, read: u32, write: u32) -> Self {
        self.own(M::layout().table, Some(index.name()), read, write)
    }

    fn own(
        mut self,
        table: &'static str,
        index: Option<&'static str>,
        read: u32,
        write: u32,
    ) -> Self {
        let limits = Limits { read: Some(read.max(1)), write: Some(write.max(1)) };
        self.own.insert((table, index), limits);
        self
    }
}

/// The buckets of one [`RateLimit`].
pub(crate) struct Limiter {
    limit: RateLimit,
    prefix: String,
    buckets: Mutex<BTreeMap<Name, Bucket>>,
}

/// Table with prefix, global index, what is taken.
type Name = (String, Option<String>, bool);

fn name(table: &str, index: Option<&str>, kind: Kind) -> Name {
    (table.to_owned(), index.map(str::to_owned), kind == Kind::Write)
}

/// What a request took in advance; dropping it gives it back.
pub(crate) struct Reserved {
    limiter: Arc<Limiter>,
    taken: Vec<(Name, f64)>,
}

impl Limiter {
    pub(crate) fn new(limit: RateLimit, prefix: &str) -> Self {
        Self { limit, prefix: prefix.to_owned(), buckets: Mutex::default() }
    }

    /// Takes what a request will need about, and tells how long it must wait for that.
    pub(crate) fn reserve<'t>(
        self: &Arc<Self>,
        tables: impl Iterator<Item = &'t str>,
        index: Option<&str>,
        kind: Kind,
    ) -> (Reserved, Duration) {
        let now = Instant::now();
        let (mut wait, mut taken) = (Duration::ZERO, Vec::new());
        self.with(|buckets| {
            for table in tables {
                let first = name(table, index, kind);
                buckets.entry(first.clone()).or_insert_with(|| self.bucket(&first, now));
                // A write waits for the indexes too: which of them it touches is not known before.
                let others = |found: &Name| {
                    kind == Kind::Write && found.0 == table && found.2 && *found != first
                };
                for (name, bucket) in buckets.iter_mut().filter(|(n, _)| **n == first || others(n))
                {
                    let (units, needed) = bucket.reserve(now);
                    wait = wait.max(needed);
                    taken.push((name.clone(), units));
                }
            }
        });
        (Reserved { limiter: Arc::clone(self), taken }, wait)
    }

    /// Takes what a request did cost.
    pub(crate) fn charge(&self, charge: &Charge<'_>) {
        let now = Instant::now();
        let index = charge.index.filter(|_| !charge.local);
        self.with(|buckets| {
            for (kind, units) in
                [(Kind::Read, charge.units.read), (Kind::Write, charge.units.write)]
            {
                if units > 0.0 {
                    let name = name(charge.table, index, kind);
                    let bucket = || self.bucket(&name, now);
                    buckets.entry(name.clone()).or_insert_with(bucket).charge(now, units);
                }
            }
        });
    }

    /// Goes slower: the service throttled this.
    pub(crate) fn throttled(&self, table: &str, index: Option<&str>, kind: Kind) {
        let now = Instant::now();
        let name = name(table, index, kind);
        self.with(|buckets| {
            let bucket = || self.bucket(&name, now);
            buckets.entry(name.clone()).or_insert_with(bucket).throttled(now);
        });
    }

    fn bucket(&self, (table, index, write): &Name, now: Instant) -> Bucket {
        let own = table.strip_prefix(&self.prefix).and_then(|table| {
            let mut all = self.limit.own.iter();
            all.find(|((name, of), _)| *name == table && *of == index.as_deref())
                .map(|(_, limits)| limits)
        });
        let limits = own.unwrap_or(&self.limit.every);
        let limit = if *write { limits.write } else { limits.read };
        Bucket::new(limit.map_or(f64::INFINITY, f64::from), now)
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Name, Bucket>) -> T) -> T {
        work(&mut self.buckets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.limiter.with(|buckets| {
            for (name, units) in &self.taken {
                if let Some(bucket) = buckets.get_mut(name) {
                    bucket.balance += units;
                }
            }
        });
    }
}

/// The most that is taken at once, in seconds of the rate.
const BURST: f64 = 1.0;
/// By how much the rate goes up again, each second, and by how many units at least.
const GROWTH: f64 = 0.02;
const LEAST_GROWTH: f64 = 1.0;
/// How much of what was accepted lately is taken after the service throttled.
const CAUTION: f64 = 0.95;

/// Units per second that a table or an index gives for reads, or for writes.
#[derive(Debug)]
struct Bucket {
    /// What the program allows, in units per second; may be infinite.
    limit: f64,
    /// What is taken at present.
    rate: f64,
    /// What may be taken at once; less than zero where more was taken than there was.
    balance: f64,
    at: Instant,
    /// What a request takes about.
    typical: f64,
    /// What was taken in this second, which began then, and in the one before.
    accepted: f64,
    since: Instant,
    lately: f64,
    /// When the service throttled the last time.
    slowed: Option<Instant>,
}

impl Bucket {
    fn new(limit: f64, now: Instant) -> Self {
        let balance = if limit.is_finite() { limit * BURST } else { 0.0 };
        Self {
            limit,
            rate: limit,
            balance,
            at: now,
            typical: 1.0,
            accepted: 0.0,
            since: now,
            lately: 0.0,
            slowed: None,
        }
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        if self.rate.is_finite() {
            self.balance = (self.balance + self.rate * elapsed).min(self.rate * BURST);
            let growth = (self.rate * GROWTH).max(LEAST_GROWTH);
            self.rate = (self.rate + growth * elapsed).min(self.limit);
        }
        let second = now.duration_since(self.since).as_secs_f64();
        if second >= 1.0 {
            (self.lately, self.accepted, self.since) = (self.accepted / second, 0.0, now);
        }
    }

    fn reserve(&mut self, now: Instant) -> (f64, Duration) {
        self.refill(now);
        if self.rate.is_infinite() {
            return (0.0, Duration::ZERO);
        }
        self.balance -= self.typical;
        let wait = (-self.balance / self.rate).max(0.0);
        (self.typical, Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
    }

    fn charge(&mut self, now: Instant, units: f64) {
        self.refill(now);
        self.typical = 0.8 * self.typical + 0.2 * units;
        self.accepted += units;
        if self.rate.is_finite() {
            self.balance -= units;
        }
    }

    fn throttled(&mut self, now: Instant) {
        self.refill(now);
        self.balance = self.balance.min(0.0);
        // Requests that were under way together are refused together: one second, one answer to it.
        let again = |slowed: Instant| now.duration_since(slowed).as_secs_f64() < 1.0;
        if self.slowed.is_some_and(again) && self.rate.is_finite() {
            return;
        }
        self.slowed = Some(now);
        let accepted = self.lately.max(self.accepted);
        if accepted > 0.0 {
            self.rate = (accepted * CAUTION).max(1.0).min(self.limit);
        } else if self.rate.is_finite() {
            // Others take it all: nothing tells how much is left.
            self.rate = (self.rate / 2.0).max(1.0);
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket, a second after it was made, of which so many units per second were taken.
    fn busy(limit: f64, units: u32) -> (Bucket, Instant) {
        let began = Instant::now();
        let mut bucket = Bucket::new(limit, began);
        for unit in 0..units {
            bucket.charge(began + Duration::from_secs(1) * unit / units, 1.0);
        }
        (bucket, began + Duration::from_secs(1))
    }

    #[test]
    fn what_was_accepted_lately_counts_and_not_what_was_long_ago() {
        let (mut bucket, mut now) = busy(f64::INFINITY, 5);
        now += Duration::from_hours(1);
        for unit in 0..300_u32 {
            bucket.charge(now + Duration::from_millis(10) * unit, 1.0);
        }
        bucket.throttled(now + Duration::from_secs(3));
        assert!((90.0..=100.0).contains(&bucket.rate), "{}", bucket.rate);
    }

    #[test]
    fn a_second_refusal_at_the_same_time_says_nothing_new() {
        let (mut bucket, now) = busy(f64::INFINITY, 100);
        bucket.throttled(now);
        let rate = bucket.rate;
        assert!((90.0..=100.0).contains(&rate), "{rate}");
        bucket.throttled(now + Duration::from_millis(5));
        assert!(bucket.rate >= rate);
    }

    #[test]
    fn where_others_take_it_all_the_rate_is_halved_and_comes_back() {
        let now = Instant::now();
        let mut bucket = Bucket::new(64.0, now);
        bucket.throttled(now);
        assert!((bucket.rate - 32.0).abs() < 1e-9, "{}", bucket.rate);
        bucket.refill(now + Duration::from_mins(1));
        assert!((bucket.rate - 64.0).abs() < 1e-9, "never above the limit: {}", bucket.rate);
        let mut unlimited = Bucket::new(f64::INFINITY, now);
        unlimited.throttled(now);
        assert!(unlimited.rate.is_infinite(), "nothing is known yet");
    }
}
