//! Models, expressions, reads and conditional writes of dynamap.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! # Layout
//!
//! * values, no I/O: `item` `key` `layout` `template` `unique` `schema` `codec` `expr` `index` `model` `projection` `upgrade`
//!   `view` `automatic` `settings` `decode` `loaded` `reference` `error`
//! * I/O: `cache` `database` `capacity` `reader` `read` `write` `retry`
//! * built on both: `batch` `sequence` `sweep` `table` `guards` `rebuild` `raw` `blocking`

mod automatic;
pub mod batch;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod cache;
pub mod capacity;
pub mod codec;
mod database;
mod decode;
pub mod error;
pub mod expr;
mod guards;
pub mod index;
pub mod item;
pub mod key;
mod layout;
mod loaded;
pub mod model;
#[doc(hidden)]
#[allow(missing_docs, reason = "not public: what generated code calls")]
pub mod private;
#[doc(hidden)]
pub use self::private as __private;
pub mod projection;
#[doc(hidden)]
pub mod raw;
pub mod read;
mod reader;
mod rebuild;
mod reference;
mod retry;
pub mod schema;
pub mod sequence;
mod settings;
mod sweep;
mod table;
pub mod template;
pub mod unique;
pub mod upgrade;
pub mod view;
pub mod write;

pub use batch::{
    Batch, BatchResults, BatchSlot, BatchVerb, Coalesced, DeleteMany, Gets, InsertMany, PutMany,
    SaveMany,
};
pub use capacity::{Meter, RateLimit};
pub use codec::{
    Attribute, BoolAsNumber, Container, Convert, DecodeError, Document, EncodeError, ListOf,
    MapKey, MapOf, MaybeAbsent, Number, SetElement, Ttl, UnixMillis, UnixSeconds, With, kind,
};
#[cfg(any(feature = "jiff", feature = "chrono"))]
pub use codec::{DayOrdinal, Iso8601};
#[cfg(feature = "serde")]
pub use codec::{JsonText, Serde};
#[doc(hidden)]
pub use decode::{decode, examine, upgraded_apart};
#[doc(hidden)]
pub use retry::{Again, back_off};

pub use automatic::{FromClock, WriteVerb};
pub use cache::Caching;
pub use database::{Database, DatabaseBuilder, WriteBack};
pub use dynamap_derive::{Attribute, Collection, Model, Projection};
pub use error::Error;
pub use expr::{
    Composite, Condition, IntoCondition, IntoExpression, IntoKeyCondition, KeyCondition, Path,
    Size, Sum, role,
};
pub use garde::Report;
pub use guards::{Duplicate, GuardsMade, Orphan, Unique};
pub use item::{AttributeValue, Item, kind_name, same};
pub use key::Key;
pub use loaded::Loaded;
pub use model::Model;
pub use projection::{Plain, Projection, Raw};
#[doc(hidden)]
pub use read::Region;
pub use read::{
    Collection, CollectionQuery, Cursor, FoundItems, Get, Index, ItemSlot, Page, Part, Query,
    Results, Scan, Snapshot,
};
pub use reader::{IndexReader, Reader};
#[doc(hidden)]
pub use reader::{Known, Noted, Overlay};
pub use rebuild::{Rebuild, Rebuilt, ViewDrift};
pub use reference::Ref;
pub use retry::{Backoff, RequestOutcome, RequestReport, RetryPolicy};
pub use sequence::{Sequence, SequenceName, SequenceReport};
pub use settings::{Billing, Encryption, StreamView, TableClass, TableSettings, Throughput};
pub use sweep::{Checkpoint, Sweep, SweepProgress, Swept};
pub use table::{
    DeleteTable, Difference, DifferenceKind, NamedTable, RaiseThroughput, Raised, RaisedThroughput,
    Remedy, Table, TableInfo, TableProgress, TableUpdate, TableUpdated, Tables,
};
pub use upgrade::{FailedStep, StepError, Upgrade, UpgradeError};
pub use view::{Rows, View};
pub use write::{ByKeyWrite, DeleteByKey, Insert, NeedsWhenOrUnchecked, Update, Upsert, returns};
