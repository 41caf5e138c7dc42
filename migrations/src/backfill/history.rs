//! Who ran a backfill, when, and what became of it.

use std::time::SystemTime;

use dynamap_mapper::{Attribute, Database, Error, Loaded, Model, UnixMillis};
use semver::Version;

use super::record::{BackfillRecord, BackfillState};

/// One run of a [`Backfill`](super::Backfill), of [`run`](super::Backfill::run) or of
/// [`retry_failed`](super::Backfill::retry_failed).
#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(crate = "::dynamap_mapper")]
#[non_exhaustive]
pub struct BackfillRun {
    /// Who ran it.
    pub owner: String,
    /// When it was begun, by the clock of the program.
    #[model(with = UnixMillis)]
    pub begun: SystemTime,
    /// When it ended. Of one that is under way, when it last noted how far it had come; of one that was killed, when
    /// something was last heard of it.
    #[model(with = UnixMillis)]
    pub ended: SystemTime,
    /// What became of it.
    pub state: BackfillState,
    /// How many items it saw.
    pub items: u64,
    /// How many items it upgraded.
    pub upgraded: u64,
}

/// How many runs a record keeps.
const RUNS: usize = 20;

impl BackfillRecord {
    /// The name of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        self.job.split_once(' ').map_or(&self.job, |(model, _)| model)
    }

    /// The schema to which items are upgraded.
    #[must_use]
    pub fn schema(&self) -> Option<Version> {
        self.job.split_once(' ').and_then(|(_, schema)| schema.parse().ok())
    }

    /// Notes that a runner takes the job up.
    pub(super) fn begin_run(&mut self, owner: String, now: SystemTime) {
        let heard = self.heard;
        if let Some(last) = self.history.last_mut()
            && last.state == BackfillState::InProgress
        {
            // It was killed.
            (last.state, last.ended) = (BackfillState::Interrupted, heard);
        }
        let run = BackfillRun {
            owner: owner.clone(),
            begun: now,
            ended: now,
            state: BackfillState::InProgress,
            items: 0,
            upgraded: 0,
        };
        let kept = self.history.len().saturating_sub(RUNS - 1);
        self.history.drain(..kept);
        self.history.push(run);
        (self.owner, self.heard, self.state) = (owner, now, BackfillState::InProgress);
        self.runs += 1;
    }

    /// Notes how far the run has come, and what became of it.
    pub(super) fn note_run(&mut self, now: SystemTime, items: u64, upgraded: u64) {
        let state = self.state;
        if let Some(run) = self.history.last_mut() {
            (run.ended, run.state, run.items, run.upgraded) = (now, state, items, upgraded);
        }
    }
}

/// The records of a model's table, by schema.
pub(super) async fn read<M: Model>(db: &Database) -> Result<Vec<BackfillRecord>, Error> {
    let table = db.table_name(M::layout());
    let found = BackfillRecord::query(db, &table).consistent().try_collect().await?;
    let mut records: Vec<BackfillRecord> = found.into_iter().map(Loaded::into_inner).collect();
    records.sort_by_key(|record| (record.schema(), record.job.clone()));
    Ok(records)
}
