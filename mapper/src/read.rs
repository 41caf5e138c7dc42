//! Reading: one item by key, the items of one hash key, a whole table, or many items at one moment.

mod at_once;
mod collection;
mod consume;
mod cursor;
mod expired;
mod get;
mod index;
mod known;
mod lane;
mod part;
mod query;
mod render;
mod request;
mod search;
mod shape;
mod snapshot;
mod stream;
mod wanted;

pub(crate) use at_once::Rounds;
pub use collection::{Collection, CollectionQuery};
#[doc(hidden)]
pub use collection::{Found, LoadedModel, Slot};
pub(crate) use cursor::Position;
pub use cursor::{Cursor, Page};
pub use get::Get;
pub use index::Index;
pub(crate) use lane::Request;
pub use part::Part;
#[doc(hidden)]
pub use part::Region;
pub use query::{Query, Scan};
pub(crate) use render::check_segments;
pub(crate) use search::{Progress, Search};
pub use snapshot::Snapshot;
pub use stream::Results;
pub(crate) use stream::{all_items, raw_items};
pub(crate) use wanted::{Asked, Wanted};
pub use wanted::{FoundItems, ItemSlot};

/// A boxed future, as `.await` on a builder needs one.
pub(crate) type BoxFuture<'a, T> =
    std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
