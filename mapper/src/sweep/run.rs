//! A sweep under way: segments side by side, pages one after the other, a checkpoint behind each.

use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use futures_util::future::{Either, join_all, select};
use futures_util::stream;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::action::Act;
use super::checkpoint::{Checkpoint, SweepProgress, Swept};
use super::{Store, Watch};
use crate::error::{Error, FailedItem, SweepError, Target};
use crate::item::Item;
use crate::read::{BoxFuture, Position, Progress, Request};

/// What the segments of a sweep share.
pub(super) struct Run<'a, A> {
    request: Arc<Request<'a>>,
    action: A,
    at_once: usize,
    /// One permit for each action under way.
    permits: Semaphore,
    tolerated: usize,
    store: Option<Store<'a>>,
    watch: Option<Watch<'a>>,
    /// How many pages the last stored checkpoint covers. Checkpoints are stored one after the other.
    stored: AsyncMutex<usize>,
    state: Mutex<State>,
}

struct State {
    mode: Mode,
    /// How far each segment has come, page by page.
    positions: Vec<Position>,
    progress: SweepProgress,
    /// The failures of pages that are done.
    failed: Vec<FailedItem>,
    /// How many of them are in checkpoints.
    told: usize,
    /// The failures of pages that were left.
    left: Vec<FailedItem>,
    /// All failures.
    failures: usize,
    /// Why the sweep ends; the first reason.
    error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Mode {
    On,
    /// Pages under way are finished.
    Stopping,
    /// Actions under way are finished.
    Halted,
}

/// What became of some items.
#[derive(Default)]
struct Visited {
    failed: Vec<FailedItem>,
    /// Whether some were not begun, or of no use any more: their page is not done.
    left: bool,
}

impl<'a, A: Act> Run<'a, A> {
    pub(super) fn new(
        request: Arc<Request<'a>>,
        segments: &[Progress],
        at_once: usize,
        tolerated: usize,
        (store, watch): (Option<Store<'a>>, Option<Watch<'a>>),
        action: A,
    ) -> Self {
        let positions: Vec<_> = segments.iter().map(|segment| segment.position.clone()).collect();
        let state = State {
            mode: Mode::On,
            progress: SweepProgress { segments: positions.len(), ..SweepProgress::default() },
            positions,
            failed: Vec::new(),
            told: 0,
            left: Vec::new(),
            failures: 0,
            error: None,
        };
        Self {
            request,
            action,
            at_once,
            permits: Semaphore::new(at_once.min(Semaphore::MAX_PERMITS)),
            tolerated,
            store,
            watch,
            stored: AsyncMutex::new(0),
            state: Mutex::new(state),
        }
    }

    /// Visits all items of all segments, until they are done, or the sweep is stopped.
    pub(super) async fn drive(
        self,
        segments: Vec<Progress>,
        until: Option<BoxFuture<'a, ()>>,
    ) -> Result<Swept, Error> {
        let segments = segments.into_iter().enumerate();
        let segments = segments.map(|(number, progress)| self.segment(number, progress));
        let all = join_all(segments);
        let stop = until.unwrap_or_else(|| Box::pin(pending()));
        if let Either::Right(((), all)) = select(all, stop).await {
            self.enter(Mode::Stopping);
            all.await;
        }
        self.end()
    }

    async fn segment(&self, number: usize, mut progress: Progress) {
        while self.mode() == Mode::On {
            let items = match self.request.page(&mut progress).await {
                Ok(Some(items)) => items,
                Ok(None) => return,
                Err(error) => return self.halt(error),
            };
            let count = items.len();
            let Some(failed) = self.visit_all(items).await else { return };
            self.page_done(number, progress.position.clone(), count, failed);
            if let Err(error) = self.store().await {
                return self.halt(error);
            }
            // A store in the process may answer without waiting: the others, and `until`, have their turn here.
            tokio::task::yield_now().await;
        }
    }

    /// Acts on the items of a page; `None` where not all of them were visited.
    async fn visit_all(&self, items: Vec<Item>) -> Option<Vec<FailedItem>> {
        let (mut items, most) = (items.into_iter(), self.action.most());
        let pieces = std::iter::from_fn(move || {
            let piece: Vec<_> = items.by_ref().take(most).collect();
            (!piece.is_empty()).then_some(piece)
        });
        let visits = pieces.map(|piece| self.visit(piece));
        let mut visits = pin!(stream::iter(visits).buffer_unordered(self.at_once));
        let mut all = Visited::default();
        while let Some(visited) = visits.next().await {
            all.failed.extend(visited.failed);
            all.left |= visited.left;
        }
        if all.left {
            self.state().left.extend(all.failed);
            return None;
        }
        Some(all.failed)
    }

    async fn visit(&self, items: Vec<Item>) -> Visited {
        let none = || Visited { failed: Vec::new(), left: true };
        let _permit = self.permits.acquire().await;
        if self.mode() == Mode::Halted {
            return none();
        }
        let keys: Result<Vec<_>, _> = items.iter().map(|item| self.request.key(item)).collect();
        let keys = match keys {
            Ok(keys) => keys,
            Err(error) => {
                self.halt(error);
                return none();
            }
        };
        let results = self.action.act(items).await;
        let failed = keys.into_iter().zip(results).filter_map(|(key, result)| {
            let target = Target { table: self.request.table().to_owned(), key };
            result.err().map(|error| FailedItem { target, error: error.into() })
        });
        let mut visited = Visited::default();
        for item in failed {
            match self.failed(item) {
                Some(tolerated) => visited.failed.push(tolerated),
                None => visited.left = true,
            }
        }
        visited
    }

    /// Counts a failure, and ends the sweep where that is one too many: then it is kept here.
    fn failed(&self, item: FailedItem) -> Option<FailedItem> {
        let mut state = self.state();
        state.failures += 1;
        if state.failures <= self.tolerated {
            return Some(item);
        }
        state.mode = Mode::Halted;
        state.left.push(item);
        None
    }

    fn page_done(&self, number: usize, position: Position, items: usize, failed: Vec<FailedItem>) {
        let progress = {
            let mut state = self.state();
            state.positions[number] = position;
            state.progress.items += items;
            state.progress.pages += 1;
            state.progress.failures += failed.len();
            state.progress.segments_done = state.segments_done();
            state.failed.extend(failed);
            state.progress
        };
        if let Some(watch) = &self.watch {
            watch(progress);
        }
    }

    /// Stores a checkpoint of all pages that are done, unless the one before is that already.
    async fn store(&self) -> Result<(), Error> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut stored = self.stored.lock().await;
        let (checkpoint, told) = {
            let state = self.state();
            if state.progress.pages == *stored {
                return Ok(());
            }
            let cursor = self.request.cursor(&state.positions)?;
            let (failed, progress) = (state.failed[state.told..].to_vec(), state.progress);
            (Checkpoint { cursor, failed, progress }, state.failed.len())
        };
        let pages = checkpoint.progress.pages;
        store(checkpoint).await.map_err(|error| {
            let table = self.request.table().to_owned();
            Error::Sweep(Box::new(SweepError::Checkpoint { table, error }))
        })?;
        self.state().told = told;
        *stored = pages;
        Ok(())
    }

    fn end(self) -> Result<Swept, Error> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error {
            return Err(error);
        }
        if state.failures > self.tolerated {
            let failed = state.failed.into_iter().chain(state.left).collect();
            let (table, tolerated) = (self.request.table().to_owned(), self.tolerated);
            return Err(Error::Sweep(Box::new(SweepError::Failures { table, tolerated, failed })));
        }
        let cursor = self.request.cursor(&state.positions)?;
        let progress = SweepProgress { segments_done: state.segments_done(), ..state.progress };
        Ok(Swept { cursor, failed: state.failed, progress })
    }

    fn halt(&self, error: Error) {
        let mut state = self.state();
        state.mode = Mode::Halted;
        state.error.get_or_insert(error);
    }

    /// Enters a mode, unless the sweep ends sooner already.
    fn enter(&self, mode: Mode) {
        let mut state = self.state();
        if state.mode < mode {
            state.mode = mode;
        }
    }

    fn mode(&self) -> Mode {
        self.state().mode
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn segments_done(&self) -> usize {
        self.positions.iter().filter(|position| **position == Position::End).count()
    }
}
