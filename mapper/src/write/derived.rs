//! The writes that go with others: guards of unique values.
//!
//! They follow from what an item was and what it shall be, and are sent with it in one transaction. A write whose guarded
//! values stay is sent alone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::judge;
use super::known;
use super::plan::{After, Base, Write, target};
use super::viewed;
use crate::database::Database;
use crate::error::{Conflict, Error, Failure, Reason};
use crate::expr::Node;
use crate::item::Item;
use crate::key::Key;
use crate::unique::{GUARDS, OWNER, guard_item, guard_key, owner_of, owner_value};

/// Writes, and those that go with them.
pub(super) struct Expanded<'w> {
    /// Those of the program, and then the derived ones.
    pub(super) writes: Cow<'w, [Write]>,
    guards: Vec<Guard>,
}

/// What happens to one guard.
struct Guard {
    constraint: &'static str,
    /// The write that takes the value.
    claim: Option<usize>,
    /// The writes that give it up.
    releases: Vec<usize>,
    /// Whether it was seen to belong to an item that is not written here: there is nothing to give up.
    foreign: bool,
}

/// Refuses to hand a write to the program as one request where other writes would go with it.
pub(super) fn single_request(write: &Write) -> Result<(), Error> {
    if viewed::is_needed(write) {
        return Err(Error::Usage(
            "an item with views is written with its rows, which is no single request: await the write",
        ));
    }
    if known::is_needed(write) || changed(write).next().is_some() {
        return Err(Error::Usage(
            "a unique value is written with its guard, which is no single request: await the write",
        ));
    }
    Ok(())
}

impl<'w> Expanded<'w> {
    /// The writes of the program with the guards that follow from them.
    ///
    /// # Errors
    /// [`Error::Conflict`] where two of them take one value.
    pub(super) fn new(db: &Database, writes: &'w [Write]) -> Result<Self, Error> {
        let mut guards: BTreeMap<String, Guard> = BTreeMap::new();
        for (number, write) in writes.iter().enumerate() {
            for (constraint, old, new) in changed(write) {
                for guard in old {
                    let guard = guards.entry(guard).or_insert(Guard::new(constraint));
                    guard.releases.push(number);
                }
                let Some(new) = new else { continue };
                let guard = guards.entry(new).or_insert(Guard::new(constraint));
                if let Some(first) = guard.claim.replace(number) {
                    let owner = writes[first].target.key.clone();
                    let failure = not_unique(&writes[number], constraint, Some(owner));
                    return Err(Error::Conflict(Box::new(Conflict::new(vec![failure]))));
                }
            }
        }
        let mut expanded = Self { writes: Cow::Borrowed(writes), guards: Vec::new() };
        for (key, guard) in guards {
            let write = guard.write(db, writes, guard_key(key));
            expanded.writes.to_mut().push(write);
            expanded.guards.push(guard);
        }
        Ok(expanded)
    }

    /// How many of the writes are those of the program.
    fn own(&self) -> usize {
        self.writes.len().saturating_sub(self.guards.len())
    }

    /// Whether there is more than the program's writes.
    pub(super) fn is_more(&self) -> bool {
        !self.guards.is_empty()
    }

    /// Where values cannot be given up only because other items have them, the writes that require just that; `false`
    /// where something else was in the way.
    ///
    /// So it is with items that are older than the constraint and share a value: one of them has the guard.
    pub(super) fn leave_to_owners(&mut self, db: &Database, error: &Error) -> bool {
        let Error::Conflict(conflict) = error else { return false };
        let own = self.own();
        let mut failed = Vec::new();
        for failure in conflict.failures() {
            match self.guard_of(failure) {
                Some(at) if self.guards[at].claim.is_none() => failed.push(at),
                _ => return false,
            }
        }
        for at in &failed {
            self.guards[*at].foreign = !self.guards[*at].foreign;
            let key = self.writes[own + at].target.key.clone();
            self.writes.to_mut()[own + at] = self.guards[*at].write(db, &self.writes[..own], key);
        }
        !failed.is_empty()
    }

    /// The error in terms of the program's writes.
    pub(super) fn report(&self, error: Error) -> Error {
        match error {
            Error::Conflict(conflict) => {
                Error::Conflict(Box::new(Conflict::new(self.translate(conflict.into_failures()))))
            }
            Error::Busy(mut busy) => {
                busy.failures = self.translate(busy.failures);
                Error::Busy(busy)
            }
            Error::OutcomeUnknown(mut unknown) => {
                unknown.targets.truncate(self.own());
                Error::OutcomeUnknown(unknown)
            }
            error => error,
        }
    }

    fn translate(&self, failures: Vec<Failure>) -> Vec<Failure> {
        failures.into_iter().map(|failure| self.about_the_item(failure)).collect()
    }

    /// A failure of a guard as one of the item that it belongs to.
    fn about_the_item(&self, failure: Failure) -> Failure {
        let Some(guard) = self.guard_of(&failure).map(|at| &self.guards[at]) else {
            return failure;
        };
        let Some(number) = guard.claim.or(guard.releases.first().copied()) else { return failure };
        let write = &self.writes[number];
        match (&failure.reason, guard.claim) {
            (Reason::Condition, Some(_)) => {
                let owner = failure.stored.as_ref().and_then(|item| owner_of(write.layout, item));
                not_unique(write, guard.constraint, owner)
            }
            (reason, _) => judge::refused(write, reason.clone(), None),
        }
    }

    /// The number of the guard that a failure is about.
    fn guard_of(&self, failure: &Failure) -> Option<usize> {
        if !std::ptr::eq(failure.layout, &raw const GUARDS) {
            return None;
        }
        self.writes[self.own()..].iter().position(|write| write.target.key == failure.key)
    }
}

impl Guard {
    fn new(constraint: &'static str) -> Self {
        Self { constraint, claim: None, releases: Vec::new(), foreign: false }
    }

    /// What it takes in the store. An item from before the constraint has no guard.
    fn write(&self, db: &Database, writes: &[Write], key: Key) -> Write {
        let takers = self.releases.iter().chain(&self.claim).map(|number| &writes[*number].target);
        let ours = takers.map(|target| Node::equals(OWNER, owner_value(&target.key))).collect();
        let ours = Node::any(ours);
        let claim = self.claim.map(|number| &writes[number].target);
        let after = match claim {
            Some(owner) => After::New(guard_item(&key, self.constraint, &owner.table, &owner.key)),
            None if self.foreign => After::Same,
            None => After::Gone,
        };
        let mut write = Write::new(&GUARDS, target(db, &GUARDS, key), Base::Any, after);
        let free = Node::not_exists(GUARDS.hash_key.name);
        write.condition = Some(if self.foreign { ours.negate() } else { free.or(ours) });
        write
    }
}

/// The constraints whose values a write changes, each with the guards of the old value and that of the new one.
///
/// An old value can have two: one from a program of its own schema, one from a program of today's that wrote it as older.
fn changed(
    write: &Write,
) -> impl Iterator<Item = (&'static str, Vec<String>, Option<String>)> + '_ {
    let uniques = write.layout.uniques;
    let old = match &write.base {
        Base::Stored(item) if !uniques.is_empty() => Some((item, write.layout.todays(item))),
        _ => None,
    };
    let new = match (&write.after, &write.base) {
        (After::New(item) | After::Changed(item), _) | (After::Same, Base::Stored(item)) => {
            Some(item)
        }
        _ => None,
    };
    uniques.iter().filter_map(move |unique| {
        let guard = |item: &Item| unique.guard(write.layout, &write.target.table, item);
        let (stored, read) = match &old {
            Some((stored, read)) => (guard(stored), guard(read)),
            None => (None, None),
        };
        let new = new.and_then(guard);
        if stored == new {
            return None;
        }
        let given_up = stored.into_iter().chain(read.filter(|read| Some(read) != new.as_ref()));
        let mut given_up: Vec<_> = given_up.collect();
        given_up.dedup();
        Some((unique.name, given_up, new))
    })
}

fn not_unique(write: &Write, constraint: &'static str, owner: Option<Key>) -> Failure {
    Failure { owner, ..judge::refused(write, Reason::NotUnique { constraint }, None) }
}
