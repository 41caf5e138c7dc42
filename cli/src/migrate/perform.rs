//! What is done with a model whose items are brought to its schema.

use dynamap_mapper::{Database, Error, Model, Table};
use dynamap_migrations::backfill::{self, DryRun, Stop, Survey};
use dynamap_migrations::{Backfill, BackfillError, BackfillRecord};

use super::args::{Options, Verb};
use crate::notes::Notes;

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

/// Does a verb with a model.
pub(crate) async fn perform<M: Model>(task: Task<'_, '_>) -> Result<Found, BackfillError> {
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
