//! The one way to the store: one write is a single request at half the price; several, or one that asks for it, are a
//! transaction.

use std::collections::HashSet;

use super::plan::{After, Write};
use super::render::{Rendered, render};
use super::{single, transact, verify};
use crate::database::Database;
use crate::error::{Error, Failure, Reason};
use crate::item::Item;

/// AWS: at most 100 actions in one TransactWriteItems.
pub(crate) const MAX_ACTIONS: usize = 100;

/// Applies writes together, all or none, and returns the items that they left, in order.
///
/// Up to 100 writes; of checks alone there may be more.
///
/// # Errors
/// [`Error::Conflict`] where an item was not as expected, [`Error::OutcomeUnknown`] where an answer was lost and the
/// effect cannot be found out; after every other error nothing was written. If the future is dropped half-way, the
/// writes may have been applied or not, together.
pub async fn apply(db: &Database, writes: &[Write]) -> Result<Vec<Option<Item>>, Error> {
    named_once(writes)?;
    if writes.iter().all(|write| matches!(write.after, After::Same)) {
        if !writes.is_empty() {
            Box::pin(verify::send(db, writes)).await?;
        }
        return Ok(vec![None; writes.len()]);
    }
    check_count(writes.len())?;
    let nonce = db.nonce();
    let rendered: Vec<Rendered> =
        writes.iter().map(|write| render(write, &nonce)).collect::<Result<_, _>>()?;
    // Boxed: the SDK's futures are large, and every caller's future would hold them.
    match (writes, rendered.as_slice()) {
        ([write], [one]) if !write.once => {
            let returned = Box::pin(single::send(db, write, one, &nonce)).await?;
            return Ok(rendered
                .into_iter()
                .map(|one| one.after)
                .map(|after| after.or(returned.clone()))
                .collect());
        }
        (writes, rendered) => {
            Box::pin(transact::send(db, writes, rendered, &nonce))
                .await
                .map_err(|error| alone(writes, error))?;
        }
    }
    Ok(rendered.into_iter().map(|rendered| rendered.after).collect())
}

/// The error of a write that is a transaction of its own, as a plain write has it.
fn alone(writes: &[Write], error: Error) -> Error {
    match (writes, &error) {
        ([write], Error::Conflict(conflict)) => {
            let nothing = |failure: &Failure| {
                *failure.reason() == Reason::Condition && failure.image().is_none()
            };
            if conflict.failures().iter().any(nothing) { write.conflict(None) } else { error }
        }
        _ => error,
    }
}

/// Refuses more writes than one transaction takes.
///
/// # Errors
/// [`Error::Limit`].
pub fn check_count(writes: usize) -> Result<(), Error> {
    super::limits::at_most("items read and written by one transaction", MAX_ACTIONS, writes)
}

fn named_once(writes: &[Write]) -> Result<(), Error> {
    let targets: HashSet<_> = writes.iter().map(|w| (&w.target.table, &w.target.key)).collect();
    if targets.len() < writes.len() {
        return Err(Error::Usage(
            "one set of writes names the same item twice: fold them into one",
        ));
    }
    Ok(())
}
