//! Writing. Every write is a [`Write`]: what the item was, what it shall be. One renderer turns it into a request, one
//! [`apply`] sends it.
//!
//! The action follows from the two: nothing → item is a put, item → another is an update of the difference, item →
//! nothing is a delete, no change is a check. The condition follows from what the item was.

mod apply;
mod by_key;
mod cached;
mod composed;
mod delete;
mod derived;
mod in_shape;
mod insert;
mod judge;
mod known;
mod limits;
mod older;
mod plan;
mod planned;
mod prepare;
mod render;
pub mod returns;
mod rows;
mod save;
mod single;
mod transact;
mod update;
mod upsert;
mod verify;
mod viewed;

pub use apply::{MAX_ACTIONS, Sent, Terms, Unapplied, apply, apply_on, check_count};
pub(crate) use cached::UnderWay;
pub use cached::evict;
pub use delete::{DeleteByKey, NeedsWhenOrUnchecked};
pub use insert::Insert;
pub(crate) use limits::check_item;
pub use plan::{After, Base, Write};
pub use planned::{ByKeyWrite, Planned};
pub use prepare::prepare;
pub(crate) use render::{Action, Rendered, render};
pub(crate) use rows::Expected;
pub use update::Update;
pub use upsert::Upsert;
pub(crate) use viewed::marks;

use crate::model::Model;

mod sealed {
    pub trait Sealed {}
}

/// Whether a model has a version attribute.
pub trait Lock: sealed::Sealed + Send + Sync + 'static {
    /// What [`Model::delete`] returns: a delete that can be awaited, or one that must first say what it expects.
    type Delete<'a, M: Model>: Send;

    #[doc(hidden)]
    fn delete<M: Model>(delete: DeleteByKey<'_, M>) -> Self::Delete<'_, M>;
}

/// The lock of models with a version attribute: a delete by key must say what it expects.
#[derive(Debug, Clone, Copy)]
pub struct Versioned;

/// The lock of models without a version attribute.
#[derive(Debug, Clone, Copy)]
pub struct Unversioned;

impl sealed::Sealed for Versioned {}
impl sealed::Sealed for Unversioned {}

impl Lock for Versioned {
    type Delete<'a, M: Model> = NeedsWhenOrUnchecked<'a, M>;

    fn delete<M: Model>(delete: DeleteByKey<'_, M>) -> NeedsWhenOrUnchecked<'_, M> {
        NeedsWhenOrUnchecked(delete)
    }
}

impl Lock for Unversioned {
    type Delete<'a, M: Model> = DeleteByKey<'a, M>;

    fn delete<M: Model>(delete: DeleteByKey<'_, M>) -> DeleteByKey<'_, M> {
        delete
    }
}
