//! Parts of a table that are read as a whole, of whatever model, and kept: what a session is preloaded with.

use std::future::Future;

use futures_util::future::try_join_all;

use super::cursor::Position;
use super::query::{Query, Scan};
use super::request::Rendered;
use super::search::{Progress, Search};
use crate::database::Database;
use crate::error::Error;
use crate::expr::{Node, role};
use crate::item::Item;
use crate::key::Key;
use crate::model::Model;
use crate::reader::Overlay;

/// A part of a table: a [`Query`] of the table, or a [`Scan`] of it; not of an index, which lags behind the table.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::{Part, Session};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// async fn session_with(db: &Database, part: impl Part) -> Result<Session, Error> {
///     let session = Session::of(db);
///     session.preload(part).await?;
///     Ok(session)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=3 { DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?; }
/// let (metered, meter) = db.metered();
/// let session = session_with(&metered, DoomMap::query(&metered, 1)).await?;
/// assert!(meter.take().total().read > 0.0);
/// assert_eq!(DoomMap::query(&session, 1).try_collect().await?.len(), 3);
/// assert!(DoomMap::get(&session, (1, 4)).await?.is_none());
/// assert_eq!(meter.take().total().read, 0.0); // nothing was asked for
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a table",
    note = "write `Model::query(&db, hash_key)` for the items of one hash key, or `Model::scan(&db)` for a whole table"
)]
pub trait Part: sealed::Sealed + Send {
    /// The database that it is read from.
    #[doc(hidden)]
    fn database(&self) -> &Database;

    /// Reads everything that is stored there, and has it noted.
    ///
    /// # Errors
    /// [`Error::Usage`] where some of it is left out: by a filter, a limit, an expiry. What the service says.
    #[doc(hidden)]
    fn note_all(self, into: &dyn Overlay) -> impl Future<Output = Result<Region, Error>> + Send;
}

mod sealed {
    pub trait Sealed {}
}

/// The keys of a part of a table: all, or those of a query.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Region {
    table: String,
    /// What is true of each of the keys; `None` for all.
    key: Option<Node>,
}

impl Region {
    pub(super) fn new(rendered: &Rendered) -> Self {
        Self { table: rendered.table.clone(), key: rendered.conditions.key.clone() }
    }

    /// Whether a key of this table is one of them.
    #[must_use]
    pub fn contains(&self, table: &str, key: &Key) -> bool {
        self.table == table && self.key.as_ref().is_none_or(|own| own.holds(&key.to_item()))
    }

    /// Whether it is of this table.
    #[must_use]
    pub fn is_of(&self, table: &str) -> bool {
        self.table == table
    }

    /// Whether all keys of another part are among them, as far as the conditions tell.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let says = |own: &Node| other.key.as_ref().is_some_and(|other| other.says(own));
        self.table == other.table && self.key.as_ref().is_none_or(says)
    }
}

macro_rules! part {
    ($($ty:ident)*) => { $(
        impl<M: Model, O> sealed::Sealed for $ty<'_, M, role::Primary, O> {}

        impl<M: Model, O> Part for $ty<'_, M, role::Primary, O> {
            fn database(&self) -> &Database {
                self.search().db
            }

            async fn note_all(self, into: &dyn Overlay) -> Result<Region, Error> {
                // Boxed: the SDK's futures are large, and every caller's future would hold them.
                Box::pin(self.into_search().note_all(into)).await
            }
        }
    )* };
}

part!(Query Scan);

impl Search<'_> {
    async fn note_all(mut self, into: &dyn Overlay) -> Result<Region, Error> {
        if self.limit.is_some() || self.skip_expired || !self.filter.is_empty() {
            return Err(Error::Usage(
                "a part that is preloaded has all its items: write it without filter, limit and `skip_expired`",
            ));
        }
        // Of whatever model, so that searches of all of them are answered.
        (self.members, self.overlay) = (Some(Vec::new()), None);
        // What is not found counts as absent.
        self.consistent = true;
        let rendered = self.render(None)?;
        let progress = self.begin_all(&rendered, None)?.into_iter();
        let (search, request) = (&self, &rendered);
        try_join_all(progress.map(|progress| search.note_lane(request, progress, into))).await?;
        Ok(Region::new(&rendered))
    }

    async fn note_lane(
        &self,
        rendered: &Rendered,
        mut progress: Progress,
        into: &dyn Overlay,
    ) -> Result<(), Error> {
        while progress.is_more() {
            let size = self.items_per_request(rendered, &progress);
            let (position, segment) = (&progress.position, progress.segment);
            let page = rendered.fetch(self.db, position, segment, size).await?;
            for item in page.items.into_iter().map(Item::from) {
                into.note(self.layout, &self.key(&item)?, Some(&item))?;
            }
            let next = page.next.map(|last| rendered.behind(&last));
            progress.position = next.unwrap_or(Position::End);
        }
        Ok(())
    }
}
