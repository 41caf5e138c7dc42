//! The items that a backfill could not upgrade: named in its record, and tried again.

use std::fmt;

use dynamap_mapper::error::FailedItem;
use dynamap_mapper::{
    Attribute, AttributeValue, Convert, Database, DecodeError, EncodeError, Item, Key, Model,
    Reader as _, kind,
};
use futures_util::{StreamExt as _, stream};

use super::Stop;
use super::progress::Counts;
use super::record::BackfillRecord;
use super::upgrade::{Became, Upgrader, encode};

/// An item that a [`Backfill`](super::Backfill) could not upgrade. It is as it was.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # put(7).send().await?;
/// // User 7 has no `mail`.
/// let record = Backfill::<User>::of(&db).run().await?;
/// let failure = &record.failures[0];
/// assert_eq!(failure.key.get("id"), Some(&AttributeValue::N("7".into())));
/// assert!(failure.to_string().starts_with("item (id = 7): "));
/// assert!(failure.why.contains("`mail`"), "{failure}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Attribute)]
#[model(crate = "::dynamap_mapper")]
#[non_exhaustive]
pub struct BackfillFailure {
    /// The attributes of its key.
    #[model(with = KeyMap)]
    pub key: Item,
    /// Why, without values other than keys; at most 1,000 characters of it.
    pub why: String,
}

/// How many failures a record names.
const NAMED: usize = 100;
/// How many bytes their keys and reasons take at most: the record is an item itself.
const NAMED_BYTES: usize = 100_000;
/// How many characters of a reason are kept.
const REASON: usize = 1_000;

/// A key as a map of its attributes.
struct KeyMap;

impl Convert<Item> for KeyMap {
    type Kind = kind::M;

    fn encode(key: &Item) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::M(key.clone().into_inner()))
    }

    fn decode(value: &AttributeValue) -> Result<Item, DecodeError> {
        match value {
            AttributeValue::M(key) => Ok(key.clone().into()),
            other => Err(DecodeError::kind("a key", other)),
        }
    }
}

impl BackfillFailure {
    fn new(key: Item, why: &dyn fmt::Display) -> Self {
        Self { key, why: why.to_string().chars().take(REASON).collect() }
    }

    fn size(&self) -> usize {
        self.key.size() + self.why.len()
    }
}

impl BackfillRecord {
    /// How many items failed that [`failures`](Self::failures) does not name. Only a [`run`](super::Backfill::run) tries
    /// those again.
    #[must_use]
    pub fn unnamed(&self) -> u64 {
        self.failed.saturating_sub(self.failures.len().try_into().unwrap_or(u64::MAX))
    }

    /// Counts failures, and names as many as there is room for.
    pub(super) fn add_failures(&mut self, failed: &[FailedItem]) {
        self.failed += u64::try_from(failed.len()).unwrap_or(u64::MAX);
        let mut size: usize = self.failures.iter().map(BackfillFailure::size).sum();
        for item in failed {
            let failure = BackfillFailure::new(item.target.key.to_item(), &item.error);
            size += failure.size();
            if self.failures.len() == NAMED || size > NAMED_BYTES {
                return;
            }
            self.failures.push(failure);
        }
    }

    /// Takes the named failures for those that are left of them.
    pub(super) fn replace_failures(&mut self, left: Vec<BackfillFailure>) {
        self.failed = self.unnamed() + u64::try_from(left.len()).unwrap_or(u64::MAX);
        self.failures = left;
    }
}

/// Tries items again, several at once; returns those that still fail, and those that were not begun when it was stopped.
pub(super) async fn retry<M: Model>(
    db: &Database,
    failures: Vec<BackfillFailure>,
    at_once: usize,
    stop: Option<&Stop>,
    counts: &Counts,
) -> Vec<BackfillFailure> {
    let upgrader = Upgrader::<M>::new(db);
    let stopped = async {
        match stop {
            Some(stop) => stop.asked().await,
            None => std::future::pending().await,
        }
    };
    let mut waiting = stream::iter(failures);
    let tried: Vec<Option<BackfillFailure>> = waiting
        .by_ref()
        .take_until(Box::pin(stopped))
        .map(|failure| retry_one(db, &upgrader, failure, counts))
        .buffer_unordered(at_once.max(1))
        .collect()
        .await;
    tried.into_iter().flatten().chain(waiting.collect::<Vec<_>>().await).collect()
}

/// Tries an item again, as it is stored now. One that is gone or current by now is no failure.
async fn retry_one<M: Model>(
    db: &Database,
    upgrader: &Upgrader<'_, M>,
    failure: BackfillFailure,
    counts: &Counts,
) -> Option<BackfillFailure> {
    let layout = M::layout();
    let tried = async {
        let key = Key::of(layout, &failure.key).map_err(encode::<M>)?;
        match db.read_item(layout, &key, true).await? {
            Some(item) => upgrader.upgrade(item, &counts.conflicts).await,
            None => Ok(Became::Current),
        }
    };
    match tried.await {
        Ok(became) => {
            counts.add(became);
            None
        }
        Err(error) => Some(BackfillFailure::new(failure.key, &error)),
    }
}

impl fmt::Display for BackfillFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("item (")?;
        for (i, name) in self.key.names().into_iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match self.key.get(name) {
                Some(AttributeValue::S(text)) => write!(f, "{comma}{name} = {text:?}")?,
                Some(AttributeValue::N(text)) => write!(f, "{comma}{name} = {text}")?,
                Some(AttributeValue::B(blob)) => {
                    write!(f, "{comma}{name} = {} bytes", blob.as_ref().len())?;
                }
                _ => write!(f, "{comma}{name}")?,
            }
        }
        write!(f, "): {}", self.why)
    }
}

impl fmt::Debug for BackfillFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
