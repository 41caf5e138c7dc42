//! Transactions of dynamap: all or nothing over several items, with nested transactions and rollback; and sessions, whose
//! changes are written at the end of a piece of work.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! # Layout
//!
//! * `transaction`: the handle, its verbs, nesting, what queries and scans see
//! * `buffer`: what a transaction or a session has read and intends to write; folding
//! * `commit`: one request for everything
//! * `gapless`: numbers that are given back with a rollback
//! * `options`: isolation, deadline, record
//! * `record`: the item that decides for ever whether a transaction was committed
//! * `run`: doing the work again after a conflict
//! * `session`: what was read is kept, what is written waits for a flush
//! * `receipt`: handles on writes, and what a commit left

mod buffer;
mod commit;
mod gapless;
mod options;
mod receipt;
mod record;
mod run;
mod session;
mod transaction;

pub use gapless::Gapless;
pub use options::{Isolation, TransactionBuilder};
pub use receipt::{Handle, Receipt};
pub use record::{Outcome, Record, TransactionRecord, TransactionStatus};
pub use run::{Recorded, Run, RunError, Transient};
pub use session::{Flush, Flushed, Session, SessionCounts, Unflushed};
pub use transaction::Transaction;
