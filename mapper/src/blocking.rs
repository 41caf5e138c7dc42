//! The same verbs without async, for scripts and tests.
//!
//! With [`Wait`] in scope `.wait()?` stands where `.await?` would: every verb is the same, with the same arguments, results
//! and errors. Streams become iterators by [`WaitEach::wait_each`]; [`wait_for`] is for futures whose output is no
//! `Result`.
//!
//! ```
//! # use dynamap::{Model, Table};
//! use dynamap::Database;
//! use dynamap::blocking::{Wait as _, WaitEach as _};
//!
//! # #[derive(Debug, Clone, Model)]
//! # #[model(table = "maps", validate = false)]
//! # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let db = Database::new(dynamap::embedded::memory()?);
//! Table::<DoomMap>::create(&db).wait()?;
//! DoomMap { episode: 1, map: 1, name: "Hangar".into() }.insert(&db).wait()?;
//! let found = DoomMap::get(&db, (1, 1)).wait()?.expect("was inserted");
//! assert_eq!(found.name, "Hangar");
//! for map in DoomMap::query(&db, 1).stream().wait_each() {
//!     assert_eq!(map?.map, 1);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where it works
//!
//! | called | runs |
//! |---|---|
//! | outside of a runtime | on one that the library starts with the first call, with one thread of its own |
//! | in a runtime of several threads | on that one; the thread is given back to it meanwhile |
//! | in a runtime of one thread, or in a `LocalSet` | not at all: [`Error::Usage`], and nothing is sent. Nobody would drive what is waited for. Take a thread of [`std::thread::spawn`]; one of `spawn_blocking` is refused as well, since it cannot be told from the runtime's own |

use std::fmt;
use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::error::Error;

/// `.wait()` on everything that could be awaited; see [the module](self).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// use dynamap::{Error, blocking::Wait};
///
/// Table::<DoomMap>::create(&db).wait()?;
/// let map = DoomMap { episode: 1, map: 1 };
/// map.clone().insert(&db).wait()?;
/// assert!(map.insert(&db).wait().is_err_and(|error| error.is_conflict()));
///
/// // In a runtime of one thread nobody would drive it:
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let refused = runtime.block_on(async { DoomMap::get(&db, (1, 1)).wait() });
/// assert!(matches!(refused, Err(Error::Usage(_))));
/// # Ok(())
/// # }
/// ```
pub trait Wait<T, E>: IntoFuture<Output = Result<T, E>> {
    /// Waits until it is done, and returns what it brought.
    ///
    /// # Errors
    /// What the verb says; [`Error::Usage`] in a runtime of one thread, where nothing is sent.
    fn wait(self) -> Result<T, E>;
}

impl<F, T, E> Wait<T, E> for F
where
    F: IntoFuture<Output = Result<T, E>>,
    E: From<Error>,
{
    fn wait(self) -> Result<T, E> {
        wait_for(self)?
    }
}

/// Waits for any future; [`Wait::wait`] for those that bring a `Result`.
///
/// ```
/// use dynamap::blocking::wait_for;
///
/// assert_eq!(wait_for(async { 1 + 1 })?, 2);
/// # Ok::<(), dynamap::Error>(())
/// ```
///
/// # Errors
/// [`Error::Usage`] in a runtime of one thread: the future is dropped, and nothing was sent.
pub fn wait_for<F: IntoFuture>(future: F) -> Result<F::Output, Error> {
    let future = future.into_future();
    match Handle::try_current() {
        Err(_) => runtime().map(|runtime| runtime.block_on(future)),
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::CurrentThread => Err(Error::Usage(
            "waiting would stop this runtime of one thread: await, or wait in a thread of its own",
        )),
        Ok(handle) => in_place(|| handle.block_on(future)),
    }
}

/// Gives this thread back to its runtime meanwhile. Within a `LocalSet` that cannot be done, and tokio panics before it
/// begins.
fn in_place<T>(wait: impl FnOnce() -> T) -> Result<T, Error> {
    let mut begun = false;
    let waited = catch_unwind(AssertUnwindSafe(|| {
        block_in_place(|| {
            begun = true;
            wait()
        })
    }));
    match waited {
        Ok(output) => Ok(output),
        Err(panic) if begun => resume_unwind(panic),
        Err(_) => Err(Error::Usage(
            "waiting would stop the tasks of this `LocalSet`: await, or wait in a thread of its own",
        )),
    }
}

/// The runtime of those who have none; it lives as long as the program.
fn runtime() -> Result<&'static Runtime, Error> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let start = || Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
    let failed = Error::Usage("the system does not let the library start a thread to wait with");
    RUNTIME.get_or_init(start).as_ref().ok_or(failed)
}

/// A handle on it, for what runs beside those who wait; `None` where it cannot be started.
pub(crate) fn handle() -> Option<Handle> {
    runtime().ok().map(|runtime| runtime.handle().clone())
}

/// `.wait_each()` on streams; see [the module](self). In a runtime of one thread the first item is [`Error::Usage`], and the
/// last one.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// use dynamap::blocking::{Wait as _, WaitEach};
///
/// # Table::<DoomMap>::create(&db).wait()?;
/// for map in 1..=3 {
///     DoomMap { episode: 1, map }.insert(&db).wait()?;
/// }
/// let maps = DoomMap::query(&db, 1).stream().wait_each().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(maps.iter().map(|map| map.map).collect::<Vec<_>>(), [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
pub trait WaitEach<T, E>: Stream<Item = Result<T, E>> + Sized {
    /// An iterator that waits for each item.
    fn wait_each(self) -> Waiting<Self>;
}

impl<S, T, E> WaitEach<T, E> for S
where
    S: Stream<Item = Result<T, E>>,
    E: From<Error>,
{
    fn wait_each(self) -> Waiting<Self> {
        Waiting { stream: Box::pin(self), is_over: false }
    }
}

/// What a stream brings, one by one; from [`WaitEach::wait_each`]. Pages are asked for as they are needed.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// use dynamap::blocking::{Wait as _, WaitEach as _, Waiting};
///
/// # Table::<DoomMap>::create(&db).wait()?;
/// DoomMap { episode: 1, map: 1 }.insert(&db).wait()?;
/// let mut maps: Waiting<_> = DoomMap::query(&db, 1).stream().wait_each();
/// assert_eq!(maps.next().transpose()?.map(|map| map.map), Some(1));
/// assert!(maps.next().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Waiting<S> {
    stream: Pin<Box<S>>,
    is_over: bool,
}

impl<S, T, E> Iterator for Waiting<S>
where
    S: Stream<Item = Result<T, E>>,
    E: From<Error>,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match wait_for(self.stream.next()) {
            Ok(next) => {
                self.is_over = next.is_none();
                next
            }
            // It would be the same each time.
            Err(error) => {
                self.is_over = true;
                Some(Err(error.into()))
            }
        }
    }
}

impl<S> fmt::Debug for Waiting<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}
