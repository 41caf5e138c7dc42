//! What every row stands on, whatever library it measures.
//!
//! # Layout
//!
//! * `order`: the model that all libraries map, and the items that are answered.
//! * `canned`: an HTTP client that answers from memory; `answers`: what it answers.
//! * `mapping`: the order as an item, written by hand.
//! * `by_hand`: the bare SDK with that mapping; `bare`: its rows.
//! * `row`: a piece of work that can be repeated, and what one repetition must have done.
//! * `rounds`: rows measured in interleaved rounds; `callgrind`: their instructions.
//! * `versions`: what was measured, and on what.
//! * `wire`: what a request says, whatever its placeholders are called.

pub mod answers;
pub mod bare;
pub mod by_hand;
pub mod callgrind;
pub mod canned;
pub mod mapping;
pub mod order;
pub mod rounds;
pub mod row;
pub mod versions;
pub mod wire;

/// The items of the SDK.
pub type Attributes = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

/// A measurement that cannot be made is an error that stops the run.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The table of all rows.
pub const TABLE: &str = "orders";
