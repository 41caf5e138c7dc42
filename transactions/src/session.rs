//! Sessions: what was read is kept, what is written waits for a flush.
//!
//! A session is a transaction's buffer with another end: each change is a conditional write of its own, or all are one
//! transaction, and the session goes on.
//!
//! * `verbs`: what a program writes, and reads again
//! * `overlay`: what reads and searches see, what is counted
//! * `flush`: sending the changes
//! * `flushed`: what became of each

mod flush;
mod flushed;
mod overlay;
mod verbs;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynamap_mapper::error::Target;
use dynamap_mapper::{Database, Error, Part, Reader as _, Region};

pub use self::flush::Flush;
pub use self::flushed::{Flushed, Unflushed};
pub use self::overlay::SessionCounts;
use crate::options::Options;
use crate::transaction::Transaction;

/// A piece of work on many items: each is read once, and what was changed is written at the end.
///
/// What was read is kept, also that there is no item, and every later read returns it: by key, by
/// [`get_many`](dynamap_mapper::Model::get_many), by queries and scans. Own changes are seen at once, and nothing is sent
/// before [`flush`](Session::flush), which writes the changed items, each under its own condition, or
/// [`commit`](Session::commit), which writes them all or none. The session goes on afterwards; what was not written is
/// still to be written.
///
/// What others write meanwhile is not seen: where that contradicts a change, the flush says so, with the item as it is
/// then. What was only read is not checked; for that there is [`Transaction`]. Reads are consistent.
///
/// Reads can be under way at the same time, on several threads. To flush takes the session for itself. A session that is
/// dropped forgets its changes, and warns of that by the `tracing` crate; [`discard`](Session::discard) says that it is
/// meant.
///
/// ```
/// # use dynamap::{Database, Model, Session, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in [1, 2] { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let mut session = Session::of(&db);
/// for fee in [1, 2, 3] {
///     let mut account = Account::get(&session, 1).await?.expect("there"); // read once
///     account.balance -= fee;
///     session.save(account)?;
/// }
/// let two = Account::get(&session, 2).await?.expect("there");
/// session.delete(two)?;
/// assert!(Account::get(&session, 2).await?.is_none());
/// assert_eq!(session.dirty(), 2);
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 100); // nothing was sent
///
/// let flushed = session.flush().await; // two writes
/// assert_eq!((flushed.written(), flushed.failures().len()), (2, 0));
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 94);
/// assert!(!session.is_dirty());
/// assert_eq!(session.counts().writes_saved, 2);
///
/// let one = Account::get(&session, 1).await?.expect("there");
/// session.delete(one)?;
/// session.discard(); // it was a rehearsal
/// assert!(Account::get(&db, 1).await?.is_some());
/// # Ok(())
/// # }
/// ```
#[must_use = "a session that is dropped forgets its changes"]
pub struct Session {
    /// What was read, and what is intended. It is never committed.
    tx: Transaction,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The parts of tables of which everything is known.
    preloaded: Vec<Region>,
    /// The keys that inserts with an auto-increment key were given.
    inserted: HashMap<usize, Target>,
    /// New items that were sent and of which it is open whether they were written: somebody may have deleted them since,
    /// and a second insert would bring them back. Whatever the session did with them since, they may be there.
    unanswered: HashSet<Target>,
    counts: SessionCounts,
}

impl Session {
    /// Begins a session. Nothing is sent.
    pub fn of(db: &Database) -> Self {
        let tx = Transaction::start(db, Options::default(), None);
        Self { tx, state: Mutex::default() }
    }

    /// Reads everything of a hash key, `Model::query(&db, key)`, or of a table, `Model::scan(&db)`, of whatever model.
    /// From then on the session answers for it alone: reads by key, queries and scans inside it send nothing, and what
    /// is not there is absent.
    ///
    /// It is kept in memory as a whole. A range makes the part smaller, `consistent` and `segments` have their usual
    /// meaning. Items that the session knows already stay as it knows them.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Session, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
    /// let session = Session::of(&db);
    /// session.preload(DoomMap::query(&db, 1)).await?;
    /// let last = DoomMap::query(&session, 1).range(DoomMap::MAP.gt(5)).reverse().first().await?;
    /// assert_eq!(last.expect("there").map, 9);
    /// assert!(DoomMap::get(&session, (1, 10)).await?.is_none());
    /// assert_eq!((session.counts().hits, session.counts().negative_hits, session.counts().misses), (1, 1, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Usage`] for a part of another database, or with a filter, a limit or `skip_expired`: nothing was sent.
    /// What the service says; what was read until then is known, and the session does not answer for the rest.
    ///
    /// [AWS: Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)
    pub async fn preload(&self, part: impl Part) -> Result<(), Error> {
        if !self.tx.database().is_same(part.database()) {
            return Err(Error::Usage(
                "a session is preloaded from its own database: build the query with that one",
            ));
        }
        let region = part.note_all(&self.tx).await?;
        self.state().preloaded.push(region);
        Ok(())
    }

    /// Whether there is anything to flush.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty() > 0
    }

    /// How many items a flush would write, and new items of which it is open whether they were written.
    #[must_use]
    pub fn dirty(&self) -> usize {
        let unanswered = self.state().unanswered.clone();
        let buffer = &self.tx.state().buffer;
        let unchanged = unanswered.iter().filter(|target| !buffer.changes_item(target));
        buffer.changed() + unchanged.count()
    }

    /// What the session has saved until now.
    #[must_use]
    pub fn counts(&self) -> SessionCounts {
        let counts = self.state().counts;
        let sent = counts.written + self.dirty();
        SessionCounts { writes_saved: counts.verbs.saturating_sub(sent), ..counts }
    }

    /// Forgets everything, also what was changed. The same as dropping the session, in words, and without a warning.
    pub fn discard(self) {
        self.state().unanswered.clear();
        self.tx.clone().rollback();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes that were not flushed are forgotten, with a warning.
impl Drop for Session {
    fn drop(&mut self) {
        let dirty = self.dirty();
        if dirty > 0 {
            tracing::warn!(target: "dynamap", items = dirty, "a session was dropped with changes that were not flushed");
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("dirty", &self.dirty())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
