//! Checks without a write: the items are read again, at the price of reads.

use tokio::time::Instant;

use super::judge;
use super::plan::{Base, Write};
use crate::database::Database;
use crate::error::{Conflict, Error, Target};
use crate::item::Item;
use crate::read::Rounds;
use crate::schema::WRITE_ATTRIBUTE;

/// Requires that every item is as the writes, which change nothing, expect it.
///
/// Up to 100 items are read at one moment. More are read part by part, first those that have no nonce, or were not seen:
/// every other item was seen before the first part was read, and is the same when its own part is, so that all were so at
/// the moment of the first part.
pub(super) async fn send(
    db: &Database,
    writes: &[Write],
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let targets: Vec<Target> = writes.iter().map(|write| write.target.clone()).collect();
    let mut rounds = Rounds::new(db, &targets, deadline);
    let has_nonce =
        |write: &Write| matches!(&write.base, Base::Stored(item) if item.contains(WRITE_ATTRIBUTE));
    rounds.put_first(|position| !has_nonce(&writes[position]));
    require(writes, rounds.read().await?)?;
    rounds.require_proof()
}

fn require(writes: &[Write], found: Vec<Option<Item>>) -> Result<(), Error> {
    let failed = |(write, stored): (&Write, Option<Item>)| {
        (!is_as_expected(write, stored.as_ref())).then(|| judge::failure(write, stored))
    };
    let failures: Vec<_> = writes.iter().zip(found).filter_map(failed).collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(Box::new(Conflict::new(failures))))
}

fn is_as_expected(write: &Write, stored: Option<&Item>) -> bool {
    let as_seen = match (&write.base, stored) {
        (Base::Any, _) | (Base::Absent, None) => true,
        (Base::Stored(base), Some(stored)) => base == stored,
        _ => false,
    };
    let nothing = Item::default();
    let condition = write.condition.as_ref();
    as_seen && condition.is_none_or(|condition| condition.holds(stored.unwrap_or(&nothing)))
}
