//! How a transaction is done: isolation, deadline, record.

use std::time::Duration;

use dynamap_mapper::Database;
use tokio::time::Instant;

use crate::record::Record;
use crate::transaction::Transaction;

/// What a transaction is protected against at commit.
///
/// [Adya, *Weak Consistency*, 1999](https://pmg.csail.mit.edu/papers/adya-phd.pdf) names the anomalies.
///
/// ```
/// # use dynamap::{Database, Isolation, Model, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "doctors", validate = false)]
/// # struct Doctor { #[model(hash_key)] id: u64, on_call: bool, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Doctor>::create(&db).await?;
/// for (isolation, is_noticed) in [(Isolation::Serializable, true), (Isolation::WriteConflict, false)] {
///     let (ann, bob) = (Doctor { id: 1, on_call: true, version: 0 }, Doctor { id: 2, on_call: true, version: 0 });
///     ann.upsert(&db).await?;
///     bob.upsert(&db).await?;
///     let begin = || Transaction::builder(&db).isolation(isolation).begin();
///     let transactions = [(begin(), 1, 2), (begin(), 2, 1)];
///     for (tx, own, other) in &transactions {
///         let mut doctor = Doctor::get(tx, *own).await?.expect("there");
///         doctor.on_call = !Doctor::get(tx, *other).await?.expect("there").on_call; // leaves, as the other one stays
///         tx.save(doctor)?;
///     }
///     let [(first, ..), (second, ..)] = transactions;
///     first.commit().await?;
///     assert_eq!(second.commit().await.is_err(), is_noticed); // unnoticed, nobody is on call
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Everything that was read or written is as it was read: committed transactions have the effect of some serial
    /// order. An item that was only read costs a check, at the price of a write (AWS).
    #[default]
    Serializable,
    /// Only what is written is as it was read. Two transactions can each write one item by what they read of the other's
    /// (write skew), and a body may decide by two items that were never there together.
    WriteConflict,
}

/// What can be set about a transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) isolation: Isolation,
    pub(crate) time: Option<Duration>,
    pub(crate) record: Option<Record>,
    /// Whether it is committed by `run`, and not by the program.
    pub(crate) owned: bool,
}

impl Options {
    /// When the time that was given is over, from now.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.time.and_then(|time| Instant::now().checked_add(time))
    }
}

/// A transaction with settings; from [`Transaction::builder`].
///
/// ```
/// # use dynamap::{Database, Error, Isolation, Model, Record, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// let tx = Transaction::builder(&db)
///     .isolation(Isolation::WriteConflict)
///     .deadline(std::time::Duration::from_secs(10))
///     .recorded(Record::with_key("order-42"))
///     .begin();
/// tx.insert(Account { id: 1, balance: 100, version: 0 })?;
/// tx.commit().await?;
/// assert!(TransactionRecord::get(&db, "order-42").await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing begins until `begin`"]
pub struct TransactionBuilder<'a> {
    db: &'a Database,
    options: Options,
}

impl<'a> TransactionBuilder<'a> {
    pub(crate) fn new(db: &'a Database) -> Self {
        Self { db, options: Options::default() }
    }

    /// What is checked at commit; [`Isolation::Serializable`] by default.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// The time from [`begin`](Self::begin) in which the transaction must be committed: a later commit sends nothing.
    /// Without it the commit alone is limited, by [`RetryPolicy::deadline`](dynamap_mapper::RetryPolicy).
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.time = Some(time);
        self
    }

    /// Stores a record with the writes, which makes the outcome decidable whatever the network does.
    pub fn recorded(mut self, record: Record) -> Self {
        self.options.record = Some(record);
        self
    }

    /// Begins the transaction. Nothing is sent.
    #[must_use]
    pub fn begin(self) -> Transaction {
        let deadline = self.options.deadline();
        Transaction::start(self.db, self.options, deadline)
    }
}
