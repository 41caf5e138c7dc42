//! What was measured here.

pub use floor::versions::{Versions, locked};

/// The lock file that was built.
const LOCK: &str = include_str!("../Cargo.lock");

/// The libraries whose versions are told.
const LIBRARIES: [&str; 5] =
    ["dynamap", "aws-sdk-dynamodb", "serde_dynamo", "modyne", "dynamodb-facade"];

/// What is measured now, and on what.
#[must_use]
pub fn now() -> Versions {
    floor::versions::now(LOCK, &LIBRARIES)
}
