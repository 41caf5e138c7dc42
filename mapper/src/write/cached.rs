//! What the cache is told about writes: after each one, once, whatever became of it.

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::apply::Unapplied;
use super::plan::{After, Returns, Write};
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::layout::Layout;

/// How many items are told at once.
const AT_ONCE: usize = 8;

/// What is in the store of an item after a write, as far as is known.
pub(crate) enum Left {
    /// What was there before.
    Same,
    /// This item.
    Item(Item),
    /// Nothing, or nobody knows.
    Unknown,
}

/// Writes that are under way. Dropped before they are settled they may have been made: what the cache holds of their
/// items goes.
pub(crate) struct UnderWay {
    db: Database,
    targets: Vec<(&'static Layout, Target)>,
    began: Instant,
}

impl UnderWay {
    /// Nothing where the database has no cache.
    pub(crate) fn new<'a>(
        db: &Database,
        writes: impl IntoIterator<Item = (&'static Layout, &'a Target)>,
    ) -> Self {
        let writes = writes.into_iter().filter(|_| db.caches().is_some());
        let targets = writes.map(|(layout, target)| (layout, target.clone())).collect();
        Self { db: db.clone(), targets, began: Instant::now() }
    }

    /// Tells the cache what the writes left, in their order.
    pub(crate) async fn settle(mut self, left: impl IntoIterator<Item = Left> + Send) {
        let left: Vec<Left> =
            if self.targets.is_empty() { return } else { left.into_iter().collect() };
        tell(&self.db, &self.targets, &left, self.began).await;
        self.targets.clear();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let targets = std::mem::take(&mut self.targets);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !targets.is_empty() {
            let (db, began) = (self.db.clone(), self.began);
            runtime.spawn(async move {
                let unknown: Vec<_> = targets.iter().map(|_| Left::Unknown).collect();
                tell(&db, &targets, &unknown, began).await;
            });
        }
    }
}

async fn tell(db: &Database, targets: &[(&'static Layout, Target)], left: &[Left], began: Instant) {
    let Some(caches) = db.caches() else { return };
    let told = |((layout, target), left): (&(&'static Layout, Target), &Left)| {
        let (layout, target) = (*layout, target.clone());
        let item = match left {
            Left::Item(item) => Some(item.clone()),
            Left::Same | Left::Unknown => None,
        };
        async move { caches.written(layout, &target, item.as_ref(), began).await }
    };
    let changed = targets.iter().zip(left).filter(|(_, left)| !matches!(left, Left::Same));
    let told: Vec<_> = changed.map(told).collect();
    stream::iter(told).for_each_concurrent(AT_ONCE, |told| told).await;
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
