//! Conflicts: which items were not as expected, why, and what is stored now.

use std::fmt;

use crate::decode::decode;
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;

/// Items that were not as a write expected them. Nothing was written.
///
/// A single write fails on one item; a transaction may fail on several.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::error::Reason;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let mut mine = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// Account::update(&db, 1).add(Account::BALANCE, 1).await?; // somebody else
/// mine.balance = 0;
/// let Err(Error::Conflict(conflict)) = mine.save(&db).await else { panic!("somebody was faster") };
/// assert_eq!(conflict.failures().len(), 1);
/// let changed = Reason::Changed { expected: Some(1), actual: Some(2) };
/// assert_eq!(conflict.failures()[0].reason(), &changed);
/// assert!(conflict.is_retryable()); // read again, and decide anew
///
/// let again = Account { id: 1, balance: 5, version: 0 }.insert(&db).await;
/// let Err(Error::Conflict(conflict)) = again else { panic!("the key is taken") };
/// assert!(!conflict.is_retryable());
/// # Ok(())
/// # }
/// ```
///
/// [AWS: condition expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html)
#[derive(Debug)]
pub struct Conflict {
    failures: Vec<Failure>,
}

/// One item that was not as expected.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::error::Reason;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let funds = Account::BALANCE.ge(50).label("funds");
/// let paid = Account::update(&db, 1).add(Account::BALANCE, -50).when(funds).await;
/// let Err(Error::Conflict(conflict)) = paid else { panic!("there is too little") };
/// let failure = &conflict.failures()[0];
/// assert_eq!((failure.table(), failure.key().to_string().as_str()), ("accounts", "id = 1"));
/// assert_eq!((failure.reason(), failure.labels()), (&Reason::Condition, ["funds"].as_slice()));
/// assert!(failure.image().is_some_and(|item| item.contains("balance")));
/// assert_eq!(failure.stored::<Account>()?.expect("there").balance, 5);
/// assert!(failure.owner().is_none()); // it is about no unique value
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Failure {
    pub(crate) layout: &'static Layout,
    pub(crate) table: String,
    pub(crate) key: Key,
    pub(crate) reason: Reason,
    pub(crate) stored: Option<Item>,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) owner: Option<Key>,
    pub(crate) target: usize,
}

/// Why an item was not as expected.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::error::Reason;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
/// fn told(reason: &Reason) -> String {
///     match reason {
///         Reason::NotUnique { constraint } => format!("this {constraint} is taken"),
///         Reason::AlreadyExists => "there is such a user".to_owned(),
///         Reason::Changed { .. } | Reason::Deleted | Reason::Recreated => "somebody was faster".to_owned(),
///         other => other.to_string(),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// let user = |id| User { id, email: "ann@example.org".into() };
/// user(1).insert(&db).await?;
/// let Err(Error::Conflict(conflict)) = user(2).insert(&db).await else { panic!("it is taken") };
/// let failure = &conflict.failures()[0];
/// assert_eq!(told(failure.reason()), "this email is taken");
/// assert_eq!(failure.owner().map(ToString::to_string).as_deref(), Some("id = 1"));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: CancellationReason](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html)
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// An insert met an item with its key.
    AlreadyExists,
    /// Someone else changed the item since it was read.
    Changed {
        /// The version that was read; `None` where the item was older than locking or the model has no version.
        expected: Option<u64>,
        /// The version that is stored now.
        actual: Option<u64>,
    },
    /// Someone else deleted the item since it was read.
    Deleted,
    /// Someone else deleted the item since it was read and inserted another one with its key; or it was rewritten under
    /// the same version, by a rebuild, a backfill of unique values, an upgrade for a write by key or a copy with a
    /// transform. Read it: it may not be the item that was known.
    Recreated,
    /// The item is there and unchanged, but the condition that the program gave does not hold.
    Condition,
    /// Another item has a value that only one may have ([`Failure::owner`] tells which): the write fails again until
    /// that item gives it up.
    NotUnique {
        /// The attribute, or the attributes with commas between them.
        constraint: &'static str,
    },
    /// Another transaction was at the item; in [`Busy`](super::Busy) only.
    TransactionConflict,
    /// The throughput of the item's table was exceeded; in [`Busy`](super::Busy) only.
    Throttled,
    /// The items of one hash key of a table with local indexes exceed 10 GB.
    CollectionFull,
    /// The service refused this item of a transaction, with its code.
    Refused(String),
}

impl Conflict {
    pub(crate) fn new(failures: Vec<Failure>) -> Self {
        Self { failures }
    }

    /// The items, in the order of the writes.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    pub(crate) fn into_failures(self) -> Vec<Failure> {
        self.failures
    }

    /// Whether reading again and redoing the work can succeed: an item was changed, deleted or recreated by others since it
    /// was read.
    ///
    /// A failed condition of the program's own, or an insert of a key that is taken, fails again, unless the program
    /// would decide otherwise by what others changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let by_others = |reason: &Reason| {
            matches!(reason, Reason::Changed { .. } | Reason::Deleted | Reason::Recreated)
        };
        self.failures.iter().any(|failure| by_others(&failure.reason))
    }
}

impl Failure {
    /// The table's full name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The key of the item.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Why the item was not as expected.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The labels of the program's conditions that do not hold, where they have some
    /// ([`Condition::label`](crate::Condition::label)).
    #[must_use]
    pub fn labels(&self) -> &[&'static str] {
        &self.labels
    }

    /// The key of the item that has the value, where the reason is [`Reason::NotUnique`]: an item of the same table.
    #[must_use]
    pub fn owner(&self) -> Option<&Key> {
        self.owner.as_ref()
    }

    /// The item as it is stored now, before any upgrade; `None` where it is gone.
    #[must_use]
    pub fn image(&self) -> Option<&Item> {
        self.stored.as_ref()
    }

    /// The item as it is stored now; `None` where it is gone.
    ///
    /// # Errors
    /// Where the stored item cannot be read as an `M`.
    pub fn stored<M: Model>(&self) -> Result<Option<Loaded<M>>, Error> {
        let stored = self.stored.clone();
        stored.map(|item| decode(&self.table, &self.key, item)).transpose()
    }

    /// The number that the caller of the write path gave this write.
    #[doc(hidden)]
    #[must_use]
    pub fn target(&self) -> usize {
        self.target
    }

    pub(crate) fn is_of<M: Model>(&self) -> bool {
        std::ptr::eq(self.layout, M::layout())
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, failure) in self.failures.iter().enumerate() {
            let comma = if i == 0 { "" } else { "; " };
            write!(
                f,
                "{comma}item ({}) of table {} {}",
                failure.key, failure.table, failure.reason
            )?;
            if let Some(owner) = &failure.owner {
                write!(f, " by item ({owner}) of table {}", failure.table)?;
            }
            if !failure.labels.is_empty() {
                write!(f, " ({})", failure.labels.join(", "))?;
            }
        }
        f.write_str(": nothing was written")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyExists => f.write_str("exists already"),
            Self::Changed { expected: Some(expected), actual: Some(actual) } => {
                write!(
                    f,
                    "was changed by someone else: expected version {expected}, found {actual}"
                )
            }
            Self::Changed { .. } => f.write_str("was changed by someone else"),
            Self::Deleted => f.write_str("was deleted by someone else"),
            Self::Recreated => f.write_str("was deleted and inserted again by someone else"),
            Self::Condition => f.write_str("does not fulfil the condition"),
            Self::NotUnique { constraint } => {
                write!(f, "cannot be written: its `{constraint}` is taken")
            }
            Self::TransactionConflict => f.write_str("is held by another transaction"),
            Self::Throttled => f.write_str("was throttled"),
            Self::CollectionFull => f.write_str("has no place beside the items of its hash key"),
            Self::Refused(code) => write!(f, "was refused ({code})"),
        }
    }
}

impl std::error::Error for Conflict {}
