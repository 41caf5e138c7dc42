//! Reading: one item by key, the items of one hash key, or a whole table.

mod expired;
mod get;
mod query;
mod search;

pub use get::Get;
pub use query::{Query, Scan};

/// A boxed future, as `.await` on a builder needs one.
pub(crate) type BoxFuture<'a, T> =
    std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
