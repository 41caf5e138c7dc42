//! Items in a cache: what reads find there, what writes leave, and what a cache that fails does not break.

mod ages;
mod failing;
mod flights;
mod many;
mod races;
mod reads;
mod scripted;
mod traces;
mod unsent;
mod writes;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dynamap::cache::CacheOutcome;
use dynamap::faults::Faults;
use dynamap::{Caching, Database, Table};

use crate::support::{Account, DoomMap, Profile};
use scripted::Scripted;

const MINUTE: Duration = Duration::from_mins(1);

/// A store with a cache, and all that a test wants to know of both.
struct Place {
    db: Database,
    faults: Faults,
    cache: Scripted,
    outcomes: Arc<Mutex<Vec<String>>>,
    clock: Clock,
}

/// Lets the other tasks do what they can without an answer of the store.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// What the programs take for the time; it moves when a test says so.
type Clock = Arc<Mutex<SystemTime>>;

fn shows(clock: &Clock) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let clock = Arc::clone(clock);
    move || *clock.lock().expect("no panic")
}

impl Place {
    /// Every model is kept for a minute.
    async fn new() -> Self {
        Self::with(|caching| caching.every_model(MINUTE)).await
    }

    async fn with(set: impl FnOnce(Caching) -> Caching) -> Self {
        let faults = Faults::new();
        let client = dynamap::embedded::memory().expect("an embedded store");
        let client = faults.wrap(&client).expect("the client has a connector");
        let (cache, outcomes) = (Scripted::default(), Arc::<Mutex<Vec<String>>>::default());
        let told = Arc::clone(&outcomes);
        let caching = Caching::new(cache.clone()).timeout(MINUTE).on_report(move |report| {
            let outcome = match report.outcome {
                CacheOutcome::Failed(error) => format!("Failed: {error}"),
                outcome => format!("{outcome:?}"),
            };
            told.lock().expect("no panic").push(format!("{} {outcome}", report.table));
        });
        let clock = Arc::new(Mutex::new(SystemTime::now()));
        let db = Database::builder(client).seed(7).clock(shows(&clock)).cache(set(caching)).build();
        Table::<Account>::create(&db).await.expect("accounts");
        Table::<DoomMap>::create(&db).await.expect("doom_maps");
        Table::<Profile>::create(&db).await.expect("profiles");
        let place = Self { db, faults, cache, outcomes, clock };
        place.clear();
        place
    }

    /// The same store without the cache: another program.
    fn stranger(&self) -> Database {
        Database::builder(self.db.client().clone()).seed(8).build()
    }

    /// The same store and cache: another program of this library.
    fn neighbour(&self) -> Database {
        let caching = Caching::new(self.cache.clone()).timeout(MINUTE).every_model(MINUTE);
        let neighbour = Database::builder(self.db.client().clone()).seed(9);
        neighbour.clock(shows(&self.clock)).cache(caching).build()
    }

    /// The clock of both goes on.
    fn pass(&self, time: Duration) {
        *self.clock.lock().expect("no panic") += time;
    }

    /// The clock of both is put back.
    fn back(&self, time: Duration) {
        *self.clock.lock().expect("no panic") -= time;
    }

    fn clear(&self) {
        self.faults.clear_log();
        self.cache.take_asked();
        self.outcomes.lock().expect("no panic").clear();
    }

    /// How many requests the store was sent since the last call.
    fn requests(&self) -> usize {
        let count = self.faults.requests().len();
        self.faults.clear_log();
        count
    }

    /// Waits until a task that nobody waits for has evicted an item of a table.
    async fn evicts(&self, table: &str) {
        let evicted = format!("{table} Evicted");
        let evicts = async {
            while !self.told().contains(&evicted) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(MINUTE, evicts).await.expect("something of the table is evicted");
    }

    /// What was told of the cache since the last call.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.outcomes.lock().expect("no panic"))
    }
}
