//! Schema migrations of dynamap: a chain of steps that old items go through when they are read.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! # Layout
//!
//! * `step`: one change of shape, from one schema to the next
//! * `schema`: semvers that are compared while the program is compiled
//! * `backfill`: upgrading every stored item
//! * `chain`: the steps of a model, checked when the program is compiled
//! * `check`: a chain proved on sample items

pub mod backfill;
mod chain;
pub mod check;
mod schema;
mod step;

pub use backfill::{
    Backfill, BackfillError, BackfillFailure, BackfillRecord, BackfillRun, BackfillState,
};
pub use chain::Migrations;
pub use step::Step;
