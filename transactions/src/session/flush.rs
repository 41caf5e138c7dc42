//! Sending the changes of a session.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use dynamap_mapper::error::{OutcomeUnknown, Reason, Target, ViewError};
use dynamap_mapper::model::Layout;
use dynamap_mapper::write::{Base, MAX_ACTIONS, Write, apply, check_count};
use dynamap_mapper::{Error, Item, Reader as _, sequence};
use futures_util::stream::{self, FuturesUnordered, StreamExt as _};

use super::{Flushed, Session, Unflushed};
use crate::receipt::Receipt;

/// How many requests are under way at once, where the program does not say.
const AT_ONCE: usize = 16;

/// What was written, and left.
type Items = HashMap<Target, Option<Item>>;

/// The flush of a [`Session`]; from [`Session::flush`]. `.await` it.
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
/// # for id in 1..=3 { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
/// let (metered, meter) = db.metered();
/// let mut session = Session::of(&metered);
/// for (fee, is_together) in [(1, false), (2, true)] {
///     for id in 1..=3 {
///         let mut account = Account::get(&session, id).await?.expect("there");
///         account.balance -= fee;
///         session.save(account)?;
///     }
///     let flush = session.flush().at_once(2); // three requests, two under way at a time
///     let flushed = if is_together { flush.in_transactions().await } else { flush.await }; // or one, of all
///     assert_eq!(flushed.written(), 3);
/// }
/// assert_eq!(Account::get(&db, 3).await?.expect("there").balance, 97);
/// assert_eq!(meter.capacity().total().write, 9.0); // three, and three at twice the price
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is flushed until it is awaited"]
pub struct Flush<'s> {
    session: &'s mut Session,
    at_once: usize,
    /// How many changes one request takes at most.
    together: usize,
}

impl Session {
    /// Writes every changed item, each provided that nobody else changed it since it was read: conditional writes, 16
    /// at once unless [`at_once`](Flush::at_once) is said. Items that were not changed are not written.
    ///
    /// Each has its own result in the [`Flushed`]: where some cannot be written, the others are all the same. What was
    /// written is known as it is stored; get it again, from memory, to go on with it. What was not stays dirty: it is
    /// sent again by the next flush, or read again by [`refresh`](Session::refresh). In which order the items are
    /// written is open.
    ///
    /// If the future is dropped half-way, any of the items may have been written. What was written without an answer
    /// stays dirty, and is a conflict at the next flush; a new item is not sent again, since somebody may have deleted it
    /// meanwhile, and is [`Error::OutcomeUnknown`] until it is [refreshed](Session::refresh), whatever the session does
    /// with it before.
    pub fn flush(&mut self) -> Flush<'_> {
        Flush { session: self, at_once: AT_ONCE, together: 1 }
    }

    /// Writes all changed items in one transaction, all or none, provided that nobody else changed one of them since it
    /// was read. Up to 100 (AWS), guards of unique values and rows of views counted; twice the price of a [`flush`](Session::flush). What was only read is not checked.
    ///
    /// If the future is dropped half-way, all of them may have been written or none.
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
    /// # for id in 1..=2 { Account { id, balance: 100, version: 0 }.insert(&db).await?; }
    /// let mut session = Session::of(&db);
    /// for (id, sum) in [(1, -30), (2, 30)] {
    ///     let mut account = Account::get(&session, id).await?.expect("there");
    ///     account.balance += sum;
    ///     session.save(account)?;
    /// }
    /// Account::update(&db, 2).add(Account::BALANCE, 5).await?; // somebody else
    ///
    /// assert!(session.commit().await.is_err_and(|error| error.is_conflict()));
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 100); // all or none
    /// let mut two = session.refresh::<Account>(2).await?.expect("there");
    /// two.balance += 30;
    /// let two = session.save(two)?;
    /// assert_eq!(session.commit().await?.take(two)?.balance, 135);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Conflict`] with each item that was not as expected; [`Error::Limit`]; otherwise as
    /// [`Transaction::commit`](crate::Transaction::commit). All changes stay dirty.
    ///
    /// [AWS: TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
    pub async fn commit(&mut self) -> Result<Receipt, Error> {
        check_count(self.dirty())?;
        if let Some(unkeyed) = self.take_ids(AT_ONCE).await.pop() {
            return Err(unkeyed.error);
        }
        let (unanswered, writes) = self.to_send();
        if !unanswered.is_empty() {
            return Err(unknown(unanswered));
        }
        // Boxed: the SDK's futures are large, and every caller's future would hold them.
        let (_, sent) = Box::pin(self.send(writes)).await;
        Ok(Receipt { items: sent?, inserted: self.state().inserted.clone(), replay: false })
    }

    /// Takes the keys of new items from their counters; an insert without one waits on.
    async fn take_ids(&self, at_once: usize) -> Vec<Unflushed> {
        let waiting = self.tx.state().buffer.waiting().into_iter();
        let take = |(number, layout): (usize, &'static Layout)| async move {
            (number, sequence::next(self.database(), layout).await)
        };
        let requests: Vec<_> = waiting.map(take).collect();
        let mut taken = stream::iter(requests).buffer_unordered(at_once);
        let mut failures = Vec::new();
        while let Some((number, id)) = taken.next().await {
            if let Err(error) = id.and_then(|id| self.insert_with(number, id)) {
                failures.push(Unflushed { items: Vec::new(), error, number: Some(number) });
            }
        }
        failures
    }

    fn insert_with(&self, number: usize, id: u64) -> Result<(), Error> {
        let below = |target: &Target| self.tx.below(target);
        let target = self.tx.state().buffer.complete(number, self.database(), id, below)?;
        self.state().inserted.insert(number, target);
        Ok(())
    }

    /// The new items of which it is open whether they were written, and the changes to be sent: none of the former.
    fn to_send(&self) -> (Vec<Target>, Vec<Write>) {
        let mut writes = self.tx.state().buffer.changes();
        let state = self.state();
        writes.retain(|write| !state.unanswered.contains(write.target()));
        let mut unanswered: Vec<_> = state.unanswered.iter().cloned().collect();
        unanswered.sort_by_cached_key(ToString::to_string);
        (unanswered, writes)
    }

    /// Sends changes together. What was written is known as it is stored, at once.
    async fn send(&self, writes: Vec<Write>) -> (Vec<Write>, Result<Items, Error>) {
        let is_new = |write: &&Write| matches!(write.base(), Base::Absent);
        let new: Vec<_> =
            writes.iter().filter(is_new).map(|write| write.target().clone()).collect();
        // Before, so that it stands where this is dropped half-way.
        self.state().unanswered.extend(new.iter().cloned());
        self.forget_rows(&writes);
        let sent = apply(self.database(), &writes).await;
        if !sent.as_ref().is_err_and(Error::is_outcome_unknown) {
            self.state().unanswered.retain(|target| !new.contains(target));
        }
        let after = match sent {
            Ok(after) => after,
            Err(error) => {
                self.take_other_ids(&error);
                return (writes, Err(error));
            }
        };
        for (write, item) in writes.iter().zip(&after) {
            self.tx.replace(write.target().clone(), write.layout(), item.clone());
        }
        self.state().counts.written += writes.len();
        let items = writes.iter().map(|write| write.target().clone()).zip(after).collect();
        (writes, Ok(items))
    }
}

impl Session {
    /// An insert whose id from the counter is taken gets another one at the next flush.
    fn take_other_ids(&self, error: &Error) {
        let Error::Conflict(conflict) = error else { return };
        for failure in conflict.failures() {
            if *failure.reason() == Reason::AlreadyExists {
                let target =
                    Target { table: failure.table().to_owned(), key: failure.key().clone() };
                self.tx.state().buffer.wait_again(&target);
            }
        }
    }

    /// Rows of views are changed with their items, by an attempt without an answer too. Nobody reads through the session
    /// while they are.
    fn forget_rows(&self, writes: &[Write]) {
        for row in writes.iter().flat_map(|write| write.layout().rows()) {
            let table = self.database().table_name(row);
            self.tx.forget_reads(&table, row);
            self.state().preloaded.retain(|region| !region.is_of(&table));
        }
    }
}

/// What became of these new items is open.
fn unknown(targets: Vec<Target>) -> Error {
    let (operation, attempts) = ("an earlier flush", 1);
    Error::OutcomeUnknown(Box::new(OutcomeUnknown {
        operation,
        targets,
        attempts,
        transaction: None,
    }))
}

impl Flush<'_> {
    /// How many requests are under way at once; default 16, at least 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    /// Up to 100 changes in one request: transactions, each all or none, at twice the price. A hundredth of the
    /// requests; and one conflict keeps the others of its transaction from being written.
    ///
    /// What is more than one transaction takes, by its size, by the guards of unique values or by rows of views, is sent in
    /// halves.
    ///
    /// [AWS: TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)
    pub fn in_transactions(mut self) -> Self {
        self.together = MAX_ACTIONS;
        self
    }

    async fn run(self) -> Flushed {
        let session = &*self.session;
        let mut failures = session.take_ids(self.at_once).await;
        let (unanswered, writes) = session.to_send();
        failures.extend(unanswered.into_iter().map(|target| {
            let (items, error) = (vec![target.clone()], unknown(vec![target]));
            Unflushed { items, error, number: None }
        }));
        let mut waiting: VecDeque<Vec<Write>> =
            writes.chunks(self.together).map(<[Write]>::to_vec).collect();
        let (mut items, mut under_way) = (Items::new(), FuturesUnordered::new());
        loop {
            while under_way.len() < self.at_once
                && let Some(writes) = waiting.pop_front()
            {
                under_way.push(Box::pin(session.send(writes)));
            }
            match under_way.next().await {
                Some((_, Ok(written))) => items.extend(written),
                // Nothing was sent.
                Some((mut writes, Err(error))) if writes.len() > 1 && is_too_much(&error) => {
                    waiting.push_back(writes.split_off(writes.len() / 2));
                    waiting.push_back(writes);
                }
                Some((writes, Err(error))) => {
                    let items = writes.iter().map(|write| write.target().clone()).collect();
                    failures.push(Unflushed { items, error, number: None });
                }
                None => break,
            }
        }
        drop(under_way);
        Flushed::new(items, session.state().inserted.clone(), failures)
    }
}

impl<'s> IntoFuture for Flush<'s> {
    type Output = Flushed;
    type IntoFuture = Pin<Box<dyn Future<Output = Flushed> + Send + 's>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Flush<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flush").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Whether fewer writes may fit into one transaction, their guards and the rows of their views counted.
fn is_too_much(error: &Error) -> bool {
    match error {
        Error::Limit { .. } => true,
        Error::View(view) => matches!(**view, ViewError::TooMany { .. }),
        _ => false,
    }
}
