//! Sweeps: one resumable scan that acts on every item.
//!
//! `run` drives the segments, `action` is what happens to an item, `checkpoint` says how far the segments have come.

mod action;
mod checkpoint;
mod run;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

pub use checkpoint::{Checkpoint, SweepProgress, Swept};

use crate::error::Error;
use crate::item::Item;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::projection::{Output, Raw};
use crate::read::{BoxFuture, Cursor, Request, Scan, Search};
use action::{Act, Action, Several};
use run::Run;

/// Why an action failed, or a checkpoint could not be stored.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

type Store<'a> = Box<dyn Fn(Checkpoint) -> BoxFuture<'a, Result<(), BoxError>> + Send + Sync + 'a>;
type Watch<'a> = Box<dyn Fn(SweepProgress) + Send + Sync + 'a>;

/// How many actions are under way at once, where the program does not say.
const ACTIONS_AT_ONCE: usize = 16;

/// A job over every item of a scan: exports, repairs, migrations of data; from [`Scan::sweep`](crate::Scan::sweep).
///
/// [`run`](Self::run) calls an action for each item, several at once. It can be killed at any time: with
/// [`checkpoint`](Self::checkpoint) it says how far it has come, and with [`resume`](Self::resume) another one goes on
/// from there. Then every item that is there all the time is visited at least once, and none twice that is behind a
/// checkpoint.
///
/// What is visited is what the scan says: its filter, selection, segments, page size. Requests go through the database
/// that the scan was made with.
///
/// ```
/// # use dynamap::{Cursor, Database, Error, Model, Table};
/// # use std::sync::Mutex;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for map in 1..=9 {
///     DoomMap { episode: map % 3, map, name: format!("map {map}") }.insert(&db).await?;
/// }
/// let saved: Mutex<Option<String>> = Mutex::new(None); // a file, an item
/// let before = saved.lock().expect("one thread").take();
///
/// let swept = DoomMap::scan(&db)
///     .segments(4)
///     .sweep()
///     .resume(before.map(|text| text.parse::<Cursor>()).transpose()?)
///     .checkpoint(async |checkpoint| {
///         *saved.lock().expect("one thread") = Some(checkpoint.cursor.to_string());
///         Ok::<(), Error>(())
///     })
///     .run(|mut map| {
///         let db = &db;
///         async move {
///             map.name = map.name.to_uppercase();
///             map.save(db).await
///         }
///     })
///     .await?;
/// assert!(swept.is_finished());
/// assert_eq!(swept.progress.items, 9);
/// assert_eq!(DoomMap::get(&db, (0, 3)).await?.expect("there").name, "MAP 3");
/// # Ok(())
/// # }
/// ```
///
/// It can be watched, stopped, and go on where single items fail:
///
/// ```
/// # use dynamap::{Database, Loaded, Model, Table};
/// use tokio::sync::Notify;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: map % 3, map, name: format!("map {map}") }.insert(&db).await?; }
/// let visit = |map: Loaded<DoomMap>| async move {
///     if map.map == 1 { Err("it is locked") } else { Ok(()) }
/// };
/// let stop = Notify::new(); // a signal of the system, say
/// let sweep = DoomMap::scan(&db).page_size(2).sweep().at_once(4).tolerate(1);
/// let swept = sweep
///     .on_progress(|progress| if progress.items >= 4 { stop.notify_one() })
///     .until(stop.notified())
///     .run(visit)
///     .await?;
/// assert!(!swept.is_finished());
///
/// let rest = DoomMap::scan(&db).page_size(2).sweep().tolerate(1).resume(swept.cursor).run(visit).await?;
/// assert!(rest.is_finished());
/// assert_eq!(swept.progress.items + rest.progress.items, 9);
/// assert_eq!(swept.failed.len() + rest.failed.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: parallel scan](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan)
#[must_use = "a sweep does nothing until it is run"]
pub struct Sweep<'a, M, O = Loaded<M>> {
    search: Search<'a>,
    cursor: Option<Cursor>,
    at_once: usize,
    tolerated: usize,
    store: Option<Store<'a>>,
    watch: Option<Watch<'a>>,
    until: Option<BoxFuture<'a, ()>>,
    types: PhantomData<fn() -> (M, O)>,
}

impl<'a, M: Model, I, O: Output<M>> Scan<'a, M, I, O> {
    /// A job that acts on every result, and can be killed and resumed: a [`Sweep`].
    pub fn sweep(self) -> Sweep<'a, M, O> {
        Sweep::of(self.into_search().for_job())
    }
}

impl<'a, M: 'static, O: Output<M>> Sweep<'a, M, O> {
    pub(crate) fn of(search: Search<'a>) -> Self {
        Self {
            search,
            cursor: None,
            at_once: ACTIONS_AT_ONCE,
            tolerated: 0,
            store: None,
            watch: None,
            until: None,
            types: PhantomData,
        }
    }

    /// How many actions are under way at once, over all segments; default 16, at least 1.
    pub fn at_once(mut self, actions: usize) -> Self {
        self.at_once = actions.max(1);
        self
    }

    /// Goes on behind a checkpoint of a sweep over the same scan, with the same number of segments; from the start where
    /// there is none. Behind the last checkpoint there is nothing to do, and nothing is sent.
    pub fn resume(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.cursor = cursor.into();
        self
    }

    /// Calls this with a checkpoint behind every page whose actions are all done, to be stored: as text in a file, or in
    /// an item. One is stored after the other, each in place of the one before.
    pub fn checkpoint<S, Fut, E>(mut self, store: S) -> Self
    where
        S: Fn(Checkpoint) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
        E: Into<BoxError>,
    {
        self.store = Some(Box::new(move |checkpoint| {
            let stored = store(checkpoint);
            Box::pin(async move { stored.await.map_err(Into::into) })
        }));
        self
    }

    /// Calls this behind every page.
    pub fn on_progress(mut self, watch: impl Fn(SweepProgress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Ends at the next checkpoint once this future is ready: a signal, a channel, a timer. The pages under way are
    /// finished, and no others begun.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.until = Some(Box::pin(stop));
        self
    }

    /// Goes on where actions fail, or items cannot be read, up to so many items; default 0. They are listed in
    /// [`Checkpoint::failed`] and [`Swept::failed`], count as done, and are not visited again.
    pub fn tolerate(mut self, failures: usize) -> Self {
        self.tolerated = failures;
        self
    }

    /// Visits every item.
    ///
    /// An action may be called again for an item that it was called for before, after a kill: so it leaves the item as if
    /// it had been called once, or checks. Of an item that is written while the sweep runs it may see the old or the new
    /// state; a save of a [`Loaded`] notices that.
    ///
    /// If the future is dropped, actions under way are dropped too, and what is behind the last checkpoint is done.
    ///
    /// # Errors
    /// [`Error::Sweep`] where more items failed than are tolerated, or a checkpoint could not be stored: the actions under
    /// way were finished, and no others begun. [`Error::ForeignCursor`] for the checkpoint of another scan;
    /// [`Error::Usage`] for a scan with a limit, or in a transaction; nothing was sent then. What the service says. A
    /// sweep that is resumed from its last checkpoint goes on after any of them.
    pub async fn run<F, Fut, E>(self, action: F) -> Result<Swept, Error>
    where
        F: Fn(O::Yield) -> Fut + Send + Sync,
        Fut: Future<Output = Result<(), E>> + Send,
        E: Into<BoxError>,
    {
        self.act(|request| Action::<M, O, F>::new(request, action)).await
    }

    async fn act<A: Act>(self, action: impl FnOnce(Arc<Request<'a>>) -> A) -> Result<Swept, Error> {
        let Self { search, cursor, at_once, tolerated, store, watch, until, .. } = self;
        let (request, progress) = search.into_request::<M, O>(cursor.as_ref())?;
        let request = Arc::new(request);
        let action = action(Arc::clone(&request));
        let run = Run::new(request, &progress, at_once, tolerated, (store, watch), action);
        // Boxed: the SDK's futures are large, and every caller's future would hold them.
        Box::pin(run.drive(progress, until)).await
    }
}

impl Sweep<'_, (), Raw> {
    /// As [`run`](Self::run), with an action on up to `most` items of a page; it returns a result for each, in their
    /// order.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    pub async fn run_on_several<F, Fut>(self, most: usize, action: F) -> Result<Swept, Error>
    where
        F: Fn(Vec<Item>) -> Fut + Send + Sync,
        Fut: Future<Output = Vec<Result<(), BoxError>>> + Send,
    {
        let most = most.max(1);
        self.act(|_| Several { most, call: action }).await
    }
}

impl<M, O> fmt::Debug for Sweep<'_, M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}
