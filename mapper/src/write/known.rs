//! Writes by key that change unique values, or have views: guards and rows depend on what the item is, so that it is read
//! and the write made of it.

use super::apply::{Terms, Unapplied, send};
use super::cached;
use super::plan::{After, Base, Returns, Write};
use crate::database::Database;
use crate::error::{Error, Failure, Reason};
use crate::expr::{Node, evaluate};
use crate::item::Item;
use crate::reader::Reader as _;
use crate::retry::Again;

/// Whether the write cannot be sent without knowing the item.
pub(super) fn is_needed(write: &Write) -> bool {
    let layout = write.layout;
    if !matches!(write.base, Base::Any) {
        return false;
    }
    if layout.uniques.is_empty() || super::viewed::has_views(layout) {
        return super::viewed::is_needed(write);
    }
    match &write.after {
        After::Same => false,
        After::New(_) | After::Changed(_) | After::Gone => true,
        After::By(changes) => {
            let mut names = layout.uniques.iter().flat_map(|unique| unique.names(layout));
            names.any(|name| changes.changes.iter().any(|change| change.place.name == name))
        }
    }
}

/// Applies writes of which some need to know their item.
pub(super) async fn apply(
    db: &Database,
    writes: &[Write],
    terms: &Terms,
) -> Result<Vec<Option<Item>>, Unapplied> {
    let mut again = Again::new(db).until(terms.deadline);
    loop {
        let targets = writes.iter().map(Write::target);
        let made = again.in_time(make(db, writes), targets).await?;
        let unapplied = match send(db, &made, terms).await {
            Ok(after) => return Ok(made.iter().zip(after).map(brought_back).collect()),
            Err(unapplied) => unapplied,
        };
        if !is_late(writes, &unapplied) || !again.pause().await {
            return Err(unapplied);
        }
    }
}

/// The writes, those that need it made of the items that are there.
///
/// # Errors
/// The conflict of a single one whose condition does not hold.
pub(super) async fn make(db: &Database, writes: &[Write]) -> Result<Vec<Write>, Error> {
    let mut made = Vec::new();
    for write in writes {
        made.push(if is_needed(write) { read(db, write).await? } else { write.clone() });
    }
    if let ([write], [Write { base, after: After::Same, .. }]) = (writes, made.as_slice()) {
        let stored = if let Base::Stored(item) = base { Some(item.clone()) } else { None };
        Box::pin(cached::unexpected(db, write)).await;
        return Err(write.conflict(stored));
    }
    Ok(made)
}

/// The write as it is made of the item that is there; where its condition does not hold, one that fails for that.
///
/// It is sent with the others all the same: they may tell more, such as that all of this was done before.
async fn read(db: &Database, write: &Write) -> Result<Write, Error> {
    let stored = db.read_item(write.layout, &write.target.key, true).await?;
    let mut made = write.clone();
    let nothing = Item::default();
    let image = stored.as_ref().unwrap_or(&nothing);
    match &write.condition {
        Some(condition) if !condition.holds(image) => {
            let hash = write.layout.hash_key.name;
            let never = Node::exists(hash).and(Node::not_exists(hash));
            made.after = After::Same;
            made.condition = Some(condition.clone().and(never));
        }
        _ => {
            if let After::By(changes) = &write.after {
                let key = write.target.key.to_item();
                let item = evaluate(stored.as_ref().unwrap_or(&key), &changes.changes)
                    .map_err(|error| Error::encode(write.layout, error))?;
                made.after = if stored.is_some() { After::Changed(item) } else { After::New(item) };
            }
        }
    }
    made.base = stored.map_or(Base::Absent, Base::Stored);
    Ok(made)
}

/// What the verb brings back.
pub(super) fn brought_back((made, after): (&Write, Option<Item>)) -> Option<Item> {
    match (made.returns, &made.base) {
        (Returns::Old, Base::Stored(item)) => Some(item.clone()),
        (Returns::Old, _) => None,
        _ => after,
    }
}

/// Whether nothing was written because items that were read here are others by now.
pub(super) fn is_late(writes: &[Write], unapplied: &Unapplied) -> bool {
    let Error::Conflict(conflict) = &unapplied.error else { return false };
    let by_others = |failure: &Failure| {
        let reason = failure.reason();
        let other = matches!(
            reason,
            Reason::Changed { .. } | Reason::Deleted | Reason::Recreated | Reason::AlreadyExists
        );
        let of_failure =
            |write: &&Write| write.target.table == failure.table && write.target.key == failure.key;
        other && writes.iter().find(of_failure).is_some_and(is_needed)
    };
    let not_unique = |failure: &Failure| matches!(failure.reason(), Reason::NotUnique { .. });
    let failures = conflict.failures();
    !unapplied.ambiguous
        && failures.iter().any(by_others)
        && failures.iter().all(|failure| by_others(failure) || not_unique(failure))
}
