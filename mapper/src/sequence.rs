//! Sequences: numbers that are given out once, behind auto-increment hash keys and by name.
//!
//! A counter is an item of its own table, `{prefix}dynamap_counters`, one per model table or name. Ids are taken with
//! atomic adds, one by one or in blocks, so they are unique under any concurrency and never given out twice; an id whose
//! insert fails, or whose answer is lost, is a gap.
//!
//! * `counter`: the item, and the requests about it.
//! * `block`: ids in blocks. What a process has in memory is in `database/blocks.rs`.
//!
//! [AWS: atomic counters](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.AtomicCounters)

mod block;
mod counter;

use std::fmt;
use std::marker::PhantomData;

use crate::codec::Attribute as _;
use crate::database::Database;
use crate::error::Error;
use crate::key::Key;
use crate::layout::Layout;
use crate::model::Counted;
use crate::read::all_items;
use crate::table::create_counters;

pub(crate) use counter::COUNTERS;
use counter::Counter;

/// A sequence of numbers from 1: that of a model's auto-increment key, or one with a name that the program takes numbers
/// from.
///
/// | kind | how it is asked for | unique | rising | gaps | numbers per second |
/// |---|---|---|---|---|---|
/// | counter | the default | yes | yes, in the order in which they are taken | where an insert fails or an answer is lost | 1,000 |
/// | block | [`DatabaseBuilder::blocks`](crate::DatabaseBuilder::blocks) | yes | within one database handle and its clones | also where a program ends: up to two blocks | 1,000 times the block |
/// | gapless | `Gapless`, in a transaction | yes | yes, in the order of commits | none | a few |
///
/// 1,000 per second is what AWS writes to one item. All kinds count from the same table, which
/// [`Table::create`](crate::Table::create) makes for models with an auto-increment key.
///
/// ```
/// # use dynamap::{Database, Model, Sequence, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Sequence::create_table(&db).await?;
/// let tickets = Sequence::named(&db, "tickets");
/// assert_eq!((tickets.next().await?, tickets.next().await?), (1, 2));
///
/// Table::<Account>::create(&db).await?;
/// Account { id: 0, balance: 5 }.insert(&db).await?;
/// let accounts = Sequence::<Account>::of(&db);
/// assert_eq!(accounts.peek().await?, 1);
/// assert!(accounts.raise_to(1_000).await?);
/// assert_eq!(Account { id: 0, balance: 5 }.insert(&db).await?.id, 1_001);
/// // After a restore, or an import by another program:
/// assert!(!accounts.verify().await?.is_behind());
/// assert_eq!(accounts.repair().await?.highest, Some(1_001));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: partition throughput](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)
pub struct Sequence<'a, M = ()> {
    db: &'a Database,
    counter: Counter,
    model: PhantomData<fn() -> M>,
}

/// What a sequence is called; from [`Sequence::list`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Sequence, SequenceName};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Account>::create(&db).await?;
/// Account { id: 0, balance: 5 }.insert(&db).await?;
/// Sequence::named(&db, "tickets").next().await?;
/// for (name, taken) in Sequence::list(&db).await? {
///     match name {
///         SequenceName::Table(table) => assert_eq!((table.as_str(), taken), ("accounts", 1)),
///         SequenceName::Named(name) => assert_eq!((name.as_str(), taken), ("tickets", 1)),
///         _ => unreachable!("there are two kinds"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SequenceName {
    /// That of a table's auto-increment keys, by the table's full name.
    Table(String),
    /// One with a name of its own.
    Named(String),
}

/// How a counter stands to the keys that are there; from [`Sequence::verify`] and [`Sequence::repair`].
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Sequence, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # let put = db.client().put_item().table_name("accounts").item("id", AttributeValue::N("41".into()));
/// # put.item("balance", AttributeValue::N("5".into())).send().await?;
/// // Another program stored account 41.
/// let accounts = Sequence::<Account>::of(&db);
/// let report = accounts.repair().await?;
/// assert!(report.is_behind());
/// assert_eq!((report.taken, report.highest), (0, Some(41)));
/// assert!(!accounts.verify().await?.is_behind());
/// assert_eq!(Account { id: 0, balance: 5 }.insert(&db).await?.id, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SequenceReport {
    /// The highest number that was taken; 0 where none was.
    pub taken: u64,
    /// The highest key of the model's items; `None` where there is none. Keys that no counter gives, below 1 or beyond 64
    /// bits, do not count.
    pub highest: Option<u64>,
}

impl SequenceReport {
    /// Whether the counter will give out keys that are taken. Each such insert is a conflict and overwrites nothing.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.highest.is_some_and(|highest| highest > self.taken)
    }
}

impl<'a> Sequence<'a> {
    /// The sequence of this name. Every database prefix has its own.
    #[must_use]
    pub fn named(db: &'a Database, name: &str) -> Self {
        Self { db, counter: Counter::named(db, name), model: PhantomData }
    }

    /// Creates the table of counters, where it is missing; it is the same for all sequences.
    ///
    /// # Errors
    /// What the service says.
    pub async fn create_table(db: &Database) -> Result<(), Error> {
        Box::pin(create_counters(db)).await
    }
}

impl<'a> Sequence<'a> {
    /// The sequence behind the auto-increment keys of a table, by the table's name without the prefix: where the model is
    /// not at hand.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Sequence, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// Table::<Account>::create(&db).await?;
    /// Account { id: 0, balance: 5 }.insert(&db).await?;
    /// assert_eq!(Sequence::of_table(&db, "accounts").peek().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of_table(db: &'a Database, table: &str) -> Self {
        Self { db, counter: Counter::of_named_table(db, table), model: PhantomData }
    }

    /// All sequences of this database's prefix, in the order of their names, each with the highest number that was taken.
    /// Reads the whole table of counters.
    ///
    /// ```
    /// # use dynamap::{Database, Sequence, SequenceName};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// Sequence::create_table(&db).await?;
    /// Sequence::named(&db, "tickets").next().await?;
    /// assert_eq!(Sequence::list(&db).await?, [(SequenceName::Named("tickets".into()), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchTable`] where the table of counters was not created, and what the service says.
    pub async fn list(db: &Database) -> Result<Vec<(SequenceName, u64)>, Error> {
        let (mut found, mut items) = (Vec::new(), all_items(db, &COUNTERS));
        while let Some(item) = items.next().await.transpose()? {
            found.extend(counter::listed(&item));
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl<'a, M: Counted> Sequence<'a, M> {
    /// The sequence of a model's auto-increment key.
    #[must_use]
    pub fn of(db: &'a Database) -> Self {
        Self { db, counter: Counter::of_table(db, M::layout()), model: PhantomData }
    }

    /// Compares the counter with the keys that are there, by a scan of the table: after a restore, a copy, or an import by
    /// another program. It runs beside writers. Where several models share a table, each is verified by itself.
    ///
    /// See [`SequenceReport`] for an example.
    ///
    /// # Errors
    /// What the service says; nothing is written.
    pub async fn verify(&self) -> Result<SequenceReport, Error> {
        verify(self.db, M::layout()).await
    }

    /// Raises the counter to the highest key where it is behind, and returns what [`verify`](Self::verify) found.
    ///
    /// # Errors
    /// What the service says. It can be run again.
    pub async fn repair(&self) -> Result<SequenceReport, Error> {
        repair(self.db, M::layout()).await
    }
}

impl<M> Sequence<'_, M> {
    /// Takes the next number.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`] where the table of counters was not created, and what the service says. A number whose
    /// answer is lost, or whose future is dropped, is a gap.
    pub async fn next(&self) -> Result<u64, Error> {
        take(self.db, &self.counter).await
    }

    /// The highest number that was taken, by any program; 0 where none was. In blocks some of those below are still to be
    /// given out.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn peek(&self) -> Result<u64, Error> {
        Box::pin(self.counter.peek(self.db)).await
    }

    /// Goes on behind this number; `false`, and nothing is changed, where the counter is there already: a sequence is
    /// never lowered, since it would give out numbers again.
    ///
    /// This database gives out no lower number afterwards; where the counter is restored to an earlier state, a block that
    /// is below is a gap, and the counter is raised again. Another program that takes blocks gives out the rest of its
    /// own first.
    ///
    /// # Errors
    /// As [`next`](Self::next). It can be run again.
    pub async fn raise_to(&self, number: u64) -> Result<bool, Error> {
        Box::pin(self.counter.raise(self.db, number)).await
    }
}

/// As [`Sequence::verify`], of a model that is known by its layout.
///
/// # Errors
/// What the service says.
pub async fn verify(db: &Database, layout: &'static Layout) -> Result<SequenceReport, Error> {
    let hash = layout.hash_key.name;
    let (mut highest, mut items) = (None, all_items(db, layout));
    while let Some(item) = items.next().await.transpose()? {
        let key = item.get(hash).and_then(|value| u64::decode(value).ok());
        highest = highest.max(key.filter(|key| *key > 0));
    }
    // Read last: what is inserted meanwhile is counted first.
    let taken = Box::pin(Counter::of_table(db, layout).peek(db)).await?;
    Ok(SequenceReport { taken, highest })
}

/// As [`Sequence::repair`], of a model that is known by its layout.
///
/// # Errors
/// What the service says.
pub async fn repair(db: &Database, layout: &'static Layout) -> Result<SequenceReport, Error> {
    let report = verify(db, layout).await?;
    if let Some(highest) = report.highest.filter(|_| report.is_behind()) {
        Box::pin(Counter::of_table(db, layout).raise(db, highest)).await?;
    }
    Ok(report)
}

/// Takes the next id of a model's counter.
///
/// # Errors
/// As [`Sequence::next`].
pub async fn next(db: &Database, layout: &Layout) -> Result<u64, Error> {
    take(db, &Counter::of_table(db, layout)).await
}

/// Raises a model's counter to a key that was given explicitly, so that it never gives that key out. One below 0 or
/// beyond 64 bits it never does.
///
/// # Errors
/// As [`next`].
pub async fn raise(db: &Database, layout: &Layout, key: &Key) -> Result<(), Error> {
    let given = key.to_item().remove(layout.hash_key.name);
    match given.and_then(|given| u64::decode(&given).ok()) {
        Some(given) => Box::pin(Counter::of_table(db, layout).raise(db, given)).await.map(drop),
        None => Ok(()),
    }
}

async fn take(db: &Database, counter: &Counter) -> Result<u64, Error> {
    // Boxed: the SDK's futures are large, and every caller's future would hold them.
    match &counter.blocks {
        Some(blocks) => Box::pin(block::next(db, counter, blocks)).await,
        None => Box::pin(counter.add(db, 1, None)).await,
    }
}

impl<M> fmt::Debug for Sequence<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequence").field("counter", &self.counter).finish_non_exhaustive()
    }
}
