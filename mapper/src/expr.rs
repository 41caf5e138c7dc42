//! Expressions: typed paths, conditions, changes, and the one renderer that turns them into what AWS reads.
//!
//! [AWS: expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html)

pub(crate) mod change;
mod composite;
mod condition;
mod evaluate;
mod holds;
mod node;
mod path;
mod place;
mod render;
pub mod role;

pub use change::{IntoExpression, Sum};
pub use composite::{Composite, Filled, OrderedPiece, Piece, Plain};
pub use condition::{Condition, IntoCondition, IntoKeyCondition, KeyCondition, Size};
pub use path::Path;

pub(crate) use change::Change;
pub(crate) use evaluate::evaluate;
pub(crate) use holds::order;
pub(crate) use node::Node;
pub(crate) use place::Place;
pub(crate) use render::Placeholders;
