//! What a backfill does with one item.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use dynamap_mapper::error::{Reason, Target};
use dynamap_mapper::schema::WRITE_ATTRIBUTE;
use dynamap_mapper::write::{After, Base, Sent, Terms, Unapplied, Write, apply_on};
use dynamap_mapper::{Again, Database, Error, Item, Key, Model, Reader as _, upgraded_apart};

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// It is of the model's schema now.
    Upgraded,
    /// It was, or somebody else saw to it.
    Current,
}

/// Brings items to a model's schema.
pub(super) struct Upgrader<'a, M> {
    db: &'a Database,
    table: String,
    model: PhantomData<fn() -> M>,
}

impl<'a, M: Model> Upgrader<'a, M> {
    pub(super) fn new(db: &'a Database) -> Self {
        Self { db, table: db.table_name(M::layout()), model: PhantomData }
    }

    /// Upgrades an item where it is older, as it is stored now.
    ///
    /// # Errors
    /// Where a step fails, what it leaves cannot be read, is not valid, or is too large; what the service says. The item
    /// is as it was.
    pub(super) async fn upgrade(&self, item: Item, conflicts: &AtomicU64) -> Result<Became, Error> {
        let layout = M::layout();
        let key = Key::of(layout, &item).map_err(encode::<M>)?;
        let mut again = Again::new(self.db);
        let mut seen = Some(item);
        while let Some(item) = seen {
            let Some(upgraded) = self.upgraded(&key, &item)? else { return Ok(Became::Current) };
            let writes = self.writes(key.clone(), item, upgraded)?;
            let applied = apply_on(self.db, &writes, &Terms::default()).await;
            let Err(Unapplied { error, sent, .. }) = applied else {
                return Ok(Became::Upgraded);
            };
            if is_late(&error, &key) {
                conflicts.fetch_add(1, Ordering::Relaxed);
            } else if !error.is_outcome_unknown() {
                return Err(error);
            } else if self.is_stored(&writes, sent).await? {
                return Ok(Became::Upgraded);
            }
            // Without an answer: the item tells. What is still under way finds it changed, or does the same.
            if !again.pause().await {
                return Err(error);
            }
            seen = self.db.read_item(layout, &key, true).await?;
        }
        Ok(Became::Current)
    }

    /// Whether writes without an answer were made: an item that they leave has their nonce. One that somebody has written
    /// since tells nothing.
    async fn is_stored(&self, writes: &[Write], sent: Option<Sent>) -> Result<bool, Error> {
        let Some(Sent { nonce, after }) = sent else { return Ok(false) };
        let left = writes.iter().zip(&after).find(|(_, after)| after.is_some());
        let Some((write, _)) = left else { return Ok(false) };
        let stored = self.db.read_item(M::layout(), &write.target().key, true).await?;
        Ok(stored.is_some_and(|item| item.text(WRITE_ATTRIBUTE) == Some(&*nonce)))
    }

    /// What an item becomes, with the schema on it and each under its key, after it was read as the model; `None` where it
    /// is not older.
    pub(super) fn upgraded(
        &self,
        key: &Key,
        before: &Item,
    ) -> Result<Option<Vec<(Key, Item)>>, Error> {
        upgraded_apart::<M>(&self.table, key, before)
    }

    /// The writes that leave these items in the place of one: all or none.
    fn writes(&self, key: Key, item: Item, made: Vec<(Key, Item)>) -> Result<Vec<Write>, Error> {
        let layout = M::layout();
        let target = |key: Key| Target { table: self.table.clone(), key };
        let mut writes = Vec::with_capacity(made.len());
        let (mut keys, mut own) = (HashSet::new(), After::Gone);
        for (at, made) in made {
            if !keys.insert(at.clone()) {
                return Err(Error::Usage("a migration step made two items with the same key"));
            }
            if at == key {
                own = After::Changed(made);
            } else {
                writes.push(Write::new(layout, target(at), Base::Absent, After::New(made)));
            }
        }
        // An item without a version is to be as it was read in all that a step may have looked at.
        writes.push(Write::new(layout, target(key), Base::Stored(item), own).comparing_all());
        Ok(writes)
    }
}

pub(super) fn encode<M: Model>(error: dynamap_mapper::EncodeError) -> Error {
    Error::encode(M::layout(), error)
}

/// Whether somebody else wrote the item first. Then it does not matter what else was in the way: an item that was moved
/// meanwhile is gone, and its new one is there.
fn is_late(error: &Error, key: &Key) -> bool {
    let Error::Conflict(conflict) = error else { return false };
    let by_others = |reason: &Reason| {
        matches!(reason, Reason::Changed { .. } | Reason::Deleted | Reason::Recreated)
    };
    conflict.failures().iter().any(|failure| failure.key() == key && by_others(failure.reason()))
}
