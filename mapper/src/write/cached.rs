//! What the cache is told about writes: after each one, once, whatever became of it.

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::apply::Unapplied;
use super::plan::{After, Returns, Write};
use crate::cache::{Left, tell_many};
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::layout::Layout;

/// Writes that are under way. Dropped before they are settled they may have been made: what the cache holds of their
/// items goes, as long as the runtime on which they began runs.
pub(crate) struct UnderWay {
    db: Database,
    targets: Vec<(&'static Layout, Target)>,
    began: Instant,
    runtime: Option<Handle>,
}

impl UnderWay {
    /// Nothing where the database has no cache.
    pub(crate) fn new<'a>(
        db: &Database,
        writes: impl IntoIterator<Item = (&'static Layout, &'a Target)>,
    ) -> Self {
        let writes = writes.into_iter().filter(|_| db.caches().is_some());
        let targets: Vec<_> = writes.map(|(layout, target)| (layout, target.clone())).collect();
        let runtime = if targets.is_empty() { None } else { runtime() };
        Self { db: db.clone(), targets, began: Instant::now(), runtime }
    }

    /// Whether there is a cache that is to be told.
    pub(crate) fn is_told(&self) -> bool {
        !self.targets.is_empty()
    }

    /// Tells the cache what the writes left, in their order.
    pub(crate) async fn settle(mut self, left: impl IntoIterator<Item = Left> + Send) {
        if !self.is_told() {
            return;
        }
        let told = self.targets.iter().cloned().zip(left);
        let told = told.map(|((layout, target), left)| (layout, target, left)).collect();
        tell_many(&self.db, told, self.began).await;
        self.targets.clear();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let targets = std::mem::take(&mut self.targets);
        if let (Some(runtime), false) = (&self.runtime, targets.is_empty()) {
            let (db, began) = (self.db.clone(), self.began);
            let unknown = |(layout, target)| (layout, target, Left::Unknown);
            let told = targets.into_iter().map(unknown).collect();
            runtime.spawn(async move { tell_many(&db, told, began).await });
        }
    }
}

/// The runtime on which the cache is told what nobody waits for: the one that this runs on, or else that of the verbs
/// without async.
fn runtime() -> Option<Handle> {
    let runtime = Handle::try_current().ok();
    #[cfg(feature = "blocking")]
    let runtime = runtime.or_else(crate::blocking::handle);
    runtime
}

/// Lets the cache forget the items of a conflict that was found before anything was sent: what the program started from
/// came from there, maybe. In a task of its own, so a read in the next moment may still find them.
pub fn evict(db: &Database, error: &Error) {
    let Error::Conflict(conflict) = error else { return };
    let failed = conflict.failures().iter();
    let failed: Vec<_> =
        failed.map(|failed| (failed.layout, Target::new(&failed.table, &failed.key))).collect();
    drop(UnderWay::new(db, failed.iter().map(|(layout, target)| (*layout, target))));
}

/// Tells the cache that an item is not as the program took it to be, which was found out without sending the write.
pub(super) async fn unexpected(db: &Database, write: &Write) {
    UnderWay::new(db, [(write.layout, &write.target)]).settle([Left::Unknown]).await;
}

/// What a set of writes left.
pub(super) fn left(writes: &[Write], sent: Result<&[Option<Item>], &Unapplied>) -> Vec<Left> {
    match sent {
        Ok(after) => {
            writes.iter().zip(after).map(|(write, after)| left_by(write, after.as_ref())).collect()
        }
        Err(
            Unapplied { ambiguous: true, .. } | Unapplied { error: Error::OutcomeUnknown(..), .. },
        ) => writes.iter().map(|_| Left::Unknown).collect(),
        // What the program was given of these items is not what is stored.
        Err(Unapplied { error: Error::Conflict(conflict), .. }) => {
            let failed = |target: &Target| {
                let mut failures = conflict.failures().iter();
                failures.any(|failure| failure.table == target.table && failure.key == target.key)
            };
            let left =
                |write: &Write| if failed(&write.target) { Left::Unknown } else { Left::Same };
            writes.iter().map(left).collect()
        }
        Err(Unapplied { error: Error::NotFound(gone), .. }) => {
            let left =
                |write: &Write| if write.target == **gone { Left::Unknown } else { Left::Same };
            writes.iter().map(left).collect()
        }
        Err(_) => writes.iter().map(|_| Left::Same).collect(),
    }
}

/// What a write left that was made; `after` is what it brought back.
fn left_by(write: &Write, after: Option<&Item>) -> Left {
    let is_known = match (&write.after, write.returns) {
        (After::Same, _) => return Left::Same,
        (After::New(_) | After::Changed(_), _) | (After::By(_), Returns::New) => true,
        (After::By(_) | After::Gone, _) => false,
    };
    after.filter(|_| is_known).cloned().map_or(Left::Unknown, Left::Item)
}
