//! One search, or one segment of a scan, read page by page.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::BoxFuture;
use super::consume::Found;
use super::cursor::{Cursor, Position};
use super::request::Rendered;
use super::search::{Progress, Search};
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::projection::Output;

/// What all lanes ask for.
pub(crate) struct Request<'a> {
    pub(super) search: Search<'a>,
    pub(super) rendered: Rendered,
}

/// How a sweep reads: it acts on the items of a page one by one.
impl Request<'_> {
    /// The table's full name.
    pub(crate) fn table(&self) -> &str {
        &self.rendered.table
    }

    /// The items of the next page as they are stored; `None` after the last one.
    pub(crate) async fn page(&self, progress: &mut Progress) -> Result<Option<Vec<Item>>, Error> {
        self.search.page(&self.rendered, progress).await
    }

    pub(crate) fn key(&self, item: &Item) -> Result<Key, Error> {
        self.search.key(item)
    }

    /// The result of one item; `None` where it was deleted before all of it could be read.
    pub(crate) async fn output<M: 'static, O: Output<M>>(
        &self,
        item: Item,
    ) -> Result<Option<O::Yield>, Error> {
        self.search.output::<M, O>(&self.rendered.table, item).await
    }

    pub(crate) fn cursor(&self, positions: &[Position]) -> Result<Cursor, Error> {
        self.search.cursor(&self.rendered, positions)
    }
}

/// A lane on its way: it becomes the future of its next page.
pub(super) struct Reading<'a, M, O> {
    request: Arc<Request<'a>>,
    progress: Progress,
    types: PhantomData<fn() -> (M, O)>,
}

/// The results of a lane, one after the other.
pub(super) struct Lane<'a, T> {
    number: usize,
    /// What was read and not taken yet, each with the position behind it.
    ready: VecDeque<(Position, Result<T, Error>)>,
    /// The position behind all of that.
    end: Position,
    /// The page after that.
    ahead: Option<Turn<'a, T>>,
    /// Reads the page that is not there yet; `None` while there is one ahead, and after the last one.
    reading: Option<BoxFuture<'a, Turn<'a, T>>>,
    /// Whether the next page is read while this one is taken.
    reads_ahead: bool,
}

/// A page, and what reads the one behind it.
pub(super) struct Turn<'a, T> {
    results: Result<Found<T>, Error>,
    end: Position,
    next: Option<BoxFuture<'a, Turn<'a, T>>>,
}

/// What was taken from a lane: one result, or none where a page had none; and how far it has come with that.
pub(super) struct Taken<T> {
    pub(super) number: usize,
    pub(super) position: Position,
    pub(super) result: Option<T>,
}

impl<'a, M: 'static, O: Output<M>> Reading<'a, M, O> {
    pub(super) fn new(request: Arc<Request<'a>>, progress: Progress) -> Self {
        Self { request, progress, types: PhantomData }
    }

    /// Reads the first page. In a transaction that is all of them: one that lies here would not see what the
    /// transaction writes meanwhile.
    pub(super) fn first(mut self) -> BoxFuture<'a, Turn<'a, O::Yield>> {
        if self.request.search.overlay.is_none() {
            return self.next();
        }
        Box::pin(async move {
            let mut all = Vec::new();
            loop {
                match self.page().await {
                    Ok(results) => all.extend(results),
                    Err(error) => return Turn::failed(error),
                }
                if !self.progress.is_more() {
                    return Turn { results: Ok(all), end: Position::End, next: None };
                }
            }
        })
    }

    fn next(mut self) -> BoxFuture<'a, Turn<'a, O::Yield>> {
        Box::pin(async move {
            match self.page().await {
                Err(error) => Turn::failed(error),
                Ok(results) => {
                    let end = self.progress.position.clone();
                    let next = self.progress.is_more().then(|| self.next());
                    Turn { results: Ok(results), end, next }
                }
            }
        })
    }

    async fn page(&mut self) -> Result<Found<O::Yield>, Error> {
        let Request { search, rendered } = &*self.request;
        let results = search.results::<M, O>(rendered, &mut self.progress).await?;
        Ok(results.unwrap_or_default())
    }
}

impl<T> Turn<'_, T> {
    fn failed(error: Error) -> Self {
        Self { results: Err(error), end: Position::End, next: None }
    }
}

impl<'a, T> Lane<'a, T> {
    pub(super) fn new(number: usize, first: BoxFuture<'a, Turn<'a, T>>, reads_ahead: bool) -> Self {
        let (ready, end, reading) = (VecDeque::new(), Position::Start, Some(first));
        Self { number, ready, end, ahead: None, reading, reads_ahead }
    }

    /// A lane that gives an error and nothing else.
    pub(super) fn failed(error: Error) -> Self {
        let (ready, end, ahead) = (VecDeque::new(), Position::Start, Some(Turn::failed(error)));
        Self { number: 0, ready, end, ahead, reading: None, reads_ahead: false }
    }

    /// Goes on reading, until one page is ahead.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(reading) = &mut self.reading {
            self.ahead = Some(ready!(reading.as_mut().poll(context)));
            self.reading = None;
        }
        Poll::Ready(())
    }

    /// Takes one result of the page that is there.
    fn take(&mut self) -> Option<Result<Taken<T>, Error>> {
        let (position, result) = self.ready.pop_front()?;
        // Behind the last one nothing is left to be read again, also of what is no result.
        let position = if self.ready.is_empty() { self.end.clone() } else { position };
        Some(result.map(|result| Taken { number: self.number, position, result: Some(result) }))
    }
}

impl<T> Stream for Lane<'_, T> {
    type Item = Result<Taken<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let wants_more = this.reads_ahead || this.ready.is_empty();
        let ahead = if wants_more { this.poll_ahead(context) } else { Poll::Ready(()) };
        if let Some(taken) = this.take() {
            return Poll::Ready(Some(taken));
        }
        ready!(ahead);
        let Some(turn) = this.ahead.take() else { return Poll::Ready(None) };
        this.reading = turn.next;
        Poll::Ready(Some(turn.results.and_then(|results| {
            this.ready = results.into();
            this.end = turn.end;
            // The first result is given before more is read: whoever wants no other pays for one page.
            let none = Taken { number: this.number, position: this.end.clone(), result: None };
            this.take().unwrap_or(Ok(none))
        })))
    }
}

/// Nothing in it is pinned: the future is in a box of its own.
impl<T> Unpin for Lane<'_, T> {}
