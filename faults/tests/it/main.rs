//! Every fault, against the embedded store and through the SDK's client: what the caller sees, and whether it was executed.

mod batches;
mod gates;
mod log;
mod single;
mod support;
mod transactions;
mod wrapping;
