//! The record of a backfill: an item per table, model and schema.

use std::time::SystemTime;

use dynamap_mapper::{Attribute, Database, Error, Loaded, Model, UnixMillis};

use super::failures::BackfillFailure;
use super::history::BackfillRun;

/// The record of a [`Backfill`](super::Backfill): who runs it, how far it has come, what became of it. Create its table
/// once with `Table::<BackfillRecord>::create_if_missing(&db)`; [`Backfill::history`](super::Backfill::history) reads those
/// of a table.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use semver::Version;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=120 { put(id).send().await?; }
/// // 120 users have no `mail`.
/// Backfill::<User>::of(&db).tolerate(200).run().await?;
/// let record = BackfillRecord::get(&db, ("users", "User 2.0.0")).await?.expect("it was run");
/// assert_eq!((record.model(), record.schema()), ("User", Some(Version::new(2, 0, 0))));
/// assert!(record.swept && !record.verified);
/// assert_eq!((record.failed, record.failures.len(), record.unnamed()), (120, 100, 20));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "dynamap_migrations", validate = false, crate = "::dynamap_mapper")]
#[non_exhaustive]
pub struct BackfillRecord {
    /// The full name of the table whose items are upgraded.
    #[model(hash_key)]
    pub table: String,
    /// The model and the schema, as `User 2.0.0`.
    #[model(range_key)]
    pub job: String,
    /// What became of it.
    pub state: BackfillState,
    /// What tells one chain of steps from another.
    pub fingerprint: String,
    /// In how many segments the table is scanned.
    pub segments: u32,
    /// How far it has come.
    pub checkpoint: Option<String>,
    /// Who runs it, or ran it last.
    pub owner: String,
    /// When it was begun, by the clock of the program.
    #[model(with = UnixMillis)]
    pub begun: SystemTime,
    /// When something was last heard of its runner.
    #[model(with = UnixMillis)]
    pub heard: SystemTime,
    /// How often a runner took it up.
    pub runs: u32,
    /// How many items were seen, from the first one on; a job that begins anew counts them anew.
    pub items: u64,
    /// Whether every item was seen. Where not, the next run goes on at the checkpoint.
    pub swept: bool,
    /// How many items were upgraded, by all runs.
    pub upgraded: u64,
    /// How many items could not be upgraded.
    pub failed: u64,
    /// The first 100 of those, fewer where their keys are long.
    pub failures: Vec<BackfillFailure>,
    /// The last 20 runs, oldest first.
    pub history: Vec<BackfillRun>,
    /// Whether a look at the whole table afterwards found nothing older.
    pub verified: bool,
    /// The lock.
    #[model(version)]
    pub version: u64,
}

/// The state of a [`BackfillRecord`]. Only `Completed` means that all is done.
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
/// let job = Backfill::<User>::of(&db);
/// assert_eq!(job.run().await?.state, BackfillState::Completed);
/// # put(4).item("mail", mail()).send().await?;
/// // An older release has written meanwhile.
/// assert!(!job.verify().await?.is_complete());
/// assert_eq!(Backfill::<User>::history(&db).await?[0].state, BackfillState::Interrupted);
/// assert_eq!(job.run().await?.state, BackfillState::Completed); // it begins anew
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Attribute)]
#[model(rename_all = "snake_case", crate = "::dynamap_mapper")]
#[non_exhaustive]
pub enum BackfillState {
    /// A runner is at it, or was killed.
    InProgress,
    /// It was stopped, or ended with an error; the next run goes on.
    Interrupted,
    /// Every item was seen, and some could not be upgraded.
    Failed,
    /// Every item was seen, and is of the schema, or newer.
    Completed,
}

/// What the record of a model's job is found by.
pub(super) fn place<M: Model>(db: &Database) -> (String, String) {
    let layout = M::layout();
    (db.table_name(layout), format!("{} {}", layout.model, layout.schema))
}

pub(super) async fn load<M: Model>(db: &Database) -> Result<Option<Loaded<BackfillRecord>>, Error> {
    let (table, job) = place::<M>(db);
    BackfillRecord::get(db, (&table, &job)).consistent().await
}

/// A record as it is stored now.
pub(super) async fn load_at(
    db: &Database,
    record: &BackfillRecord,
) -> Result<Option<Loaded<BackfillRecord>>, Error> {
    BackfillRecord::get(db, (&record.table, &record.job)).consistent().await
}

pub(super) async fn read<M: Model>(db: &Database) -> Result<Option<BackfillRecord>, Error> {
    Ok(load::<M>(db).await?.map(Loaded::into_inner))
}

/// Notes what a look at the whole table found. A job that is under way is left as it is.
pub(super) async fn note<M: Model>(db: &Database, is_complete: bool) -> Result<(), Error> {
    let mut record = match load::<M>(db).await {
        Ok(Some(record)) => record,
        // The job was never begun: there is nothing to note it in.
        Ok(None) | Err(Error::NoSuchTable(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if record.state == BackfillState::InProgress {
        return Ok(());
    }
    record.verified = is_complete && record.state == BackfillState::Completed;
    if !is_complete {
        (record.checkpoint, record.swept) = (None, false);
        if record.state == BackfillState::Completed {
            record.state = BackfillState::Interrupted;
        }
    }
    match record.save(db).await {
        // A runner began meanwhile.
        Err(error) if error.is_conflict() => Ok(()),
        saved => saved,
    }
}
