//! The models of a program, and what can be done with each: one job per model, whatever its type.

use std::marker::PhantomData;

use dynamap_mapper::{Database, Error, Model, Table};
use dynamap_migrations::backfill::{self, DryRun, Stop, Survey};
use dynamap_migrations::{Backfill, BackfillError, BackfillRecord};
use futures_util::future::BoxFuture;
use semver::Version;

use crate::args::{Options, Verb};
use crate::notes::Notes;

/// The models that a program administers; made by [`models!`](crate::models).
#[derive(Default)]
pub struct Models(Vec<Box<dyn Job>>);

/// A list of models, for [`Cli::new`](crate::Cli::new).
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] id: u64 }
/// use dynamap::cli::models;
///
/// assert_eq!(models![Account, DoomMap].names(), ["Account", "DoomMap"]);
/// ```
#[macro_export]
macro_rules! models {
    ($($model:ty),* $(,)?) => { $crate::Models::new()$(.with::<$model>())* };
}

/// What is to be done with a model.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a, 'n> {
    pub(crate) verb: Verb,
    pub(crate) db: &'a Database,
    pub(crate) options: &'a Options,
    pub(crate) stop: &'a Stop,
    pub(crate) notes: &'a Notes<'n>,
}

/// What was found, or is left.
pub(crate) enum Found {
    /// The record of the job; none where it was never begun.
    Record(Option<Box<BackfillRecord>>),
    Plan(backfill::Plan),
    DryRun(DryRun),
    Verified(Survey),
    History(Vec<BackfillRecord>),
}

/// A model behind its type.
pub(crate) trait Job: Send + Sync {
    fn model(&self) -> &'static str;
    fn schema(&self) -> &'static Version;
    fn table(&self, db: &Database) -> String;
    fn fingerprint(&self) -> String;
    fn perform<'a>(&self, task: Task<'a, '_>) -> BoxFuture<'a, Result<Found, BackfillError>>;
}

struct JobOf<M>(PhantomData<fn() -> M>);

impl Models {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    #[must_use]
    pub fn with<M: Model>(mut self) -> Self {
        self.0.push(Box::new(JobOf::<M>(PhantomData)));
        self
    }

    /// Their names, as `--model` takes them.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.jobs().map(Job::model).collect()
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &dyn Job> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Keeps these; all of them where none is named.
    pub(crate) fn choose(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.0.retain(|job| names.iter().any(|name| name == job.model()));
        }
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Models").field(&self.names()).finish()
    }
}

impl<M: Model> Job for JobOf<M> {
    fn model(&self) -> &'static str {
        M::layout().model
    }

    fn schema(&self) -> &'static Version {
        &M::layout().schema
    }

    fn table(&self, db: &Database) -> String {
        db.table_name(M::layout())
    }

    fn fingerprint(&self) -> String {
        M::layout().upgrade.fingerprint()
    }

    fn perform<'a>(&self, task: Task<'a, '_>) -> BoxFuture<'a, Result<Found, BackfillError>> {
        Box::pin(perform::<M>(task))
    }
}

async fn perform<M: Model>(task: Task<'_, '_>) -> Result<Found, BackfillError> {
    let backfill = backfill::<M>(task);
    let done = |record| Found::Record(Some(Box::new(record)));
    match task.verb {
        Verb::Status => {
            let mut records = records::<M>(task.db).await?;
            let schema = Some(&M::layout().schema);
            let at = records.iter().position(|record| record.schema().as_ref() == schema);
            Ok(Found::Record(at.map(|at| Box::new(records.swap_remove(at)))))
        }
        Verb::Plan => Ok(Found::Plan(backfill.plan().await?)),
        Verb::DryRun => Ok(Found::DryRun(backfill.dry_run().await?)),
        Verb::Run => {
            Table::<BackfillRecord>::create_if_missing(task.db).await?;
            backfill.run().await.map(done)
        }
        Verb::Verify => backfill.verify().await.map(Found::Verified),
        Verb::RetryFailed => backfill.retry_failed().await.map(done),
        Verb::History => Ok(Found::History(records::<M>(task.db).await?)),
    }
}

fn backfill<'a, M: Model>(task: Task<'a, '_>) -> Backfill<'a, M> {
    let Task { db, options, stop, notes, .. } = task;
    let mut backfill = Backfill::<M>::of(db)
        .segments(options.segments)
        .at_once(options.at_once)
        .tolerate(options.tolerate)
        .lease(options.lease())
        .stop_by(stop);
    if let Some(items) = options.page_size {
        backfill = backfill.page_size(items);
    }
    if notes.has_bar() {
        backfill = backfill.on_progress(|progress| notes.progress(&progress));
    }
    backfill
}

/// The records of a model; none where no job was ever begun.
async fn records<M: Model>(db: &Database) -> Result<Vec<BackfillRecord>, Error> {
    let mut records = match Backfill::<M>::history(db).await {
        Err(Error::NoSuchTable(_)) => Vec::new(),
        records => records?,
    };
    records.retain(|record| record.model() == M::layout().model);
    Ok(records)
}
