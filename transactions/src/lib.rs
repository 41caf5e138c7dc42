//! Transactions of dynamap: all or nothing over several items, with nested transactions and rollback.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! # Layout
//!
//! * `transaction`: the handle, its verbs, nesting; what queries and scans see
//! * `buffer`: what a transaction has read and intends to write; folding
//! * `commit`: one request for everything
//! * `run`: doing the work again after a conflict
//! * `receipt`: handles on writes, and what a commit left

mod buffer;
mod commit;
mod receipt;
mod run;
mod transaction;

pub use receipt::{Handle, Receipt};
pub use run::{Run, RunError};
pub use transaction::Transaction;
