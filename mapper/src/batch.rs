//! Many items by few calls: reads of 100 keys in one request, writes several at once.
//!
//! Nothing here is at one moment or all or nothing: for that there are snapshots and transactions.

mod chunk;
mod gets;
mod many;

pub use gets::{GetSlot, Gets, GotItems};
pub use many::{InsertMany, SaveMany};

/// How many reads are under way at once.
const AT_ONCE: usize = 8;
