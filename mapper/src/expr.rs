//! Expressions: typed paths, conditions, and the one renderer that turns them into what AWS reads.
//!
//! [AWS: expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html)

mod condition;
mod path;
mod render;

pub use condition::{Condition, IntoCondition, IntoKeyCondition, KeyCondition};
pub use path::{Path, role};

pub(crate) use condition::Node;
pub(crate) use render::Placeholders;
