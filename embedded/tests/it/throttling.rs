//! Provisioned throughput: how many requests are accepted in simulated seconds, and how the others are refused.

mod batches;
mod files;
mod indexes;
mod property;
mod settings;
mod single;
pub(crate) mod stage;
mod transactions;
mod unthrottled;
