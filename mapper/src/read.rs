//! Reading: one item by key, the items of one hash key, or a whole table.

mod collection;
mod expired;
mod get;
mod index;
mod query;
mod search;

pub use collection::{Collection, CollectionQuery};
#[doc(hidden)]
pub use collection::{Found, LoadedModel, Slot};
pub use get::Get;
pub use index::Index;
pub use query::{Query, Scan};
pub(crate) use search::scan_page;

/// A boxed future, as `.await` on a builder needs one.
pub(crate) type BoxFuture<'a, T> =
    std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
