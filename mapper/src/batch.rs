//! Many items by few calls: reads of 100 keys in one request, writes several at once.
//!
//! Nothing here is at one moment or all or nothing: for that there are snapshots and transactions.

mod coalesced;
mod drain;
mod gets;
mod keys;
mod many;
mod order;
mod puts;
mod results;
mod round;
mod scheduled;
mod size;
mod verbs;
mod writes;

pub use coalesced::Coalesced;
pub use gets::Gets;
pub use many::{InsertMany, SaveMany};
pub use puts::{DeleteMany, PutMany};
pub use results::{BatchResults, BatchSlot};
pub use scheduled::Batch;
pub use verbs::BatchVerb;
pub(crate) use writes::write_each;

/// How many batches are under way at once.
const AT_ONCE: usize = 8;

/// How many single writes are under way at once, where the program does not say.
const WRITES_AT_ONCE: usize = 16;
