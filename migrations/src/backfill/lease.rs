//! One runner at a time: the right to write the job's record.
//!
//! Every write of the record is conditional on the version that this runner wrote last. So whoever takes the job over
//! shuts the other one out with that one write, even if it is only slow and comes back.

use std::time::Duration;

use dynamap_mapper::error::FailedItem;
use dynamap_mapper::{Cursor, Database, Error, Loaded, Model, SweepProgress};
use tokio::sync::Mutex;

use super::error::BackfillError;
use super::failures::BackfillFailure;
use super::progress::{Before, Counts};
use super::record::{BackfillRecord, BackfillState, load, load_at, place};

/// AWS: at most so many segments in a parallel scan.
const MOST_SEGMENTS: u32 = 1_000_000;
/// The shortest lease.
const SHORTEST: Duration = Duration::from_millis(1);
/// How often a note is written again that met the runner's own earlier one.
const ROUNDS: usize = 4;

/// The right of a runner to work on a job.
pub(super) struct Lease<'a> {
    db: &'a Database,
    time: Duration,
    record: Mutex<Loaded<BackfillRecord>>,
    /// What earlier runs had counted.
    pub(super) before: Before,
    /// Whether earlier runs had seen every item.
    swept: bool,
}

impl<'a> Lease<'a> {
    /// Takes the job of a model; `None` where it is done.
    pub(super) async fn take<M: Model>(
        db: &'a Database,
        segments: usize,
        time: Duration,
    ) -> Result<Option<Self>, BackfillError> {
        let (segments, time) = (checked(segments)?, time.max(SHORTEST));
        let Some(mut record) = load::<M>(db).await? else {
            let mut record = new::<M>(db, segments);
            record.begin_run(db.token(), db.now());
            return match record.insert(db).await {
                Ok(record) => Ok(Some(Self::of(db, time, record))),
                Err(error) => Err(beaten(error)),
            };
        };
        wait_for_idle::<M>(db, &mut record, time).await?;
        if record.state == BackfillState::Completed {
            return Ok(None);
        }
        // Items that failed are tried again: they lie before the checkpoint.
        if record.swept || record.checkpoint.is_none() {
            begin_anew(&mut record, segments);
        }
        Self::own(db, record, time).await.map(Some)
    }

    /// Takes the job of a model for its failures alone; gives its record back where it has none.
    pub(super) async fn take_failed<M: Model>(
        db: &'a Database,
        time: Duration,
    ) -> Result<Result<Self, BackfillRecord>, BackfillError> {
        let time = time.max(SHORTEST);
        let mut record = match load::<M>(db).await {
            Ok(Some(record)) => record,
            Ok(None) | Err(Error::NoSuchTable(_)) => {
                let (table, job) = place::<M>(db);
                return Err(BackfillError::NotBegun { table, job });
            }
            Err(error) => return Err(error.into()),
        };
        if !record.failures.is_empty() {
            wait_for_idle::<M>(db, &mut record, time).await?;
        }
        if record.failures.is_empty() {
            return Ok(Err(record.into_inner()));
        }
        Self::own(db, record, time).await.map(Ok)
    }

    async fn own(
        db: &'a Database,
        mut record: Loaded<BackfillRecord>,
        time: Duration,
    ) -> Result<Self, BackfillError> {
        record.begin_run(db.token(), db.now());
        record.save(db).await.map_err(beaten)?;
        Ok(Self::of(db, time, record))
    }

    fn of(db: &'a Database, time: Duration, record: Loaded<BackfillRecord>) -> Self {
        let before =
            Before { items: record.items, upgraded: record.upgraded, failed: record.failed };
        let swept = record.swept;
        Self { db, time, record: Mutex::new(record), before, swept }
    }

    /// Where the job goes on.
    pub(super) async fn position(&self) -> Result<(usize, Option<Cursor>), Error> {
        let record = self.record.lock().await;
        let cursor = record.checkpoint.as_deref().map(str::parse).transpose()?;
        Ok((usize::try_from(record.segments).unwrap_or(usize::MAX), cursor))
    }

    /// The failures that the record names.
    pub(super) async fn failures(&self) -> Vec<BackfillFailure> {
        self.record.lock().await.failures.clone()
    }

    /// Notes which failures are left; tells whether the job has seen every item.
    pub(super) async fn retried(&self, left: Vec<BackfillFailure>) -> Result<bool, BackfillError> {
        self.write(|record| record.replace_failures(left.clone())).await?;
        Ok(self.swept)
    }

    /// Notes how far the job has come.
    pub(super) async fn checkpoint(
        &self,
        cursor: &Cursor,
        failed: &[FailedItem],
        progress: SweepProgress,
        counts: &Counts,
    ) -> Result<(), BackfillError> {
        let cursor = cursor.to_string();
        self.write(|record| {
            // Noted before, and the answer lost.
            if record.checkpoint.as_ref() == Some(&cursor) {
                return;
            }
            record.checkpoint = Some(cursor.clone());
            self.count(record, progress.items, counts);
            record.add_failures(failed);
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
                if let Err(BackfillError::Database(Error::ForeignCursor)) = ended {
                    // Made by another program, or under another secret: nothing goes on there.
                    record.checkpoint = None;
                }
                record.state = match &ended {
                    Ok(true) if record.failed == 0 => BackfillState::Completed,
                    Ok(true) => BackfillState::Failed,
                    _ => BackfillState::Interrupted,
                };
                // A run that failed leaves what earlier ones had seen.
                record.swept = *ended.as_ref().unwrap_or(&self.swept);
                let seen = record.items.saturating_sub(self.before.items);
                self.count(record, usize::try_from(seen).unwrap_or(usize::MAX), counts);
            })
            .await;
        // Why the run ended says more than that this could not be noted.
        ended?;
        noted?;
        Ok(self.record.into_inner().into_inner())
    }

    /// Notes what this run has seen and upgraded.
    fn count(&self, record: &mut BackfillRecord, items: usize, counts: &Counts) {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        let upgraded = counts.upgraded();
        record.items = self.before.items.saturating_add(items);
        record.upgraded = self.before.upgraded.saturating_add(upgraded);
        record.note_run(self.db.now(), items, upgraded);
    }

    async fn write(&self, change: impl Fn(&mut BackfillRecord)) -> Result<(), BackfillError> {
        let mut record = self.record.lock().await;
        let mut rounds = 0;
        loop {
            rounds += 1;
            // What is not written is not so here either.
            let mut changed = record.clone();
            change(&mut changed);
            changed.heard = self.db.now();
            let error = match changed.save(self.db).await {
                Ok(()) => {
                    *record = changed;
                    return Ok(());
                }
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
            if rounds == ROUNDS {
                return Err(error.into());
            }
        }
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

/// The record of a job that is begun.
fn new<M: Model>(db: &Database, segments: u32) -> BackfillRecord {
    let (table, job) = place::<M>(db);
    BackfillRecord {
        table,
        job,
        state: BackfillState::InProgress,
        fingerprint: M::layout().upgrade.fingerprint(),
        segments,
        checkpoint: None,
        owner: String::new(),
        begun: db.now(),
        heard: db.now(),
        runs: 0,
        items: 0,
        swept: false,
        upgraded: 0,
        failed: 0,
        failures: Vec::new(),
        history: Vec::new(),
        verified: false,
        version: 0,
    }
}

/// Refuses a job that another runner is at, or that was begun with other steps.
async fn wait_for_idle<M: Model>(
    db: &Database,
    record: &mut Loaded<BackfillRecord>,
    time: Duration,
) -> Result<(), BackfillError> {
    if record.fingerprint != M::layout().upgrade.fingerprint() {
        let (table, job) = place::<M>(db);
        return Err(BackfillError::Drifted { table, job });
    }
    if record.state == BackfillState::InProgress {
        // By our own clock: only that the record stands still for a lease tells that its runner is gone.
        let seen = record.version;
        tokio::time::sleep(time).await;
        record.reload(db).await?;
        if record.version != seen && record.state == BackfillState::InProgress {
            return Err(running(record.clone().into_inner()));
        }
    }
    Ok(())
}

/// Begins with the first item.
fn begin_anew(record: &mut BackfillRecord, segments: u32) {
    (record.segments, record.checkpoint, record.swept) = (segments, None, false);
    (record.items, record.failed) = (0, 0);
    record.failures.clear();
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
