#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! This crate only re-exports; only it promises semver.
//!
//! * reading and writing models: [`Model`], [`Loaded`], [`Database`], [`Condition`], [`Error`]
//! * tables: [`Table`], [`Tables`], [`TableSettings`], [`NamedTable`]
//! * many at once: [`Gets`], [`Batch`], [`Coalesced`]; every item: [`Sweep`]
//! * what requests cost and may cost: [`Meter`], [`RateLimit`]
//! * names for types of builders: [`returns`], [`role`]
//! * [`Migrations`] and [`Step`]: schemas that change, proved by [`check`]; [`Backfill`]: all stored items upgraded
//! * [`Session`]: what was read is kept, what was changed is written at the end of a piece of work
//! * [`Transaction`]: all or nothing over several items; [`Snapshot`]: many items as they are at one moment
//! * [`Caching`]: items in a cache, with a read for each; `cache-memory`, `cache-memcached`, `cache-redis` (features)
//! * `blocking` (feature): the same verbs without async
//! * `cli` (feature): tables, items, sequences, views and migrations from the command line
//! * `transfer` (feature): copies, exports and imports of whole tables
//! * `embedded` (feature): a store in the process, `embedded-serve` (feature): the same over HTTP for other languages;
//!   `faults` (feature): scripted faults for tests
//! * `testing` (feature): a database for each test of a program, with fixtures, a clock, faults, and a log of its requests

pub use dynamap_mapper::{
    Attribute, AttributeValue, Backoff, Batch, BatchResults, BatchSlot, BatchVerb, Billing,
    BoolAsNumber, ByKeyWrite, Caching, Checkpoint, Coalesced, Collection, CollectionQuery,
    Composite, Condition, Container, Convert, Cursor, Database, DatabaseBuilder, DecodeError,
    DeleteByKey, DeleteMany, DeleteTable, Difference, DifferenceKind, Document, Duplicate,
    EncodeError, Encryption, Error, FailedStep, FoundItems, FromClock, Get, Gets, GuardsMade,
    Index, IndexReader, Insert, InsertMany, IntoCondition, IntoExpression, IntoKeyCondition, Item,
    ItemSlot, Key, KeyCondition, ListOf, Loaded, MapKey, MapOf, MaybeAbsent, Meter, Model,
    NamedTable, NeedsWhenOrUnchecked, Number, Orphan, Page, Part, Path, Plain, Projection, PutMany,
    Query, RaiseThroughput, Raised, RaisedThroughput, RateLimit, Raw, Reader, Rebuild, Rebuilt,
    Ref, Remedy, Report, RequestOutcome, RequestReport, Results, RetryPolicy, Rows, SaveMany, Scan,
    Sequence, SequenceName, SequenceReport, SetElement, Size, Snapshot, StepError, StreamView, Sum,
    Sweep, SweepProgress, Swept, Table, TableClass, TableInfo, TableProgress, TableSettings,
    TableUpdate, TableUpdated, Tables, Throughput, Ttl, Unique, UnixMillis, UnixSeconds, Update,
    Upgrade, UpgradeError, Upsert, View, ViewDrift, With, WriteBack, WriteVerb, capacity, error,
    kind, kind_name, model, returns, role, same, schema,
};
#[cfg(any(feature = "jiff", feature = "chrono"))]
pub use dynamap_mapper::{DayOrdinal, Iso8601};
#[cfg(feature = "serde")]
pub use dynamap_mapper::{JsonText, Serde};
pub use dynamap_migrations::{
    Backfill, BackfillError, BackfillFailure, BackfillRecord, BackfillRun, BackfillState,
    Migrations, Step, backfill, check,
};
pub use dynamap_transactions::{
    Flush, Flushed, Gapless, Handle, Isolation, Outcome, Receipt, Record, Recorded, Run, RunError,
    Session, SessionCounts, Transaction, TransactionBuilder, TransactionRecord, TransactionStatus,
    Transient, Unflushed,
};

#[cfg(feature = "blocking")]
pub use dynamap_mapper::blocking;

/// Items in a cache: what a cache must do, what is told about it, and those that come with the library.
pub mod cache {
    #[cfg(feature = "cache-memcached")]
    pub use dynamap_cache::Memcached;
    #[cfg(feature = "cache-memory")]
    pub use dynamap_cache::Memory;
    #[cfg(feature = "cache-redis")]
    pub use dynamap_cache::Redis;
    pub use dynamap_mapper::cache::{Cache, CacheError, CacheOutcome, CacheReport, Cached};
}

#[cfg(feature = "cli")]
pub use dynamap_cli as cli;
#[cfg(feature = "embedded")]
pub use dynamap_embedded as embedded;
#[cfg(feature = "faults")]
pub use dynamap_faults as faults;
#[cfg(feature = "testing")]
pub use dynamap_testing as testing;
#[cfg(feature = "transfer")]
pub use dynamap_transfer as transfer;

#[doc(hidden)]
pub use dynamap_mapper::private as __private;
