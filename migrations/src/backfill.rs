//! Upgrading every stored item, while programs go on reading and writing them.
//!
//! * `record`: the job's item: who runs it, how far it has come, what became of it
//! * `history`: the runs of a job, the jobs of a table
//! * `error`: why it did not run
//! * `lease`: one runner at a time
//! * `progress`: what a run counts and tells
//! * `failures`: the items that could not be upgraded, tried again
//! * `upgrade`: what happens to one item
//! * `survey`: what a table holds, without a write
//! * `plan`: what cannot be left to reads and saves

mod error;
mod failures;
mod history;
mod lease;
mod plan;
mod progress;
mod record;
mod survey;
mod upgrade;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use dynamap_mapper::{Database, Error, Model, Table};
use tokio::sync::watch;

pub use self::error::BackfillError;
pub use self::failures::BackfillFailure;
pub use self::history::BackfillRun;
use self::lease::Lease;
pub use self::plan::{Because, Plan, Required};
pub use self::progress::BackfillProgress;
use self::progress::Counts;
pub use self::record::{BackfillRecord, BackfillState};
pub use self::survey::{DryRun, Sample, Survey};
use self::upgrade::Upgrader;

/// The job that upgrades every stored item of a model to its schema.
///
/// Old items are upgraded whenever they are read, and stored so by the next save; this finishes the rest. It runs beside
/// the programs that use the table: each item is written under the condition that nobody else wrote it meanwhile, and
/// what is current already costs no write.
///
/// The job has a record in the table `dynamap_migrations` (create it with `Table::<BackfillRecord>::create_if_missing`):
/// one runner at a time, a checkpoint behind every page, the outcome. A runner can be stopped or killed at any time; the
/// next one goes on. Take a [limited](Database::limited) handle to leave capacity to others.
///
/// The order of things: first every program that writes knows the new schema, then `run`, then [`verify`](Self::verify).
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Item, Migrations, Model, Step, StepError, Table};
/// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
///     item.rename("mail", "email");
///     Ok(())
/// }
///
/// static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// struct User { #[model(hash_key)] id: u64, email: String, #[model(version)] version: u64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<User>::create(&db).await?;
/// Table::<BackfillRecord>::create_if_missing(&db).await?;
/// # for id in 1..=3 {
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// #     put.item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
/// # }
/// let backfill = Backfill::<User>::of(&db);
/// assert_eq!(backfill.plan().await?.survey.older, 3);
/// assert_eq!(backfill.dry_run().await?.samples[0].removed, ["mail"]);
/// let done = backfill.run().await?;
/// assert_eq!((done.items, done.upgraded), (3, 3));
/// assert!(backfill.verify().await?.is_complete());
/// # Ok(())
/// # }
/// ```
///
/// A job that is stopped, or killed, goes on where it was:
///
/// ```
/// # use std::time::Duration;
/// # use dynamap::{Backfill, BackfillRecord, BackfillState, Database, Model, Table};
/// # use dynamap::backfill::Stop;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", validate = false)]
/// # struct User { #[model(hash_key)] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # for id in 1..=9 { User { id }.insert(&db).await?; }
/// let stop = Stop::new();
/// let backfill = Backfill::<User>::of(&db)
///     .segments(1)
///     .page_size(4) // a checkpoint behind every 4 items
///     .at_once(2)
///     .tolerate(10)
///     .lease(Duration::from_secs(60))
///     .stop_by(&stop)
///     .on_progress(|progress| if progress.items >= 4 { stop.now() });
/// assert_eq!(backfill.run().await?.state, BackfillState::Interrupted);
///
/// let done = Backfill::<User>::of(&db).run().await?;
/// assert_eq!((done.state, done.items, done.runs), (BackfillState::Completed, 9, 2));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: parallel scan](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan)
#[must_use = "a backfill does nothing until it is run"]
pub struct Backfill<'a, M> {
    db: &'a Database,
    segments: usize,
    page_size: Option<usize>,
    at_once: usize,
    tolerated: usize,
    lease: Duration,
    stop: Option<Stop>,
    watch: Option<Watch<'a>>,
    model: PhantomData<fn() -> M>,
}

type Watch<'a> = Arc<dyn Fn(BackfillProgress) + Send + Sync + 'a>;

/// Stops every [`Backfill`] that has it or a clone of it, at its next checkpoint; from anywhere, such as a handler of
/// Ctrl-C. It stays asked for: a job that is begun with it afterwards ends at its first checkpoint.
///
/// ```
/// use dynamap::backfill::Stop;
/// use futures_util::FutureExt as _;
///
/// let stop = Stop::new();
/// assert!(stop.asked().now_or_never().is_none());
/// stop.clone().now(); // a clone is the same one, in a handler of Ctrl-C, say
/// assert!(stop.asked().now_or_never().is_some());
/// assert!(stop.asked().now_or_never().is_some()); // and whoever asks later
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// One that was not asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for it. The pages under way are finished.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Is ready once it was asked for: for jobs that have no word of their own for this.
    pub async fn asked(&self) {
        // It has a sender for as long as this waits: there is no other error.
        let _ = self.0.subscribe().wait_for(|is_asked| *is_asked).await;
    }
}

impl<'a, M: Model> Backfill<'a, M> {
    /// The job of a model, for all of its items that are older than its schema.
    pub fn of(db: &'a Database) -> Self {
        Self {
            db,
            segments: 4,
            page_size: None,
            at_once: 16,
            tolerated: 100,
            lease: Duration::from_secs(30),
            stop: None,
            watch: None,
            model: PhantomData,
        }
    }

    /// In how many segments the table is scanned side by side; default 4, from 1 to 1,000,000. A job that was begun keeps
    /// its own.
    pub fn segments(mut self, segments: usize) -> Self {
        self.segments = segments;
        self
    }

    /// How many items one request reads, and so how many lie between two checkpoints; default is what 1 MB holds.
    pub fn page_size(mut self, items: usize) -> Self {
        self.page_size = Some(items);
        self
    }

    /// How many items are upgraded at once; default 16, at least 1.
    pub fn at_once(mut self, items: usize) -> Self {
        self.at_once = items;
        self
    }

    /// How many items may fail before the job stops; default 100. They stay as they are, and are tried again by the next
    /// run.
    pub fn tolerate(mut self, failures: usize) -> Self {
        self.tolerated = failures;
        self
    }

    /// For how long a runner may give no sign of life before another one takes the job over; default 30 s. The same for
    /// all runners.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Ends at a checkpoint when it is asked to.
    pub fn stop_by(mut self, stop: &Stop) -> Self {
        self.stop = Some(stop.clone());
        self
    }

    /// Is told behind every page how far the job has come. For the estimate of all there is, one request more is sent
    /// when the run begins; that it fails is no failure.
    pub fn on_progress(mut self, watch: impl Fn(BackfillProgress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// What the table holds, by schema, what the job would write, and what cannot be left to reads and saves. Reads the
    /// whole table and writes nothing.
    ///
    /// # Errors
    /// What the service says.
    pub async fn plan(&self) -> Result<Plan, Error> {
        Ok(Plan::of::<M>(survey::survey::<M>(self.db, self.segments, false).await?))
    }

    /// Runs the steps on every older item in memory, and tells which fail and what the first ones would become. Reads the
    /// whole table and writes nothing.
    ///
    /// # Errors
    /// What the service says.
    pub async fn dry_run(&self) -> Result<DryRun, Error> {
        survey::dry_run::<M>(self.db, self.segments).await
    }

    /// Counts what is older than the model's schema, and notes in the record whether nothing is. Where something is, the
    /// next [`run`](Self::run) begins anew; where nothing is, all clones of this database take filters on attributes that
    /// the steps reshape ([`Query::filter`](dynamap_mapper::Query::filter)). Reads the whole table consistently, at twice
    /// the price of [`plan`](Self::plan): an item that was written a moment before is seen.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn verify(&self) -> Result<Survey, BackfillError> {
        let survey = survey::survey::<M>(self.db, self.segments, true).await?;
        self.db.note_complete(M::layout(), survey.is_complete());
        record::note::<M>(self.db, survey.is_complete()).await?;
        Ok(survey)
    }

    /// Whether an earlier [`verify`](Self::verify), of this program or another, found nothing older: one read of the
    /// record, for the start of a program. Where it did, filters are taken as after a `verify` of this program.
    ///
    /// It says what was true then. A program of an older release that writes afterwards makes it untrue, until the next
    /// `verify` notices.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Item, Migrations, Model, Step, Table};
    /// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
    /// #     item.rename("mail", "email");
    /// #     Ok(())
    /// # })]);
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// # struct User { #[model(hash_key)] id: u64, email: String, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = dynamap::embedded::memory()?;
    /// # let job = Database::new(client.clone());
    /// # Table::<User>::create(&job).await?;
    /// # Table::<BackfillRecord>::create(&job).await?;
    /// # Backfill::<User>::of(&job).run().await?;
    /// # Backfill::<User>::of(&job).verify().await?;
    /// let db = Database::new(client); // another program, later
    /// assert!(User::scan(&db).filter(User::EMAIL.exists()).count().await.is_err());
    /// assert!(Backfill::<User>::of(&db).recall().await?);
    /// assert_eq!(User::scan(&db).filter(User::EMAIL.exists()).count().await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the service says; nothing changes then.
    pub async fn recall(&self) -> Result<bool, Error> {
        let layout = M::layout();
        let record = record::read::<M>(self.db).await?;
        let is_verified = record.is_some_and(|record| {
            record.verified && record.fingerprint == layout.upgrade.fingerprint()
        });
        if is_verified {
            self.db.note_complete(layout, true);
        }
        Ok(is_verified)
    }

    /// Upgrades every older item, from the last checkpoint on where there is one.
    ///
    /// Returns the job's record: `Completed` when every item was seen; `Failed` when some could not be upgraded, which
    /// `failures` names; `Interrupted` when it was stopped. A completed job is not run again, unless
    /// [`verify`](Self::verify) found older items.
    ///
    /// If the future is dropped, the items under way may or may not be upgraded, each as a whole; the next run finds out.
    ///
    /// # Errors
    /// [`BackfillError::Running`] where another runner is at it, [`BackfillError::Drifted`] where the steps are not those
    /// that the job was begun with, [`BackfillError::LeaseLost`] where another runner took over;
    /// [`BackfillError::Stopped`] where more items failed than are tolerated; what the service says. What was upgraded
    /// is upgraded then; the next run goes on.
    pub async fn run(&self) -> Result<BackfillRecord, BackfillError> {
        self.writes_todays()?;
        let Some(lease) = Lease::take::<M>(self.db, self.segments, self.lease).await? else {
            return record::read::<M>(self.db).await?.ok_or(BackfillError::LeaseLost);
        };
        let counts = Counts::default();
        let swept = {
            let sweep = Box::pin(self.sweep(&lease, &counts));
            let beat = Box::pin(lease.keep());
            tokio::select! {
                swept = sweep => swept,
                lost = beat => Err(lost),
            }
        };
        lease.end(swept, &counts).await
    }

    /// Tries again what the job's record names in `failures`, and nothing else: each item is read anew, and upgraded where
    /// it is still there and still older.
    ///
    /// Returns the job's record. It is `Completed` where no failure is left and every item was seen. It is `Failed` where
    /// some failed again, or where more had failed than the record [names](BackfillRecord::unnamed): [`run`](Self::run)
    /// begins anew then. It is `Interrupted` where not every item was seen; `run` goes on. A job without failures is left
    /// alone, and so are failures that were not begun when it was stopped.
    ///
    /// If the future is dropped, the items under way may or may not be upgraded, each as a whole.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Backfill, BackfillRecord, BackfillState, Database, Item, Migrations, Model, Step, StepError, Table};
    /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    ///     let mail: String = item.take("mail")?;
    ///     item.put("email", &mail)
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// struct User { #[model(hash_key)] id: u64, email: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// # Table::<BackfillRecord>::create_if_missing(&db).await?;
    /// # let put = || db.client().put_item().table_name("users").item("id", AttributeValue::N("7".into()));
    /// # put().send().await?;
    /// let backfill = Backfill::<User>::of(&db);
    /// let record = backfill.run().await?;
    /// assert_eq!((record.state, record.failed), (BackfillState::Failed, 1));
    /// assert_eq!(record.failures[0].key.get("id"), Some(&AttributeValue::N("7".into())));
    /// # put().item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
    /// // Somebody corrects the item.
    /// assert_eq!(backfill.retry_failed().await?.state, BackfillState::Completed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`BackfillError::NotBegun`] where there is no record; otherwise as [`run`](Self::run).
    pub async fn retry_failed(&self) -> Result<BackfillRecord, BackfillError> {
        self.writes_todays()?;
        let lease = match Lease::take_failed::<M>(self.db, self.lease).await? {
            Ok(lease) => lease,
            Err(record) => return Ok(record),
        };
        let counts = Counts::default();
        let retried = {
            let retry = async {
                let (failures, stop) = (lease.failures().await, self.stop.as_ref());
                let left =
                    failures::retry::<M>(self.db, failures, self.at_once, stop, &counts).await;
                lease.retried(left).await
            };
            // Boxed: the SDK's futures are large.
            let (retry, beat) = (Box::pin(retry), Box::pin(lease.keep()));
            tokio::select! {
                retried = retry => retried,
                lost = beat => Err(lost),
            }
        };
        lease.end(retried, &counts).await
    }

    /// The records of all jobs of the model's table, by schema, the newest last. Other models of the same table are
    /// among them: [`BackfillRecord::model`] tells.
    ///
    /// ```
    /// # use dynamap::{Backfill, BackfillRecord, BackfillState, Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", schema = "2.0.0", validate = false)]
    /// # struct User { #[model(hash_key)] id: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// # Table::<BackfillRecord>::create(&db).await?;
    /// Backfill::<User>::of(&db).run().await?;
    /// let records = Backfill::<User>::history(&db).await?;
    /// assert_eq!(records[0].job, "User 2.0.0");
    /// assert_eq!(records[0].history[0].state, BackfillState::Completed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchTable`] where the records have no table yet; what the service says.
    pub async fn history(db: &Database) -> Result<Vec<BackfillRecord>, Error> {
        history::read::<M>(db).await
    }

    /// Refuses a database that writes older shapes.
    fn writes_todays(&self) -> Result<(), Error> {
        if self.db.writes_older(M::layout()) {
            return Err(Error::Usage(
                "a backfill upgrades what is stored: run it on a database without `write_as` and `WriteBack::Never`",
            ));
        }
        Ok(())
    }

    /// Sweeps the table; tells whether all of it was seen.
    async fn sweep(&self, lease: &Lease<'_>, counts: &Counts) -> Result<bool, BackfillError> {
        let (segments, cursor) = lease.position().await?;
        let watch = self.watch.clone();
        let estimate = match watch {
            Some(_) => Table::<M>::estimated_items(self.db).await.ok(),
            None => None,
        };
        let told = |sweep| {
            if let Some(watch) = &watch {
                watch(counts.progress(sweep, lease.before, estimate));
            }
        };
        let upgrader = Upgrader::<M>::new(self.db);
        let stop = self.stop.clone();
        let mut scan = M::scan(self.db).segments(segments);
        if let Some(items) = self.page_size {
            scan = scan.page_size(items);
        }
        let mut sweep = scan
            .raw()
            .sweep()
            .at_once(self.at_once)
            .tolerate(self.tolerated)
            .resume(cursor)
            .on_progress(told)
            .checkpoint(|checkpoint| async move {
                lease
                    .checkpoint(&checkpoint.cursor, &checkpoint.failed, checkpoint.progress, counts)
                    .await
            });
        if let Some(stop) = stop {
            sweep = sweep.until(async move { stop.asked().await });
        }
        let action = |item| async {
            counts.add(upgrader.upgrade(item, &counts.conflicts).await?);
            Ok::<_, Error>(())
        };
        let swept = sweep.run(action).await.map_err(BackfillError::of)?;
        Ok(swept.is_finished())
    }
}

impl<M> fmt::Debug for Backfill<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfill").field("segments", &self.segments).finish_non_exhaustive()
    }
}
