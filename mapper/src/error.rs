//! What can go wrong, one variant per thing that a caller can do about it.

mod busy;
mod conflict;
mod dangling;
mod invalid;
mod service;
mod shape;
mod sweep;
mod table;
mod undone;
mod unknown;
mod unwritten;
mod view;

pub use busy::{Busy, BusyCause, Throttled};
pub use conflict::{Conflict, Failure, Reason};
pub use dangling::Dangling;
pub use invalid::Invalid;
use invalid::one_line;
pub use service::ServiceError;
pub(crate) use service::{is_unconfigured, is_unsent};
pub use shape::{Loss, NotUpgraded, SchemaGap, Undecodable};
pub use sweep::{FailedItem, SweepError};
pub use table::TableError;
pub(crate) use undone::Undone;
pub use unknown::OutcomeUnknown;
pub use unwritten::Unwritten;
pub use view::ViewError;

use std::fmt;

use garde::Report;
use semver::Version;

use crate::codec::{DecodeError, EncodeError};
use crate::key::Key;
use crate::layout::{COUNTERS_TABLE, Layout};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::unique::GUARDS_TABLE;
use crate::upgrade::UpgradeError;

/// An error of the library. It names the table and key, says what to do, and shows no attribute's value but those of keys:
/// take no secrets as keys.
///
/// Only [`OutcomeUnknown`](Error::OutcomeUnknown) leaves open what is stored; after every other error the intended
/// write has not happened. Two come after a write that was made: [`ResultUnreadable`](Error::ResultUnreadable), and
/// [`Decode`](Error::Decode) of a write that cannot read the item it brings back: `returning_new`, `returning_old`, an
/// upsert, a replacement, or the `take` of what a commit or a flush left.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # let mut mine = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// # let mut theirs = mine.clone();
/// theirs.balance = 6;
/// theirs.save(&db).await?;
/// let error = mine.save(&db).await.expect_err("someone else was first");
/// assert!(error.is_conflict());
/// let winner = error.winner::<Account>()?.expect("the account as it is now");
/// assert_eq!(winner.balance, 6);
/// # Ok(())
/// # }
/// ```
///
/// What a caller can do is asked without looking at variants:
///
/// ```
/// # use dynamap::{Database, Error, Model, RetryPolicy, Table};
/// # use dynamap::faults::{Fault, Faults};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String, #[model(default)] visits: u64 }
/// fn status(error: &Error) -> u16 {
///     match error {
///         _ if error.is_not_found() => 404,
///         _ if error.is_invalid() => 400,
///         _ if error.is_retryable() => 503,
///         _ if error.is_outcome_unknown() => 504,
///         _ => 500,
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let mut policy = RetryPolicy::default();
/// # policy.throttled.attempts = 2;
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let db = Database::builder(client).retry(policy).build();
/// # Table::<Profile>::create(&db).await?;
/// let nobody = Profile::update(&db, "nobody").add(Profile::VISITS, 1).await;
/// assert_eq!(nobody.as_ref().map_err(status), Err(404));
/// let no_key = Profile { login: String::new(), visits: 0 }.insert(&db).await;
/// assert_eq!(no_key.as_ref().map(drop).map_err(status), Err(400));
/// faults.always("GetItem", Fault::Throttle);
/// assert_eq!(Profile::get(&db, "ann").await.as_ref().map(drop).map_err(status), Err(503));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no item with this key. Nothing was written.
    #[error("no item {0}: nothing was written")]
    NotFound(Box<Target>),
    /// An item refers to one that is not there. Nothing was written.
    #[error(transparent)]
    Dangling(Box<Dangling>),
    /// A search of which exactly one result was wanted found none, or several.
    #[error("the search of table {table} found {}", if *several { "more than one item" } else { "no item" })]
    NotOne {
        /// The table's full name.
        table: Box<str>,
        /// Whether there are several.
        several: bool,
    },
    /// An item was not as expected; holds the item as it is now. Nothing was written. Read again and decide.
    #[error(transparent)]
    Conflict(Box<Conflict>),
    /// The model's own validation refused the value. Nothing was sent.
    #[error("invalid {}: nothing was sent: {}", .0.model, one_line(&.0.report))]
    Invalid(Box<Invalid>),
    /// DynamoDB cannot hold a value. Nothing was sent.
    #[error("{model} cannot be stored: {error}: nothing was sent")]
    Encode {
        /// The model.
        model: &'static str,
        /// Which attribute, and why.
        error: Box<EncodeError>,
    },
    /// A stored item does not fit the model. The item is as it was; where it is what a write was to bring back, that write
    /// was made.
    #[error("item {} does not fit the model: {}", .0.target, .0.error)]
    Decode(Box<Undecodable>),
    /// A stored item was written by a newer release whose shape this one must not read. Deploy the newer release.
    #[error(
        "item {} has schema {} and this program knows {}: deploy the newer release, the item is as it was",
        .0.target, .0.stored, .0.known
    )]
    SchemaTooNew(Box<SchemaGap>),
    /// A stored item is older than the model and no migration leads to it. Add the missing step.
    #[error(
        "item {} has schema {} and no migration leads from it to {}: add the step, the item is as it was",
        .0.target, .0.stored, .0.known
    )]
    NoUpgradePath(Box<SchemaGap>),
    /// A migration step could not read a stored item. The item is as it was.
    #[error("item {} could not be upgraded: {}: the item is as it was", .0.target, .0.error)]
    Upgrade(Box<NotUpgraded>),
    /// Items of a model cannot be written in an older schema: a step between has no way back, or changes the key, or none
    /// starts there. Nothing was sent; give the step a `.down(…)`.
    #[error(
        "{model} {known} cannot be written as {wanted}: give each step between a way back with `.down(…)`, nothing was sent"
    )]
    NoWayBack {
        /// The model.
        model: &'static str,
        /// The model's schema.
        known: Box<Version>,
        /// The schema to write.
        wanted: Box<Version>,
    },
    /// An item would be written in an older schema, from which it would not be read again as it is. Nothing was sent; leave
    /// the attribute as older programs know it until they are gone.
    #[error(
        "item {} cannot be written as {}: `{}` would not be read again as it is; leave it as older programs know it, \
         nothing was sent",
        .0.target, .0.schema, .0.attribute
    )]
    Lossy(Box<Loss>),
    /// A key field of a loaded model was changed: keys are immutable. Insert a new item and delete the old one.
    #[error(
        "the key of item {0} was changed: insert a new item and delete this one, nothing was sent"
    )]
    KeyChanged(Box<Target>),
    /// The table does not exist in this region and account, or one of several. Create it with `Table::<M>::create`; that
    /// of counters with `Sequence::create_table`.
    #[error("{}(&db)", no_table(.0))]
    NoSuchTable(Box<str>),
    /// The credentials do not allow it. Nothing was done. Give them the action on the table, and on its indexes where one is
    /// read: AWS's message names both.
    #[error(
        "{} on table {} is not allowed, nothing was done: give these credentials that right: {}",
        .0.operation, .0.table, .0.message
    )]
    Denied(Box<ServiceError>),
    /// Credentials, region or endpoint are missing, wrong or expired, or the clock is. Nothing was done. They come from the
    /// environment, as every AWS tool reads them: `aws sts get-caller-identity` tells whether they are right.
    #[error(
        "{} on table {} was not done: credentials, region or endpoint are missing, wrong or expired, or the clock is: {}",
        .0.operation, .0.table, .0.message
    )]
    Unconfigured(Box<ServiceError>),
    /// The table has no index of this name: it was made before the model had it. Nothing was read.
    #[error(
        "table {table} has no index {index}: add it with Table::<M>::update(&db), nothing was read"
    )]
    NoSuchIndex {
        /// The table's full name.
        table: Box<str>,
        /// The index.
        index: &'static str,
    },
    /// The service kept refusing for its own reasons until the deadline. Nothing was written; try again later.
    #[error("{0}")]
    Busy(Box<Busy>),
    /// An answer was lost and what is stored could not be found out. Read the item and decide.
    #[error("{0}")]
    OutcomeUnknown(Box<OutcomeUnknown>),
    /// A limit of DynamoDB would be exceeded. Nothing was sent.
    #[error("{what}: the limit is {limit}, found {found}{}: nothing was sent", culprit(item.as_deref()))]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What the program wanted.
        found: usize,
        /// The item that is too large, or the largest of several; `None` where it is no single item.
        item: Option<Box<Target>>,
    },
    /// One call or batch writes the same item twice, and nothing says which comes last. Nothing was sent; write it once.
    #[error("item {0} is written twice by one batch: nothing was sent, write it once")]
    DuplicateKey(Box<Target>),
    /// An operation of a batch before this one, on the same item, failed: this one was not sent. Its own result says why.
    #[error("an operation on item {0} before this one in the batch failed: this one was not sent")]
    NotDone(Box<Target>),
    /// The work of a transaction did not end in time. Nothing was written.
    #[error("the transaction was not committed within {0:?}: nothing was written")]
    DeadlineExceeded(std::time::Duration),
    /// An idempotency key was used for another request before. Nothing was sent; use another key.
    #[error(
        "the idempotency key {0} was used for another request: nothing was sent, use another key"
    )]
    KeyReused(Box<str>),
    /// A transaction was committed before, by its idempotency key, and the result that it stored does not read as the type
    /// that is asked for. It took effect: do not repeat it. Read `TransactionRecord::result`.
    #[error(
        "transaction {0} was committed before, and its stored result does not read as this type: do not repeat it, read \
         its record"
    )]
    ResultUnreadable(Box<str>),
    /// The transaction was aborted by its id, with `Transaction::resolve`: it never takes effect. Nothing was written.
    #[error(
        "transaction {0} was aborted: nothing was written; `Transaction::run` can begin anew with its id"
    )]
    Fenced(Box<str>),
    /// The program used an object in a way it cannot be used; the text says what to write instead. The intended write was not
    /// made; nothing was sent, unless the text says that something keeps changing: then try again.
    #[error("{0}")]
    Usage(&'static str),
    /// A text is no cursor, or a cursor is one of another query, or was changed. Nothing was sent; begin with the first
    /// page.
    #[error("the cursor is not one of this query: nothing was sent, begin with the first page")]
    ForeignCursor,
    /// Scans are forbidden on this database, by its builder. Nothing was sent.
    #[error(
        "table {0} was not scanned, because this database forbids scans: query it by a key or an index, or sweep it"
    )]
    ScanForbidden(Box<str>),
    /// The rows of a view do not let an item be written. Nothing was written.
    #[error("{0}: nothing was written")]
    View(Box<ViewError>),
    /// A table is not as its models need it, or cannot be made, changed or deleted as was asked.
    #[error(transparent)]
    Table(Box<TableError>),
    /// A filter is about an attribute that items of older schemas can hold in another shape, so it would miss them. Nothing
    /// was sent; see [`Query::filter`](crate::Query::filter).
    #[error(
        "the filter on attribute `{attribute}` of table {table} sees items as they are stored, and misses older ones that a \
         migration reshapes: run the backfill and `Backfill::verify` (later `recall`), or write `.stored_shape()`; nothing \
         was sent"
    )]
    StoredShape {
        /// The table's full name.
        table: Box<str>,
        /// The attribute.
        attribute: Box<str>,
    },
    /// A sweep ended before all items were visited. Those behind its last checkpoint are done; resume it from there.
    #[error(transparent)]
    Sweep(Box<SweepError>),
    /// Something else that the service said.
    #[error(transparent)]
    Service(Box<ServiceError>),
}

/// A table and a key: which item an error is about.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::builder(dynamap::embedded::memory()?).table_prefix("test_").build();
/// # Table::<Account>::create(&db).await?;
/// let missing = Account::update(&db, 7).add(Account::BALANCE, 5).await;
/// let Err(Error::NotFound(target)) = missing else { panic!("there is no account 7") };
/// assert_eq!((target.table.as_str(), target.key.hash_name()), ("test_accounts", "id"));
/// assert_eq!(target.to_string(), "(id = 7) of table test_accounts");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The table's full name.
    pub table: String,
    /// The key of the item.
    pub key: Key,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}) of table {}", self.key, self.table)
    }
}

impl Error {
    /// Whether an item was not as expected. Read it again, or take [`winner`](Error::winner), and decide.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Whether the item that a verb needs is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_) | Self::Dangling(_) | Self::NotOne { several: false, .. })
    }

    /// Whether the value was refused before anything was sent.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::Encode { .. })
    }

    /// Whether reading again and redoing the work can succeed: a conflict on versions, or a busy service.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict(conflict) => conflict.is_retryable(),
            Self::Busy(_) => true,
            _ => false,
        }
    }

    /// Whether it is open what is stored now.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }

    /// The item that won a conflict, as it is in the store now; `None` where no item of `M` is in the error or the
    /// item is gone.
    ///
    /// # Errors
    /// Where the stored item cannot be read as an `M`; the conflict is a conflict all the same.
    pub fn winner<M: Model>(&self) -> Result<Option<Loaded<M>>, Error> {
        let Self::Conflict(conflict) = self else { return Ok(None) };
        let failure = conflict.failures().iter().find(|failure| failure.is_of::<M>());
        failure.map_or(Ok(None), Failure::stored)
    }

    pub(crate) fn not_found(table: &str, key: &Key) -> Self {
        Self::NotFound(Box::new(Target::new(table, key)))
    }

    /// The error of a model that is not valid.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    #[must_use]
    pub fn invalid(layout: &Layout, report: Report) -> Self {
        Self::Invalid(Box::new(Invalid { model: layout.model, report, renamed: layout.renamed }))
    }

    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    #[must_use]
    pub fn encode(layout: &Layout, error: EncodeError) -> Self {
        Self::Encode { model: layout.model, error: Box::new(error) }
    }

    pub(crate) fn decode(table: &str, key: &Key, error: DecodeError) -> Self {
        Self::Decode(Box::new(Undecodable { target: Target::new(table, key), error }))
    }

    pub(crate) fn unreadable_schema(table: &str, key: &Key) -> Self {
        let error = DecodeError::new("a semver as text", "something else");
        Self::decode(table, key, error.at(crate::schema::SCHEMA_ATTRIBUTE))
    }

    pub(crate) fn schema_too_new(table: &str, key: &Key, stored: Version, layout: &Layout) -> Self {
        Self::SchemaTooNew(Box::new(SchemaGap::new(table, key, stored, layout)))
    }

    /// The error of an item that no step leads from, or whose step failed.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    #[must_use]
    pub fn not_upgraded(
        table: &str,
        key: &Key,
        layout: &Layout,
        stored: &Version,
        error: UpgradeError,
    ) -> Self {
        match error {
            UpgradeError::NoPath => {
                Self::NoUpgradePath(Box::new(SchemaGap::new(table, key, stored.clone(), layout)))
            }
            error => {
                Self::Upgrade(Box::new(NotUpgraded { target: Target::new(table, key), error }))
            }
        }
    }

    pub(crate) fn lossy(target: &Target, schema: &Version, attribute: &str) -> Self {
        let (schema, attribute) = (schema.clone(), attribute.to_owned());
        Self::Lossy(Box::new(Loss { target: target.clone(), schema, attribute }))
    }

    pub(crate) fn no_way_back(layout: &Layout, wanted: Version) -> Self {
        let (known, wanted) = (Box::new(layout.schema.clone()), Box::new(wanted));
        Self::NoWayBack { model: layout.model, known, wanted }
    }

    pub(crate) fn key_changed(table: &str, key: &Key) -> Self {
        Self::KeyChanged(Box::new(Target::new(table, key)))
    }
}

impl Target {
    pub(crate) fn new(table: &str, key: &Key) -> Self {
        Self { table: table.to_owned(), key: key.clone() }
    }
}

fn culprit(item: Option<&Target>) -> String {
    item.map_or_else(String::new, |item| format!(" at item {item}"))
}

fn no_table(tables: &str) -> String {
    let one = if tables.contains(", ") { "one of the tables" } else { "table" };
    let counters = tables.ends_with(COUNTERS_TABLE) && one == "table";
    let guards = tables.ends_with(GUARDS_TABLE) && one == "table";
    let create = match (counters, guards) {
        (true, _) => "Sequence::create_table",
        // The model's own table is there.
        (_, true) => "Table::<M>::create_if_missing",
        _ => "Table::<M>::create",
    };
    format!("{one} {tables} does not exist: create it with {create}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stay_small() {
        assert!(std::mem::size_of::<Error>() <= 64);
    }
}
