//! Who ran a backfill, when, and what became of it.

use std::time::SystemTime;

use dynamap_mapper::{Attribute, Database, Error, Loaded, Model, UnixMillis};
use semver::Version;

use super::record::{BackfillRecord, BackfillState};

/// One run of a [`Backfill`](super::Backfill), of [`run`](super::Backfill::run) or of
/// [`retry_failed`](super::Backfill::retry_failed).
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, BackfillState, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// # put(7).send().await?;
/// // User 7 has no `mail`.
/// Backfill::<User>::of(&db).run().await?;
/// # put(7).item("mail", mail()).send().await?;
/// // Somebody corrects the item.
/// let record = Backfill::<User>::of(&db).retry_failed().await?;
/// let [first, second] = &record.history[..] else { panic!("two runs") };
/// assert_eq!((first.state, first.items, first.upgraded), (BackfillState::Failed, 4, 3));
/// assert_eq!((second.state, second.upgraded), (BackfillState::Completed, 1));
/// assert!(first.ended <= second.begun && second.owner == record.owner);
/// # Ok(())
/// # }
/// ```
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
    /// How many items it saw; 0 of [`retry_failed`](super::Backfill::retry_failed), which scans nothing.
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
