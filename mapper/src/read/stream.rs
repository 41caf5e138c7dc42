//! Results as a stream: one page in memory, the next one under way.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::BoxFuture;
use super::request::Rendered;
use super::search::{Progress, Search};
use crate::error::Error;
use crate::model::Model;
use crate::projection::Output;

/// The results of a query or scan, one after the other; from [`Query::stream`](super::Query::stream).
///
/// It holds one page, and asks for the next one while that is taken: never more, however large the table is. Dropping it
/// ends the reading. It is a [`Stream`], and has [`next`](Self::next) of its own, so that no other crate is needed.
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
    /// What was read and not taken yet.
    ready: VecDeque<T>,
    /// The page after that.
    ahead: Option<Turn<'a, T>>,
    /// Reads the page that is not there yet; `None` while there is one ahead, and after the last one.
    reading: Option<BoxFuture<'a, Turn<'a, T>>>,
}

/// A page, and what reads the one behind it.
struct Turn<'a, T> {
    results: Result<Vec<T>, Error>,
    next: Option<BoxFuture<'a, Turn<'a, T>>>,
}

/// A search on its way.
struct Reading<'a, M, O> {
    search: Search<'a>,
    rendered: Rendered,
    progress: Progress,
    types: PhantomData<fn() -> (M, O)>,
}

impl<'a, M: Model, O: Output<M>> Reading<'a, M, O> {
    fn begin(search: Search<'a>) -> Result<Self, Error> {
        let rendered = search.rendered::<M, O>()?;
        let progress = search.begin(&rendered)?;
        Ok(Self { search, rendered, progress, types: PhantomData })
    }

    fn next(mut self) -> BoxFuture<'a, Turn<'a, O::Yield>> {
        Box::pin(async move {
            let Self { search, rendered, progress, .. } = &mut self;
            let results = search.results::<M, O>(rendered, progress).await;
            let more = results.is_ok() && progress.more && progress.left > 0;
            let results = results.map(Option::unwrap_or_default);
            Turn { results, next: more.then(|| self.next()) }
        })
    }
}

impl<'a, T: Send + 'a> Results<'a, T> {
    pub(super) fn of<M: Model, O: Output<M, Yield = T>>(search: Search<'a>) -> Self {
        let first: BoxFuture<'a, Turn<'a, T>> = Box::pin(async move {
            // A page that lies here would not see what the transaction writes meanwhile.
            if search.overlay.is_some() {
                return Turn { results: search.collect::<M, O>().await, next: None };
            }
            match Reading::<M, O>::begin(search) {
                Ok(reading) => reading.next().await,
                Err(error) => Turn { results: Err(error), next: None },
            }
        });
        Self { ready: VecDeque::new(), ahead: None, reading: Some(first) }
    }

    /// The next result; `None` after the last one, and after an error. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// As `try_collect`; results before the error were given.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Goes on reading, until one page is ahead.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(reading) = &mut self.reading {
            self.ahead = Some(ready!(reading.as_mut().poll(context)));
            self.reading = None;
        }
        Poll::Ready(())
    }
}

impl<'a, T: Send + 'a> Stream for Results<'a, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let ahead = this.poll_ahead(context);
            if let Some(result) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(result)));
            }
            ready!(ahead);
            let Some(turn) = this.ahead.take() else { return Poll::Ready(None) };
            this.reading = turn.next;
            match turn.results {
                Ok(results) => this.ready = results.into(),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
            // The first result is given before more is read: whoever wants no other pays for one page.
            if let Some(result) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(result)));
            }
        }
    }
}

/// Nothing in it is pinned: the future is in a box of its own.
impl<T> Unpin for Results<'_, T> {}

impl<T> fmt::Debug for Results<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}
