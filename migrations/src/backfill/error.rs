//! Why a backfill did not run, or ended.

use dynamap_mapper::Error;
use dynamap_mapper::error::{FailedItem, SweepError};

/// Why a [`Backfill`](super::Backfill) did not run, or ended.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillError, BackfillRecord, Database, Migrations, Model, Step, Table};
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
/// # put(7).send().await?;
/// // One of the users has no `mail`.
/// let job = Backfill::<User>::of(&db).tolerate(0);
/// let Err(BackfillError::Stopped { tolerated: 0, failed }) = job.run().await else { panic!("it fails") };
/// assert_eq!(failed.len(), 1);
///
/// // The job of a table whose owner has never run it.
/// # Table::<BackfillRecord>::delete(&db).with_all_items().await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// match job.retry_failed().await {
///     Err(BackfillError::NotBegun { job, .. }) => assert_eq!(job, "User 2.0.0"),
///     Err(BackfillError::Running { owner, .. }) => panic!("{owner} is at it: wait"),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
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
    /// The job was never begun, so there is nothing to try again. Nothing was done.
    #[error("the backfill of {job} of table {table} was never begun: nothing was done; run it")]
    NotBegun {
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
