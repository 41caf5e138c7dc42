//! One runner at a time: the right to write the job's record.
//!
//! Every write of the record is conditional on the version that this runner wrote last. So whoever takes the job over
//! shuts the other one out with that one write, even if it is only slow and comes back.

use std::time::Duration;

use dynamap_mapper::error::{FailedItem, SweepError};
use dynamap_mapper::{Cursor, Database, Error, Loaded, Model, SweepProgress};
use tokio::sync::Mutex;

use super::Counts;
use super::record::{BackfillRecord, BackfillState, load, load_at, place};

/// Why a [`Backfill`](super::Backfill) did not run, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackfillError {
    /// Another runner is at it. Nothing was done; wait, or stop that one.
    #[error("the backfill of {job} of table {table} is run by {owner}: nothing was done")]
    Running {
        /// The table whose items are upgraded.
        table: String,
        /// The model and the schema.
        job: String,
        /// Who runs it.
        owner: String,
    },
    /// The steps are not those that the job was begun with, so items may have been upgraded by others. Nothing was done.
    /// A step that was ever applied must not change: add one behind it.
    #[error(
        "the steps of {job} of table {table} are not those that its backfill was begun with: nothing was done; undo the \
         change, and add a step instead"
    )]
    Drifted {
        /// The table whose items are upgraded.
        table: String,
        /// The model and the schema.
        job: String,
    },
    /// Another runner took the job over, since nothing was heard of this one for a lease. What was upgraded is upgraded;
    /// the other one goes on.
    #[error("another runner took the backfill over")]
    LeaseLost,
    /// More items failed than are tolerated. The others that were seen are upgraded, these are as they were.
    #[error(
        "more than {tolerated} items could not be upgraded: correct the step or the items and run again"
    )]
    Stopped {
        /// How many are tolerated.
        tolerated: usize,
        /// The items, and why.
        failed: Vec<FailedItem>,
    },
    /// What the service said, and what else can go wrong with a request.
    #[error(transparent)]
    Database(#[from] Error),
}

/// AWS: at most so many segments in a parallel scan.
const MOST_SEGMENTS: u32 = 1_000_000;
/// The shortest lease.
const SHORTEST: Duration = Duration::from_millis(1);
/// How often a note is written again that met the runner's own earlier one.
const ROUNDS: usize = 4;

/// How many failures a record names.
const NAMED: usize = 100;

/// The right of a runner to work on a job.
pub(super) struct Lease<'a> {
    db: &'a Database,
    time: Duration,
    record: Mutex<Loaded<BackfillRecord>>,
    /// What earlier runs had counted.
    before: (u64, u64),
}

impl<'a> Lease<'a> {
    /// Takes the job of a model; `None` where it is done.
    pub(super) async fn take<M: Model>(
        db: &'a Database,
        segments: usize,
        time: Duration,
    ) -> Result<Option<Self>, BackfillError> {
        let (segments, time) = (checked(segments)?, time.max(SHORTEST));
        let (table, job) = place::<M>(db);
        let owner = db.token();
        let fingerprint = M::layout().upgrade.fingerprint();
        let Some(mut record) = load::<M>(db).await? else {
            let record = BackfillRecord {
                table,
                job,
                state: BackfillState::InProgress,
                fingerprint,
                segments,
                checkpoint: None,
                owner,
                begun: db.now(),
                heard: db.now(),
                runs: 1,
                items: 0,
                upgraded: 0,
                failed: 0,
                failures: Vec::new(),
                verified: false,
                version: 0,
            };
            return match record.insert(db).await {
                Ok(record) => Ok(Some(Self::of(db, time, record))),
                Err(error) => Err(beaten(error)),
            };
        };
        if record.fingerprint != fingerprint {
            return Err(BackfillError::Drifted { table, job });
        }
        if record.state == BackfillState::InProgress {
            // By our own clock: only that the record stands still for a lease tells that its runner is gone.
            let seen = record.version;
            tokio::time::sleep(time).await;
            record.reload(db).await?;
            if record.version != seen && record.state == BackfillState::InProgress {
                return Err(running(record.into_inner()));
            }
        }
        match record.state {
            BackfillState::Completed => return Ok(None),
            BackfillState::Failed => begin_anew(&mut record),
            _ => {}
        }
        if record.checkpoint.is_none() {
            record.segments = segments;
        }
        record.state = BackfillState::InProgress;
        record.owner = owner;
        record.heard = db.now();
        record.runs += 1;
        record.save(db).await.map_err(beaten)?;
        Ok(Some(Self::of(db, time, record)))
    }

    fn of(db: &'a Database, time: Duration, record: Loaded<BackfillRecord>) -> Self {
        let before = (record.items, record.upgraded);
        Self { db, time, record: Mutex::new(record), before }
    }

    /// Where the job goes on.
    pub(super) async fn position(&self) -> Result<(usize, Option<Cursor>), Error> {
        let record = self.record.lock().await;
        let cursor = record.checkpoint.as_deref().map(str::parse).transpose()?;
        Ok((usize::try_from(record.segments).unwrap_or(usize::MAX), cursor))
    }

    /// Notes how far the job has come.
    pub(super) async fn checkpoint(
        &self,
        cursor: &Cursor,
        failed: &[FailedItem],
        progress: SweepProgress,
        counts: &Counts,
    ) -> Result<(), BackfillError> {
        self.write(|record| {
            record.checkpoint = Some(cursor.to_string());
            self.count(record, progress.items, counts);
            name(record, failed);
        })
        .await
    }

    /// Gives a sign of life three times a lease; ends where the lease is lost.
    pub(super) async fn keep(&self) -> BackfillError {
        loop {
            tokio::time::sleep(self.time / 3).await;
            // What else can fail, such as a busy service, is no reason to end: the next one may get through.
            if let Err(BackfillError::LeaseLost) = self.write(|_| ()).await {
                return BackfillError::LeaseLost;
            }
        }
    }

    /// Notes how the run ended.
    pub(super) async fn end(
        self,
        ended: Result<bool, BackfillError>,
        counts: &Counts,
    ) -> Result<BackfillRecord, BackfillError> {
        if matches!(ended, Err(BackfillError::LeaseLost)) {
            return Err(BackfillError::LeaseLost);
        }
        let noted = self
            .write(|record| {
                record.upgraded =
                    self.before.1 + counts.progress(SweepProgress::default()).upgraded;
                if let Err(BackfillError::Database(Error::ForeignCursor)) = ended {
                    // Made by another program, or under another secret: nothing goes on there.
                    record.checkpoint = None;
                }
                record.state = match &ended {
                    Ok(true) if record.failed == 0 => BackfillState::Completed,
                    Ok(true) => BackfillState::Failed,
                    _ => BackfillState::Interrupted,
                };
            })
            .await;
        // Why the run ended says more than that this could not be noted.
        ended?;
        noted?;
        Ok(self.record.into_inner().into_inner())
    }

    fn count(&self, record: &mut BackfillRecord, items: usize, counts: &Counts) {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        record.items = self.before.0.saturating_add(items);
        record.upgraded = self.before.1 + counts.progress(SweepProgress::default()).upgraded;
    }

    async fn write(&self, change: impl Fn(&mut BackfillRecord)) -> Result<(), BackfillError> {
        let mut record = self.record.lock().await;
        for _ in 0..ROUNDS {
            change(&mut record);
            record.heard = self.db.now();
            let error = match record.save(self.db).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_conflict() || error.is_outcome_unknown() => error,
                Err(error) => return Err(error.into()),
            };
            // A sign of life that was dropped while it was written: the record is ours all the same.
            let stored = match error.winner::<BackfillRecord>() {
                Ok(Some(stored)) => stored,
                _ => load_at(self.db, &record).await?.ok_or(BackfillError::LeaseLost)?,
            };
            if stored.owner != record.owner {
                return Err(BackfillError::LeaseLost);
            }
            *record = stored;
        }
        Err(BackfillError::LeaseLost)
    }
}

/// The number of segments, if a scan can have so many.
fn checked(segments: usize) -> Result<u32, Error> {
    match u32::try_from(segments) {
        Ok(0) => {
            Err(Error::Usage("a table is scanned in at least one segment: write `.segments(1)`"))
        }
        Ok(segments) if segments <= MOST_SEGMENTS => Ok(segments),
        _ => {
            let limit = usize::try_from(MOST_SEGMENTS).unwrap_or(usize::MAX);
            Err(Error::Limit { what: "segments of a scan", limit, found: segments, item: None })
        }
    }
}

/// Names failures in the record, as many as it holds.
fn name(record: &mut BackfillRecord, failed: &[FailedItem]) {
    record.failed += u64::try_from(failed.len()).unwrap_or(u64::MAX);
    let room = NAMED.saturating_sub(record.failures.len());
    record.failures.extend(failed.iter().take(room).map(ToString::to_string));
}

/// Items that failed are tried again: they lie before the checkpoint.
fn begin_anew(record: &mut BackfillRecord) {
    record.checkpoint = None;
    record.failed = 0;
    record.failures = Vec::new();
}

/// The error of a record that somebody else wrote first.
fn beaten(error: Error) -> BackfillError {
    match error.winner::<BackfillRecord>() {
        Ok(Some(record)) => running(record.into_inner()),
        _ => BackfillError::Database(error),
    }
}

fn running(record: BackfillRecord) -> BackfillError {
    let BackfillRecord { table, job, owner, .. } = record;
    BackfillError::Running { table, job, owner }
}

impl BackfillError {
    /// What the error of its sweep means to the job.
    pub(super) fn of(error: Error) -> Self {
        let Error::Sweep(sweep) = error else { return Self::Database(error) };
        match *sweep {
            SweepError::Failures { tolerated, failed, .. } => Self::Stopped { tolerated, failed },
            SweepError::Checkpoint { table, error } => match error.downcast::<Self>() {
                Ok(own) => *own,
                Err(error) => {
                    Self::Database(Error::Sweep(Box::new(SweepError::Checkpoint { table, error })))
                }
            },
            other => Self::Database(Error::Sweep(Box::new(other))),
        }
    }
}
