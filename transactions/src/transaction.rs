//! The transaction handle: reads, nesting, commit.
//!
//! * `verbs`: what a program writes
//! * `overlay`: what queries and scans see

mod overlay;
mod verbs;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynamap_mapper::error::Target;
use dynamap_mapper::model::Layout;
use dynamap_mapper::write::{After, Base, Write, evict};
use dynamap_mapper::{Database, Error, Item, Key, Overlay, Reader};
use tokio::time::Instant;

use crate::buffer::{BY_KEY, Buffer, Known};
use crate::options::{Options, TransactionBuilder};
use crate::receipt::Receipt;
use crate::run::Run;

/// Reads and writes that belong together: [`commit`](Transaction::commit) applies the writes all or none, provided
/// that nobody else changed anything that was read or written.
///
/// No write is sent before the commit, so rollback is dropping the transaction: it sends nothing and cannot fail.
/// Reads see the transaction's own writes; a second read of an item returns what the first did. What was read and not
/// written is checked too: committed transactions are serializable on keys. Up to 100 items (AWS); any number where it
/// only reads.
///
/// Queries and scans see own writes too, and each item that they return is checked. Items that others insert into their
/// range meanwhile are not noticed: where that matters, let whoever inserts change a guard item that whoever queries
/// reads.
///
/// A transaction is a cheap handle: a function that takes `&Transaction` can be used at any depth.
///
/// ```
/// # use dynamap::{Database, Isolation, Model, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in [1, 2] { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let tx = Transaction::begin(&db);
/// let mut from = Account::get(&tx, 1).await?.expect("there");
/// let mut to = Account::get(&tx, 2).await?.expect("there");
/// from.balance -= 10;
/// to.balance += 10;
/// tx.save(from)?;
/// let to = tx.save(to)?;
///
/// let fee = tx.nested();
/// let mut payer = Account::get(&fee, 1).await?.expect("there");
/// assert_eq!(payer.balance, 90);
/// payer.balance -= 1;
/// fee.save(payer)?;
/// drop(fee); // rolled back: the transfer goes on without it
///
/// let receipt = tx.commit().await?;
/// assert_eq!(receipt.take(to)?.balance, 110);
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 90);
///
/// let tx = Transaction::builder(&db).isolation(Isolation::WriteConflict).begin();
/// let two = Account::get(&tx, 2).await?.expect("there");
/// tx.delete(two)?;
/// assert!(Account::get(&tx, 2).await?.is_none());
/// tx.rollback(); // or drop it
/// assert!(Account::get(&db, 2).await?.is_some());
/// # Ok(())
/// # }
/// ```
///
/// [AWS: transactions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html)
#[derive(Clone)]
pub struct Transaction {
    shared: Arc<Shared>,
}

struct Shared {
    root: Arc<Root>,
    parent: Option<Transaction>,
    state: Mutex<State>,
}

/// What all levels of nesting share.
struct Root {
    db: Database,
    /// Every item that was read from the store. Reads of a nested transaction that was rolled back stay: the program
    /// may have decided by them.
    reads: Mutex<HashMap<Target, Read>>,
    options: Options,
    deadline: Option<Instant>,
}

/// Numbers of writes, one for each in the process: transactions can be merged.
static NUMBERS: AtomicUsize = AtomicUsize::new(0);

fn next_number() -> usize {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

pub(crate) struct Read {
    pub(crate) layout: &'static Layout,
    pub(crate) item: Option<Item>,
}

impl Read {
    /// The check that the item is still as it was read.
    pub(crate) fn check(&self, target: Target) -> Write {
        let base = self.item.clone().map_or(Base::Absent, Base::Stored);
        Write::new(self.layout, target, base, After::Same)
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) buffer: Buffer,
    open_children: usize,
    finished: bool,
}

const FINISHED: &str = "the transaction is finished: begin a new one";
const OWNED: &str =
    "`run` commits its transaction itself: return `Ok` from the work, or use `Transaction::begin`";
const NESTED_OPEN: &str =
    "a nested transaction is open: commit or drop it before its parent writes or commits";

impl Transaction {
    /// Begins a transaction. Nothing is sent.
    #[must_use]
    pub fn begin(db: &Database) -> Self {
        Self::start(db, Options::default(), None)
    }

    /// A transaction with settings: isolation, deadline, record.
    pub fn builder(db: &Database) -> TransactionBuilder<'_> {
        TransactionBuilder::new(db)
    }

    pub(crate) fn start(db: &Database, options: Options, deadline: Option<Instant>) -> Self {
        let root = Root { db: db.clone(), reads: Mutex::default(), options, deadline };
        Self { shared: Arc::new(Shared::new(Arc::new(root), None)) }
    }

    /// Does the work in a transaction, and does it again, with fresh reads, if somebody else was first.
    ///
    /// Commits when `body` returns `Ok`, rolls back and returns its error when it returns `Err`. The body may run
    /// several times: it should do nothing that cannot be done twice but read and write through the transaction.
    /// Capture by reference: `|tx| { let id = &id; async move { … } }`.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
    /// let left = Transaction::run(&db, |tx| async move {
    ///     let mut account = Account::get(&tx, 1).await?.expect("there");
    ///     account.balance -= 30;
    ///     let left = account.balance;
    ///     tx.save(account)?;
    ///     Ok::<_, Error>(left)
    /// })
    /// .await?;
    /// assert_eq!(left, 70);
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<'a, T, E, F, Fut>(db: &'a Database, body: F) -> Run<'a, F>
    where
        F: FnMut(Transaction) -> Fut + Send + 'a,
        Fut: Future<Output = Result<T, E>> + Send + 'a,
    {
        Run::new(db, body)
    }

    /// Begins a transaction inside this one.
    ///
    /// Of two that are open at the same time neither sees what the other writes: open one after the other where they decide
    /// by the same items.
    ///
    /// It sees this one's writes. It is finished with this one. Its commit merges its writes into this one, its drop forgets them; neither sends
    /// anything. While it is open this one refuses writes and commit.
    #[must_use]
    pub fn nested(&self) -> Self {
        self.state().open_children += 1;
        Self { shared: Arc::new(Shared::new(self.shared.root.clone(), Some(self.clone()))) }
    }

    /// Applies everything, all or none. A nested transaction merges into its parent instead, without a request.
    ///
    /// A single write and nothing else is sent as a plain conditional write, at half the price. Reads alone are checked at
    /// the price of reads; one read alone sends nothing more.
    /// If the future is dropped half-way, the writes may have been applied or not, together.
    ///
    /// # Errors
    /// [`Error::Conflict`] names each item that was not as expected and holds it as it is now: nothing was written,
    /// begin again with fresh reads. [`Error::OutcomeUnknown`] where no answer came until the deadline; of a single insert or
    /// write by key, which is not sent twice, where its answer was lost and the item does not tell. After every
    /// other error nothing was written. The transaction is finished in every case, except under an open nested one.
    /// Of a recorded transaction also [`Error::Fenced`] and [`Error::KeyReused`]; where one with its key was committed
    /// before, nothing is written and the receipt says [`is_replay`](Receipt::is_replay).
    ///
    /// [AWS: TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
    pub async fn commit(self) -> Result<Receipt, Error> {
        if self.shared.parent.is_none() && self.options().owned {
            return Err(Error::Usage(OWNED));
        }
        let buffer = self.finish()?;
        let Some(parent) = &self.shared.parent else {
            return self.send(buffer).await;
        };
        parent.close_child(buffer).inspect_err(|error| evict(self.database(), error))?;
        Ok(Receipt::default())
    }

    /// Takes over what a nested transaction intends that is finished.
    fn close_child(&self, mut buffer: Buffer) -> Result<(), Error> {
        let settled = self.settle_all(&mut buffer);
        let is_finished = self.is_finished();
        // Closed and merged at once, so that this one is not committed in between.
        let mut state = self.state();
        state.open_children = state.open_children.saturating_sub(1);
        if is_finished || state.finished {
            return Err(Error::Usage(FINISHED));
        }
        settled?;
        state.buffer.merge(buffer, |target| self.below(target))
    }

    /// Takes over what another transaction, begun apart, has read and intends: afterwards it is a part of this one, as a
    /// nested transaction that was committed. Nothing is sent.
    ///
    /// For parts that are put together by code that does not know the transaction they will belong to. The other one's
    /// settings are forgotten.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
    /// let fee = Transaction::begin(&db); // of code that knows nothing of the rest
    /// let mut payer = Account::get(&fee, 1).await?.expect("there");
    /// payer.balance -= 1;
    /// fee.save(payer)?;
    ///
    /// let tx = Transaction::begin(&db);
    /// tx.insert(Account { id: 2, balance: 10, version: 0 })?;
    /// tx.merge(fee)?;
    /// tx.commit().await?; // both or none
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 99);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Conflict`] where the two know one item differently; [`Error::Usage`] where one of them is finished, has an
    /// open nested transaction, or the other one is nested or of another database. The other one is finished in every
    /// case, except under an open nested one; after an error nothing of it was taken over.
    #[expect(clippy::needless_pass_by_value, reason = "what was merged is finished")]
    pub fn merge(&self, other: Transaction) -> Result<(), Error> {
        self.take_over(&other).inspect_err(|error| evict(self.database(), error))
    }

    fn take_over(&self, other: &Transaction) -> Result<(), Error> {
        let mut buffer = other.finish()?;
        drop(self.writable()?);
        if other.shared.parent.is_some() {
            return Err(Error::Usage(
                "a nested transaction belongs to its parent: commit it, and merge the outermost one",
            ));
        }
        if !self.database().is_same(other.database()) {
            return Err(Error::Usage(
                "transactions of two databases are two transactions: they cannot be merged",
            ));
        }
        let theirs = std::mem::take(&mut *other.reads());
        for (target, read) in &theirs {
            match self.known(target) {
                Some(known) if known.is_unread() => return Err(Error::Usage(BY_KEY)),
                Some(known) if known != Known::from(read.item.clone()) => {
                    return Err(read.check(target.clone()).conflict(known.into_item()));
                }
                _ => {}
            }
        }
        self.settle_all(&mut buffer)?;
        let below = |target: &Target| {
            let theirs = || theirs.get(target).map(|read| read.item.clone().into());
            self.below(target).or_else(theirs)
        };
        self.writable()?.buffer.merge(buffer, below)?;
        let mut reads = self.reads();
        for (target, read) in theirs {
            reads.entry(target).or_insert(read);
        }
        Ok(())
    }

    /// Ends the transaction, and takes what it intends.
    pub(crate) fn finish(&self) -> Result<Buffer, Error> {
        let mut state = self.writable()?;
        state.finished = true;
        Ok(std::mem::take(&mut state.buffer))
    }

    /// Forgets everything. The same as dropping the last handle, in words.
    pub fn rollback(self) {
        let mut state = self.state();
        state.buffer = Buffer::default();
        if !std::mem::replace(&mut state.finished, true) {
            drop(state);
            self.shared.close_in_parent();
        }
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.root.options
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.shared.root.deadline
    }

    /// Everything that was read from the store, at any depth.
    pub(crate) fn reads(&self) -> MutexGuard<'_, HashMap<Target, Read>> {
        self.shared.root.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what is known of an item, and intended with it, by what is stored now.
    pub(crate) fn replace(&self, target: Target, layout: &'static Layout, item: Option<Item>) {
        self.state().buffer.forget(&target);
        self.reads().insert(target, Read { layout, item });
    }

    /// Forgets what was read of a table that can be of this model: its items, and that there are none.
    pub(crate) fn forget_reads(&self, table: &str, layout: &'static Layout) {
        self.reads().retain(|target, read| {
            let is_of = std::ptr::eq(read.layout, layout)
                || layout.may_own(&target.key, read.item.as_ref());
            target.table != table || !is_of
        });
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, provided that the transaction may write.
    fn writable(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.is_finished() {
            return Err(Error::Usage(FINISHED));
        }
        let state = self.state();
        match () {
            () if state.finished => Err(Error::Usage(FINISHED)),
            () if state.open_children > 0 => Err(Error::Usage(NESTED_OPEN)),
            () => Ok(state),
        }
    }

    /// Whether this transaction or one around it was committed or rolled back: nothing of it will be sent any more.
    fn is_finished(&self) -> bool {
        let own = self.state().finished;
        own || self.shared.parent.as_ref().is_some_and(Self::is_finished)
    }

    /// Makes the writes by key in a buffer of the items that this level knows.
    pub(crate) fn settle_all(&self, buffer: &mut Buffer) -> Result<(), Error> {
        for target in buffer.by_key() {
            let known = self.known(&target).filter(|known| !known.is_unread());
            if let Some(known) = known {
                buffer.settle(&target, known.into_item().as_ref())?;
            }
        }
        Ok(())
    }

    /// Makes writes by key, of this level and those around it, of an item that was read.
    fn settle(&self, target: &Target, item: Option<&Item>) -> Result<(), Error> {
        self.state().buffer.settle(target, item)?;
        self.shared.parent.as_ref().map_or(Ok(()), |parent| parent.settle(target, item))
    }

    /// What an item is without this level's own writes, where the transaction knows.
    pub(crate) fn below(&self, target: &Target) -> Option<Known> {
        match &self.shared.parent {
            Some(parent) => parent.known(target),
            None => self.reads().get(target).map(|read| read.item.clone().into()),
        }
    }

    /// What an item is for this level, where the transaction knows.
    fn known(&self, target: &Target) -> Option<Known> {
        let own = self.state().buffer.visible(target);
        own.or_else(|| self.below(target))
    }
}

impl Shared {
    fn new(root: Arc<Root>, parent: Option<Transaction>) -> Self {
        Self { root, parent, state: Mutex::default() }
    }

    fn close_in_parent(&self) {
        if let Some(parent) = &self.parent {
            let mut state = parent.state();
            state.open_children = state.open_children.saturating_sub(1);
        }
    }
}

/// Dropping the last handle of an unfinished nested transaction rolls it back.
impl Drop for Shared {
    fn drop(&mut self) {
        let finished = self.state.get_mut().unwrap_or_else(PoisonError::into_inner).finished;
        if !finished {
            self.close_in_parent();
        }
    }
}

/// Reads through a transaction are always consistent, see its own writes, and are repeatable.
impl Reader for Transaction {
    fn database(&self) -> &Database {
        &self.shared.root.db
    }

    async fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        _consistent: bool,
    ) -> Result<Option<Item>, Error> {
        if self.is_finished() {
            return Err(Error::Usage(FINISHED));
        }
        let target = Target { table: self.database().table_name(layout), key: key.clone() };
        if let Some(known) = self.known(&target).filter(|known| !known.is_unread()) {
            return Ok(known.into_item());
        }
        let item = self.database().read_item(layout, key, true).await?;
        // Of two reads at the same time the first one counts.
        let read = {
            let mut reads = self.reads();
            reads.entry(target.clone()).or_insert(Read { layout, item }).item.clone()
        };
        self.settle(&target, read.as_ref())?;
        Ok(self.known(&target).map_or(read, Known::into_item))
    }

    fn overlay(&self) -> Option<&dyn Overlay> {
        Some(self)
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("nested", &self.shared.parent.is_some())
            .field("finished", &self.state().finished)
            .finish_non_exhaustive()
    }
}
