//! What can be set about a test's database.

use std::fmt;
use std::time::SystemTime;

use dynamap_embedded::{Builder, ControlPlane, Throttle};
use dynamap_faults::Faults;
use dynamap_mapper::{Database, DatabaseBuilder, Model, Tables};

use crate::clock::TestClock;
use crate::database::TestDatabase;
use crate::error::TestError;

/// What tests draw their ids and nonces from, unless they say otherwise.
const SEED: u64 = 7;

/// What the kit itself draws from: never what the program draws, since a nonce tells whose write it was.
const OWN: u64 = 0x6b69_7400_0000_0000;

type Settings = Box<dyn FnOnce(DatabaseBuilder) -> DatabaseBuilder + Send>;

/// What can be set about a [`TestDatabase`]; from [`TestDatabase::builder`].
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use dynamap::embedded::{ControlPlane, Throttle};
/// use dynamap::testing::TestDatabase;
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let noon = UNIX_EPOCH + Duration::from_hours(12);
/// let test = TestDatabase::builder()
///     .with::<Account>()
///     .clock_at(noon)
///     .throttle(Throttle::provisioned())
///     .control_plane(ControlPlane::polled())
///     .build()
///     .await?;
/// assert_eq!(test.clock().now(), noon);
/// assert!(test.database().table("accounts").exists().await?);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TestDatabaseBuilder {
    tables: Tables,
    store: Builder,
    seed: u64,
    clock: TestClock,
    settings: Vec<Settings>,
}

impl TestDatabaseBuilder {
    pub(crate) fn new() -> Self {
        Self {
            tables: Tables::new(),
            store: dynamap_embedded::builder(),
            seed: SEED,
            clock: TestClock::default(),
            settings: Vec::new(),
        }
    }

    /// With the table of this model, and those that belong to it: of counters, of guards of unique values.
    pub fn with<M: Model>(mut self) -> Self {
        self.tables = self.tables.with::<M>();
        self
    }

    /// What UUIDs, nonces, tokens and pauses are drawn from. It is the same in every run without this word; one that is
    /// drawn at random finds what one order of events hides, and is to be printed.
    ///
    /// ```
    /// use dynamap::testing::TestDatabase;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let first = TestDatabase::builder().seed(1).build().await?;
    /// let again = TestDatabase::builder().seed(1).build().await?;
    /// let other = TestDatabase::builder().seed(2).build().await?;
    /// let drawn = first.database().token();
    /// assert_eq!(again.database().token(), drawn);
    /// assert_ne!(other.database().token(), drawn);
    /// # Ok(())
    /// # }
    /// ```
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// What the [clock](TestClock) shows first; the beginning of 2026 (UTC) where that is not said.
    pub fn clock_at(self, time: SystemTime) -> Self {
        Self { clock: TestClock::at(time), ..self }
    }

    /// Has tables refuse what exceeds their throughput, by the time of tokio; see
    /// [`embedded::Builder::throttle`](Builder::throttle). What the kit itself reads and writes, fixtures and dumps, takes
    /// its share.
    pub fn throttle(self, throttle: Throttle) -> Self {
        Self { store: self.store.throttle(throttle), ..self }
    }

    /// Has tables take their time to be made and changed; see
    /// [`embedded::Builder::control_plane`](Builder::control_plane). The tables of the models are waited for, which takes
    /// seconds unless the time of tokio is paused.
    pub fn control_plane(self, control: ControlPlane) -> Self {
        Self { store: self.store.control_plane(control), ..self }
    }

    /// Whatever else can be set about a database: a prefix, blocks of ids, a cache, a retry policy.
    ///
    /// ```
    /// use dynamap::testing::TestDatabase;
    /// # use dynamap::Model;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let test = TestDatabase::builder()
    ///     .with::<Account>()
    ///     .settings(|database| database.table_prefix("staging_").forbid_scans())
    ///     .build()
    ///     .await?;
    /// let scanned = Account::scan(test.database()).try_collect().await;
    /// assert!(scanned.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn settings(
        mut self,
        settings: impl FnOnce(DatabaseBuilder) -> DatabaseBuilder + Send + 'static,
    ) -> Self {
        self.settings.push(Box::new(settings));
        self
    }

    /// Opens the store and makes the tables. Its requests are not in the log.
    ///
    /// # Errors
    /// [`TestError::Open`], and [`TestError::Store`] where the models contradict each other. Nothing is left then.
    pub async fn build(self) -> Result<TestDatabase, TestError> {
        let Self { tables, store, seed, clock, settings } = self;
        let (client, faults) = (store.memory()?, Faults::new());
        let shown = clock.clone();
        let mut database =
            Database::builder(faults.wrap(&client)?).seed(seed).clock(move || shown.now());
        for set in settings {
            database = set(database);
        }
        let database = database.build();
        // Whoever set the prefix, the database knows it.
        let prefix = database.table("").full_name().to_owned();
        let shown = clock.clone();
        let own = Database::builder(client)
            .seed(seed ^ OWN)
            .clock(move || shown.now())
            .table_prefix(prefix.as_str())
            .build();
        tables.create_if_missing(&own).await?;
        Ok(TestDatabase { database, own, prefix, faults, clock })
    }
}

impl fmt::Debug for TestDatabaseBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabaseBuilder")
            .field("tables", &self.tables)
            .field("store", &self.store)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
