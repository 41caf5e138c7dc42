//! Many items by few calls: reads of 100 keys in one request, writes several at once.
//!
//! Nothing here is at one moment or all or nothing: for that there are snapshots and transactions.

mod coalesced;
mod drain;
mod gets;
mod keys;
mod many;
mod puts;
mod size;
mod writes;

pub use coalesced::Coalesced;
pub use gets::Gets;
pub use many::{InsertMany, SaveMany};
pub use puts::{DeleteMany, PutMany};

/// How many batches are under way at once.
const AT_ONCE: usize = 8;
