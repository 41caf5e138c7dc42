//! The one way to the store: one write is a single request at half the price; several, or one that asks for it, are a
//! transaction.

use std::collections::HashSet;

use tokio::time::Instant;

use super::cached::{self, UnderWay};
use super::derived::Expanded;
use super::known;
use super::plan::{After, Base, Write};
use super::render::{Rendered, render};
use super::{limits, single, transact, verify, viewed};
use crate::database::Database;
use crate::error::{Error, Failure, Reason};
use crate::item::Item;

/// AWS: at most 100 actions in one TransactWriteItems.
pub const MAX_ACTIONS: usize = 100;

/// How often values are given up that turn out to belong to other items, or to the own ones again.
const ROUNDS: usize = 8;

/// How writes are applied.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// When to give up, where that is before the deadline of the database.
    pub deadline: Option<Instant>,
    /// Whether one of the writes decides for ever whether all were applied, so that the caller finds out what became of
    /// an attempt without an answer. Then a failed condition is reported at once, also where an earlier attempt may
    /// still take effect.
    pub decidable: bool,
}

/// Writes that were not applied, as far as is known.
#[derive(Debug)]
pub struct Unapplied {
    /// Why.
    pub error: Error,
    /// Whether an attempt may have been applied, or may still be.
    pub ambiguous: bool,
    /// What was sent, where anything was.
    pub sent: Option<Sent>,
}

/// What a request leaves if it is applied.
#[derive(Debug)]
pub struct Sent {
    /// The nonce on all its items.
    pub nonce: String,
    /// The items, in the order of the writes.
    pub after: Vec<Option<Item>>,
}

impl From<Error> for Unapplied {
    fn from(error: Error) -> Self {
        let ambiguous = error.is_outcome_unknown();
        Self { error, ambiguous, sent: None }
    }
}

/// Applies writes together, all or none, and returns the items that they left, in order.
///
/// Up to 100 writes; of checks alone there may be more.
///
/// # Errors
/// [`Error::Conflict`] where an item was not as expected, [`Error::OutcomeUnknown`] where an answer was lost and the
/// effect cannot be found out; after every other error nothing was written. If the future is dropped half-way, the
/// writes may have been applied or not, together.
pub async fn apply(db: &Database, writes: &[Write]) -> Result<Vec<Option<Item>>, Error> {
    apply_on(db, writes, &Terms::default()).await.map_err(|unapplied| unapplied.error)
}

/// As [`apply`], on these terms.
///
/// # Errors
/// As [`apply`], and whether that is final.
pub async fn apply_on(
    db: &Database,
    writes: &[Write],
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    named_once(writes)?;
    if writes.iter().any(viewed::is_needed) {
        return Box::pin(viewed::apply(db, writes, terms)).await;
    }
    if writes.iter().any(known::is_needed) {
        return Box::pin(known::apply(db, writes, terms)).await;
    }
    send(db, writes, terms).await
}

/// As [`apply_on`], of writes that say all there is to know of their items; the cache is told what they left.
pub(super) async fn send(
    db: &Database,
    writes: &[Write],
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    let under_way = UnderWay::new(db, writes.iter().map(|write| (write.layout, &write.target)));
    let sent = send_all(db, writes, terms).await;
    if under_way.is_told() {
        let left = sent.as_ref().map(Vec::as_slice);
        Box::pin(under_way.settle(cached::left(writes, left))).await;
    }
    sent
}

async fn send_all(
    db: &Database,
    writes: &[Write],
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    if writes.iter().all(|write| matches!(write.after, After::Same)) {
        if !writes.is_empty() {
            Box::pin(verify::send(db, writes, terms.deadline)).await?;
        }
        return Ok(vec![None; writes.len()]);
    }
    check_count(writes.len())?;
    let mut expanded = Expanded::new(db, writes)?;
    let mut rounds = 0;
    loop {
        rounds += 1;
        let sent = transmit(db, writes, &expanded, terms).await;
        match sent {
            Ok(mut after) => {
                after.truncate(writes.len());
                return Ok(after);
            }
            Err(unapplied)
                if rounds < ROUNDS
                    && !unapplied.ambiguous
                    && expanded.leave_to_owners(db, &unapplied.error) => {}
            Err(unapplied) => {
                return Err(Unapplied { error: expanded.report(unapplied.error), ..unapplied });
            }
        }
    }
}

/// Sends the writes of the program with those that go with them.
async fn transmit(
    db: &Database,
    own: &[Write],
    expanded: &Expanded<'_>,
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    let writes = expanded.writes.as_ref();
    if expanded.is_more() {
        let what = "items, and guards of unique values, read and written by one transaction";
        limits::at_most(what, MAX_ACTIONS, writes.len())?;
    }
    let nonce = db.nonce();
    let mut rendered: Vec<Rendered> =
        writes.iter().map(|write| render(db, write, &nonce)).collect::<Result<_, _>>()?;
    // One item alone is within the limit of an item.
    if rendered.len() > 1 {
        limits::check_total(writes.iter().zip(&rendered).map(|(write, rendered)| {
            let before = if let Base::Stored(item) = &write.base { item.size() } else { 0 };
            (&write.target, before.max(rendered.after.as_ref().map_or(0, Item::size)))
        }))?;
    }
    let after: Vec<_> = rendered.iter().map(|rendered| rendered.after.clone()).collect();
    // Boxed: the SDK's futures are large, and every caller's future would hold them.
    if let [write] = writes
        && !write.once
        && let Some(one) = rendered.pop()
    {
        return match Box::pin(single::send(db, write, one, &nonce, terms.deadline)).await {
            Ok(returned) => Ok(after.into_iter().map(|after| after.or(returned.clone())).collect()),
            Err(error) => {
                Err(Unapplied { sent: Some(Sent { nonce, after }), ..Unapplied::from(error) })
            }
        };
    }
    match Box::pin(transact::send(db, writes, rendered, &nonce, terms)).await {
        Ok(()) => Ok(after),
        Err(unapplied) => Err(Unapplied {
            error: alone(own, unapplied.error),
            sent: Some(Sent { nonce, after }),
            ..unapplied
        }),
    }
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
    if let [_] = writes {
        return Ok(());
    }
    let targets: HashSet<_> = writes.iter().map(|w| (&w.target.table, &w.target.key)).collect();
    if targets.len() < writes.len() {
        return Err(Error::Usage(
            "one set of writes names the same item twice: fold them into one",
        ));
    }
    Ok(())
}
