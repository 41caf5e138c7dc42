//! Ids in blocks: one request for many, the next block ahead of need.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

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

/// Waits in line. Whoever has its turn takes an id, of the block that somebody before it took or of its own: so nobody is
/// overtaken by those who came later. Whoever fails leaves the others to try by themselves.
async fn wait(db: &Database, counter: &Counter, blocks: &Blocks) -> Result<Given, Error> {
    let turn = timeout(db.retry().deadline, blocks.taking.lock());
    let Ok(_turn) = turn.await else { return Err(unanswered(db)) };
    loop {
        if let Some(given) = blocks.give() {
            return Ok(given);
        }
        if let Some(given) = take(db, counter, blocks, Wanted::Now).await? {
            return Ok(given);
        }
        // The whole block is below a floor that was raised meanwhile.
    }
}

/// Takes a block, and its first id where one is wanted now. Only after the answer anything is changed in memory.
async fn take(
    db: &Database,
    counter: &Counter,
    blocks: &Blocks,
    wanted: Wanted,
) -> Result<Option<Given>, Error> {
    let size = blocks.size(Instant::now());
    let last = counter.add(db, size).await?;
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
            let _ = take(&db, &counter, blocks, Wanted::Later).await;
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

/// Those before this one took all its time.
fn unanswered(db: &Database) -> Error {
    Error::Busy(Box::new(Busy {
        operation: "UpdateItem",
        table: db.table_name(&COUNTERS),
        attempts: 0,
        cause: BusyCause::Unreachable,
        throttled: Vec::new(),
        failures: Vec::new(),
    }))
}
