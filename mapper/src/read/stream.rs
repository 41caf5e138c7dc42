//! Results as a stream, of one search or of all segments of a scan; and where it stands.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::stream::SelectAll;

use super::cursor::{Cursor, Position};
use super::lane::{Lane, Reading, Request, Taken};
use super::search::{Search, Source};
use crate::database::Database;
use crate::error::Error;
use crate::item::Item;
use crate::layout::Layout;
use crate::projection::{Output, Raw};

/// The results of a query or scan, one after the other; from [`Query::stream`](super::Query::stream).
///
/// It holds one page, and asks for the next one while that is taken: never more, however large the table is. Of a scan in
/// segments it holds one page of each. Dropping it ends the reading. It is a [`Stream`], and has [`next`](Self::next) of
/// its own, so that no other crate is needed.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for map in 1..=9 {
///     DoomMap { episode: 1, map }.insert(&db).await?;
/// }
/// let mut sum = 0;
/// let mut maps = DoomMap::query(&db, 1).page_size(4).stream();
/// while let Some(map) = maps.next().await {
///     sum += map?.map;
/// }
/// assert_eq!(sum, 45);
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until its results are asked for"]
pub struct Results<'a, T> {
    /// What is asked for; `None` where that was refused.
    request: Option<Arc<Request<'a>>>,
    /// The segments that are not read to their ends.
    lanes: SelectAll<Lane<'a, T>>,
    /// How far each segment was taken.
    positions: Vec<Position>,
    /// How many results are still wanted.
    left: usize,
}

/// Every item of a layout's table as it is stored, for a job of the library's own.
pub(crate) fn all_items<'a>(db: &'a Database, layout: &'static Layout) -> Results<'a, Item> {
    raw_items(Search::new(db, layout, None, Source::Scan).for_job())
}

/// What a search finds, as it is stored.
pub(crate) fn raw_items(search: Search<'_>) -> Results<'_, Item> {
    Results::of::<(), Raw>(search, None)
}

impl<'a, T: Send + 'a> Results<'a, T> {
    pub(super) fn of<M: 'static, O: Output<M, Yield = T>>(
        search: Search<'a>,
        cursor: Option<&Cursor>,
    ) -> Self {
        let left = search.limit.unwrap_or(usize::MAX);
        let begun = search.rendered::<M, O>().and_then(|rendered| {
            let progress = search.begin_all(&rendered, cursor)?;
            Ok((progress, rendered))
        });
        let (progress, rendered) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let lanes = [Lane::failed(error)].into_iter().collect();
                return Self { request: None, lanes, positions: Vec::new(), left: 1 };
            }
        };
        let request = Arc::new(Request { search, rendered });
        let positions = progress.iter().map(|progress| progress.position.clone()).collect();
        let alone = progress.len() == 1;
        let lanes = progress.into_iter().enumerate().map(|(number, progress)| {
            let reading = Reading::<M, O>::new(Arc::clone(&request), progress);
            // Where there are others, they are read while the page of one is taken.
            Lane::new(number, reading.first(), alone)
        });
        let lanes = lanes.collect();
        Self { request: Some(request), lanes, positions, left }
    }
}

impl<T> Results<'_, T> {
    /// The next result; `None` after the last one, and after an error. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// As `try_collect`; results before the error were given.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Where the stream stands: behind every result that was taken from it, and before all others. Another one goes on
    /// from there by `resume`, also in another process, and after an error.
    ///
    /// ```
    /// # use dynamap::{Cursor, Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// for map in 1..=9 {
    ///     DoomMap { episode: map % 3, map }.insert(&db).await?;
    /// }
    /// let scan = || DoomMap::scan(&db).segments(4);
    /// let (mut maps, mut found) = (scan().stream(), Vec::new());
    /// for _ in 0..5 {
    ///     found.extend(maps.next().await.transpose()?.map(|map| map.map));
    /// }
    /// let saved = maps.cursor()?.to_string();
    ///
    /// let mut rest = scan().resume(saved.parse::<Cursor>()?);
    /// while let Some(map) = rest.next().await {
    ///     found.push(map?.map);
    /// }
    /// found.sort();
    /// assert_eq!(found, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Usage`] in a transaction: what it knows ends with it, and a cursor does not; and where the stream could
    /// not begin.
    pub fn cursor(&self) -> Result<Cursor, Error> {
        match self.request.as_deref() {
            None => Err(Error::Usage("the stream could not begin: see the error that it gave")),
            Some(Request { search, .. }) if search.overlay.is_some() => Err(Error::Usage(
                "a transaction or session has no cursors: what it knows ends with it, and a cursor does not",
            )),
            Some(Request { search, rendered }) => search.cursor(rendered, &self.positions),
        }
    }
}

impl<T> Stream for Results<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.left == 0 {
                this.lanes.clear();
            }
            match ready!(this.lanes.poll_next_unpin(context)) {
                None => return Poll::Ready(None),
                Some(Ok(Taken { number, position, result })) => {
                    this.positions[number] = position;
                    if let Some(result) = result {
                        this.left -= 1;
                        return Poll::Ready(Some(Ok(result)));
                    }
                }
                Some(Err(error)) => {
                    this.lanes.clear();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// Nothing in it is pinned: the futures are in boxes of their own.
impl<T> Unpin for Results<'_, T> {}

impl<T> fmt::Debug for Results<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("segments", &self.positions.len()).finish_non_exhaustive()
    }
}
