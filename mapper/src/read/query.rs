//! Query and Scan: the same vocabulary over one hash key, or over a table.

use std::fmt;
use std::marker::PhantomData;

use super::search::{Search, Source};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::Error;
use crate::expr::{IntoCondition, IntoKeyCondition};
use crate::item::AttributeValue;
use crate::loaded::Loaded;
use crate::model::{Expires, Model};

/// The items of one hash key; from [`Model::query`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for map in 1..=9 {
///     DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?;
/// }
/// let last = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(5)).reverse().limit(2).try_collect().await?;
/// assert_eq!(last.iter().map(|m| m.map).collect::<Vec<_>>(), [9, 8]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing until its results are asked for"]
pub struct Query<'a, M> {
    search: Search<'a>,
    model: PhantomData<fn() -> M>,
}

/// The items of a whole table; from [`Model::scan`].
#[must_use = "a scan does nothing until its results are asked for"]
pub struct Scan<'a, M> {
    search: Search<'a>,
    model: PhantomData<fn() -> M>,
}

impl<'a, M: Model> Query<'a, M> {
    pub(crate) fn new(db: &'a Database, hash_key: Result<AttributeValue, EncodeError>) -> Self {
        let layout = M::layout();
        let source = Source::Query { hash_key, range: None, reverse: false };
        Self { search: Search::new(db, layout, source), model: PhantomData }
    }

    /// Only the items whose range key fulfils the condition; nothing else is read or billed.
    pub fn range(mut self, condition: impl IntoKeyCondition<M>) -> Self {
        if let Source::Query { range, .. } = &mut self.search.source {
            *range = Some(condition.into_key_condition().into_node());
        }
        self
    }

    /// From the highest range key down.
    pub fn reverse(mut self) -> Self {
        if let Source::Query { reverse, .. } = &mut self.search.source {
            *reverse = true;
        }
        self
    }
}

impl<'a, M: Model> Scan<'a, M> {
    pub(crate) fn new(db: &'a Database) -> Self {
        Self { search: Search::new(db, M::layout(), Source::Scan), model: PhantomData }
    }
}

macro_rules! common {
    ($($ty:ident)*) => { $(
        impl<M: Model> $ty<'_, M> {
            /// Returns only items that fulfil the condition. It runs on the items as they are stored, before any
            /// upgrade; items that it drops are read and billed.
            pub fn filter(mut self, condition: impl IntoCondition<M>) -> Self {
                self.search.filter = Some(condition.into_condition().into_node());
                self
            }

            /// Leaves out items whose time to live is over, by the database's clock. The service deletes them up to
            /// days later; until then they are read and billed.
            pub fn skip_expired(mut self) -> Self
            where
                M: Expires,
            {
                self.search.skip_expired = true;
                self
            }

            /// At most so many results. Filtered items do not count.
            pub fn limit(mut self, results: usize) -> Self {
                self.search.limit = Some(results);
                self
            }

            /// Sees every write that was acknowledged before; costs twice as much.
            pub fn consistent(mut self) -> Self {
                self.search.consistent = true;
                self
            }

            /// All results, page after page, in memory.
            ///
            /// # Errors
            /// `Decode`, `SchemaTooNew`, `Upgrade` for an item that cannot be read, and what the service says.
            pub async fn try_collect(self) -> Result<Vec<Loaded<M>>, Error> {
                // Boxed: the SDK's futures are large, and every caller's future would hold them.
                Box::pin(self.search.collect()).await
            }
        }

        impl<M> fmt::Debug for $ty<'_, M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($ty)).field("table", &self.search.layout.table).finish_non_exhaustive()
            }
        }
    )* };
}

common!(Query Scan);
