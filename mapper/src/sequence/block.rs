//! Ids in blocks: one request for many, the next block ahead of need.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::counter::{COUNTERS, Counter};
use crate::database::{Blocks, Database, Given, Wanted};
use crate::error::{Busy, BusyCause, Error};

/// The next id: from memory, or from a block that is taken now. Dropping the future loses no id that is in memory; a
/// block whose request is under way is a gap.
pub(super) async fn next(
    db: &Database,
    counter: &Counter,
    blocks: &Arc<Blocks>,
) -> Result<u64, Error> {
    let given = match blocks.give() {
        Some(given) => given,
        None => wait(db, counter, blocks).await?,
    };
    if given.is_low {
        prefetch(db, counter, blocks);
    }
    Ok(given.id)
}

/// Waits in line, and no longer than the deadline of the database. Whoever has its turn takes an id, of the block that
/// somebody before it took or of its own. Whoever takes a block has its first id; the others of the line can be overtaken
/// by those who come later and find an id in memory. Whoever fails leaves the others to try by themselves.
async fn wait(db: &Database, counter: &Counter, blocks: &Blocks) -> Result<Given, Error> {
    let deadline = Instant::now() + db.retry().time();
    let turn = timeout_at(deadline, blocks.taking.lock()).await;
    let Ok(_turn) = turn else { return Err(unsent(db)) };
    if let Some(given) = blocks.give() {
        return Ok(given);
    }
    loop {
        if let Some(given) = take(db, counter, blocks, Wanted::Now, Some(deadline)).await? {
            return Ok(given);
        }
        // The whole block is below a floor that was raised meanwhile; or the counter is, since it was restored.
        counter.raise_stored(db, blocks.floor(), Some(deadline)).await?;
        if Instant::now() >= deadline {
            return Err(unsent(db));
        }
    }
}

/// Takes a block, and its first id where one is wanted now. Only after the answer anything is changed in memory.
async fn take(
    db: &Database,
    counter: &Counter,
    blocks: &Blocks,
    wanted: Wanted,
    until: Option<Instant>,
) -> Result<Option<Given>, Error> {
    let size = blocks.size(Instant::now());
    let last = counter.add(db, size, until).await?;
    Ok(blocks.put(size, last, Instant::now(), wanted))
}

/// Takes the next block in a task of its own: whoever gave out the middle of this one does not wait for it.
fn prefetch(db: &Database, counter: &Counter, blocks: &Arc<Blocks>) {
    let prefetch = Prefetch(Arc::clone(blocks));
    let (db, counter) = (db.clone(), counter.clone());
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        let blocks = &prefetch.0;
        let _taking = blocks.taking.lock().await;
        if blocks.is_low() {
            // Whoever needs a block and finds none tries again, and is told why not.
            let _ = take(&db, &counter, blocks, Wanted::Later, None).await;
        }
    });
}

/// A block that is being taken; dropped with its runtime, it lets others try.
struct Prefetch(Arc<Blocks>);

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.0.prefetched();
    }
}

/// What was done before took all the time.
fn unsent(db: &Database) -> Error {
    Error::Busy(Box::new(Busy {
        operation: "UpdateItem",
        table: db.table_name(&COUNTERS),
        attempts: 0,
        cause: BusyCause::Unreachable,
        throttled: Vec::new(),
        failures: Vec::new(),
    }))
}
