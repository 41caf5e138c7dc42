//! Recorded transactions: an item that is written with the others decides for ever whether they were.
//!
//! The record's key belongs to the transaction as the program means it, not to one attempt: of all attempts, and of all
//! copies of them that are still under way, at most one can create it. Whoever needs to know creates it with the status
//! `aborted` where it is missing, and then no attempt can take effect any more.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynamap_mapper::error::OutcomeUnknown;
use dynamap_mapper::write::{Base, Write, apply, prepare};
use dynamap_mapper::{Attribute, Database, Error, Item, Loaded, Model, Ttl, UnixMillis, WriteVerb};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::transaction::Transaction;

/// The record of a transaction: that it was committed, when, and for whom. Create its table once with
/// `Table::<TransactionRecord>::create(&db)`; query it like any model.
///
/// ```
/// # use dynamap::{Database, Model, Record, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Table::<TransactionRecord>::create(&db).await?;
/// let tx = Transaction::builder(&db).recorded(Record::new().requester("ann")).begin();
/// tx.insert(Account { id: 1, balance: 100, version: 0 })?;
/// tx.commit().await?;
///
/// let of_ann = TransactionRecord::BY_REQUESTER.query(&db, "ann").reverse().try_collect().await?;
/// assert_eq!(of_ann.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "dynamap_transactions", validate = false, crate = "::dynamap_mapper")]
#[model(gsi(by_requester, hash_key = requester, range_key = at))]
#[non_exhaustive]
pub struct TransactionRecord {
    /// The idempotency key, or the id that was made up.
    #[model(hash_key)]
    pub id: String,
    /// What was decided.
    pub status: TransactionStatus,
    /// When, by the clock of the program that decided.
    #[model(with = UnixMillis)]
    pub at: SystemTime,
    /// Who asked for it, where the program said so.
    pub requester: Option<String>,
    /// What the work returned, as JSON.
    pub result: Option<String>,
    /// The SHA-256 of the request that the key was used for, in hexadecimal digits.
    pub request: Option<String>,
    /// When the service may delete the record.
    #[model(ttl)]
    pub expires: Option<Ttl>,
}

/// What a record says. A transaction without one has not been decided.
///
/// ```
/// # use dynamap::{Database, Model, Record, Table, Transaction, TransactionRecord, TransactionStatus};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
/// tx.insert(Account { id: 1, balance: 100, version: 0 })?;
/// tx.commit().await?;
/// let record = TransactionRecord::get(&db, "order-42").await?.expect("there");
/// assert_eq!(record.status, TransactionStatus::Committed);
///
/// Transaction::resolve(&db, "order-43").await?; // never heard of: from now on it cannot be committed
/// let record = TransactionRecord::get(&db, "order-43").await?.expect("there");
/// assert_eq!(record.status, TransactionStatus::Aborted);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Attribute)]
#[model(rename_all = "snake_case", crate = "::dynamap_mapper")]
#[non_exhaustive]
pub enum TransactionStatus {
    /// All writes were applied.
    Committed,
    /// None was, and none will be.
    Aborted,
}

/// What became of a recorded transaction; from [`Transaction::resolve`].
///
/// ```
/// # use dynamap::{Database, Model, Outcome, Record, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// let tx = Transaction::builder(&db).recorded(Record::with_key("order-42").requester("ann")).begin();
/// tx.insert(Account { id: 1, balance: 100, version: 0 })?;
/// tx.commit().await?;
///
/// // Another process, which knows the key and nothing else:
/// match Transaction::resolve(&db, "order-42").await? {
///     Outcome::Committed(record) => assert_eq!(record.requester.as_deref(), Some("ann")),
///     Outcome::Aborted => panic!("it was committed"),
/// }
/// assert!(!Transaction::resolve(&db, "order-43").await?.is_committed());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Outcome {
    /// All writes were applied, with this record.
    Committed(Box<Loaded<TransactionRecord>>),
    /// None was applied, and none will be.
    Aborted,
}

impl Outcome {
    /// Whether all writes were applied.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed(_))
    }
}

/// How a transaction is recorded.
///
/// It costs one action more, of 2 [write units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling),
/// or 3 with a requester, whose index holds the record too.
/// In return
///
/// * its outcome is always known: after a lost answer the record decides, also after a crash and after the ten minutes
///   for which AWS remembers a token ([`Transaction::resolve`]);
/// * with a [key](Self::with_key) it happens once, however often and by however many processes it is tried;
/// * it can be found later, by id or by [requester](Self::requester).
///
/// ```
/// # use dynamap::{Database, Error, Model, Record, Table, Transaction, TransactionRecord};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Table::<TransactionRecord>::create(&db).await?;
/// let month = Duration::from_hours(24 * 30);
/// let order = |amount: i64| Record::with_key("order-42").requester("ann").for_request(&amount).keep_for(month);
/// for (amount, is_accepted) in [(30, true), (60, false), (30, true)] {
///     let tx = Transaction::builder(&db).recorded(order(amount)).begin();
///     tx.insert(Account { id: 1, balance: amount, version: 0 })?;
///     match tx.commit().await {
///         Ok(_) => assert!(is_accepted), // the second time nothing was written
///         Err(Error::KeyReused(key)) => assert!(!is_accepted && &*key == "order-42"),
///         Err(error) => return Err(error.into()),
///     }
/// }
/// let record = TransactionRecord::get(&db, "order-42").await?.expect("there");
/// assert_eq!(record.requester.as_deref(), Some("ann"));
/// assert!(record.expires.is_some());
///
/// let tx = Transaction::builder(&db).recorded(Record::new()).begin(); // with an id of its own
/// tx.insert(Account { id: 2, balance: 0, version: 0 })?;
/// assert!(!tx.commit().await?.is_replay());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "give it to `recorded`"]
pub struct Record {
    key: Option<String>,
    requester: Option<String>,
    /// Its digest; an error where it is no JSON.
    request: Option<Result<String, ()>>,
    keep: Option<Duration>,
}

impl Record {
    /// A record with an id of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// A record with an idempotency key, such as the number of an order: of all transactions with this key one takes
    /// effect. [`Run`](crate::Run) returns the result of that one to the others.
    pub fn with_key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// Who asks for the transaction; found with `TransactionRecord::BY_REQUESTER`.
    pub fn requester(mut self, requester: impl Into<String>) -> Self {
        self.requester = Some(requester.into());
        self
    }

    /// What the key is used for. Used for another request again, it is refused with [`Error::KeyReused`]. Only the SHA-256
    /// of the request's JSON is stored.
    pub fn for_request<R: Serialize + ?Sized>(mut self, request: &R) -> Self {
        let digest = |json: Vec<u8>| hex::encode(Sha256::digest(json));
        self.request = Some(serde_json::to_vec(request).map(digest).map_err(drop));
        self
    }

    /// Lets the service delete the record after this time, at least an hour, by its
    /// [time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html); without it records are kept. With the record
    /// goes what it decides: a key can be used again, and an attempt that is still under way could take effect.
    pub fn keep_for(mut self, time: Duration) -> Self {
        self.keep = Some(time.max(Duration::from_hours(1)));
        self
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The record of one transaction, of all its attempts.
#[derive(Debug, Clone)]
pub(crate) struct Marker {
    pub(crate) id: String,
    /// Whether the program chose the id, so that it may have been used before.
    pub(crate) chosen: bool,
    requester: Option<String>,
    request: Option<String>,
    /// Whether it does not matter here what the key was used for.
    any_request: bool,
    /// The record of an earlier transaction with this id that was aborted, and that this one replaces.
    aborted: Option<Item>,
    keep: Option<Duration>,
}

impl Marker {
    pub(crate) fn new(db: &Database, record: &Record) -> Result<Self, Error> {
        let request = record.request.clone().transpose().map_err(|()| {
            Error::Usage("`for_request` takes what can be written as JSON: this request cannot")
        })?;
        Ok(Self {
            id: record.key.clone().unwrap_or_else(|| db.token()),
            chosen: record.key.is_some(),
            requester: record.requester.clone(),
            request,
            any_request: false,
            aborted: None,
            keep: record.keep,
        })
    }

    /// The write that decides, and that fails where it is decided.
    pub(crate) fn write(
        &self,
        db: &Database,
        status: TransactionStatus,
        result: Option<String>,
    ) -> Result<Write, Error> {
        let at = db.now();
        let record = TransactionRecord {
            id: self.id.clone(),
            status,
            at,
            requester: self.requester.clone(),
            result,
            request: self.request.clone(),
            expires: self.keep.map(|keep| expiry(at, keep)),
        };
        let mut record = prepare(db, record, WriteVerb::Insert, None)?;
        let write = Write::insert(db, &mut record, None)?;
        Ok(match &self.aborted {
            None => write,
            Some(aborted) => {
                let (layout, target, _, after) = write.into_parts();
                Write::new(layout, target, Base::Stored(aborted.clone()), after)
            }
        })
    }

    /// The record of the transaction with this key that was committed before. One that was aborted is over: this
    /// transaction begins anew, in its place.
    pub(crate) async fn begin(
        &mut self,
        db: &Database,
    ) -> Result<Option<Box<Loaded<TransactionRecord>>>, Error> {
        let Some(record) = TransactionRecord::get(db, &self.id).consistent().await? else {
            return Ok(None);
        };
        let image = record.image().clone();
        match self.judge(record)? {
            Outcome::Committed(record) => Ok(Some(record)),
            Outcome::Aborted => {
                self.aborted = Some(image);
                Ok(None)
            }
        }
    }

    /// What an earlier record means to this transaction.
    pub(crate) fn judge(&self, record: Loaded<TransactionRecord>) -> Result<Outcome, Error> {
        match record.status {
            TransactionStatus::Aborted => Ok(Outcome::Aborted),
            TransactionStatus::Committed if self.any_request || self.request == record.request => {
                Ok(Outcome::Committed(Box::new(record)))
            }
            TransactionStatus::Committed => Err(Error::KeyReused(self.id.as_str().into())),
        }
    }

    /// Decides: committed if it was, else aborted, so that no attempt that is under way takes effect any more.
    ///
    /// A record that says aborted already is written anew: an attempt may have begun on top of it.
    pub(crate) async fn resolve(&self, db: &Database) -> Result<Outcome, Error> {
        let mut marker = self.clone();
        for _ in 0..ROUNDS {
            marker.aborted = None;
            if let Some(record) = marker.begin(db).await? {
                return Ok(Outcome::Committed(record));
            }
            let fence = marker.write(db, TransactionStatus::Aborted, None)?;
            match apply(db, &[fence]).await {
                Ok(_) => return Ok(Outcome::Aborted),
                // Decided meanwhile, or by ourselves with the answer lost: the record says how.
                Err(Error::Conflict(_) | Error::OutcomeUnknown(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.unknown(Error::Usage("the record keeps changing: call `resolve` again")))
    }

    /// The error of a transaction that could not be decided.
    pub(crate) fn unknown(&self, error: Error) -> Error {
        let mut unknown = match error {
            Error::OutcomeUnknown(unknown) => unknown,
            _ => Box::new(OutcomeUnknown {
                operation: "TransactWriteItems",
                targets: Vec::new(),
                attempts: 1,
                transaction: None,
            }),
        };
        unknown.transaction = Some(self.id.clone());
        Error::OutcomeUnknown(unknown)
    }
}

fn expiry(at: SystemTime, keep: Duration) -> Ttl {
    let since_1970 = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ttl::from_epoch_seconds(since_1970.saturating_add(keep).as_secs())
}

/// How often a decision is looked for: each round is repeated by itself while the network fails.
const ROUNDS: usize = 4;

impl Transaction {
    /// Decides what became of a recorded transaction: by its record, and where there is none by making one that says
    /// `aborted`, after which no attempt that is under way can take effect. [`Run`](crate::Run) can begin anew with the key.
    ///
    /// For [`Error::OutcomeUnknown`], and for a process that starts again after a crash and knows the key. A transaction
    /// that is still being worked on is aborted by this.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Record, Table, Transaction, TransactionRecord};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Table::<TransactionRecord>::create(&db).await?;
    /// let tx = Transaction::builder(&db).recorded(Record::with_key("order-42")).begin();
    /// tx.insert(Account { id: 1, balance: 100, version: 0 })?;
    /// assert!(!Transaction::resolve(&db, "order-42").await?.is_committed());
    /// // From now on it cannot be committed.
    /// assert!(matches!(tx.commit().await, Err(Error::Fenced(_))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] or [`Error::Busy`] where the store cannot be reached: call it again.
    pub async fn resolve(db: &Database, id: &str) -> Result<Outcome, Error> {
        let mut marker = Marker::new(db, &Record::with_key(id))?;
        marker.any_request = true;
        Box::pin(marker.resolve(db)).await
    }
}
