//! In what a table is not as its models want it.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, IndexStatus, KeySchemaElement, KeyType, Projection, ProjectionType,
    ProvisionedThroughputDescription, SseStatus,
};

use super::describe::TableInfo;
use super::wanted::{Wanted, WantedIndex};
use crate::settings::{Billing, Encryption, Throughput};

/// One thing in which a table is not as its models want it; from [`Table::verify`](crate::Table::verify).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{DifferenceKind, Remedy};
/// # mod before {
/// #     #[derive(Debug, Clone, dynamap::Model)]
/// #     #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String, pub day: String }
/// # }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, status: String, day: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<before::Order>::create(&db).await?;
/// // The table was made by an earlier release, with the index `by_status`, and without `by_day`.
/// let differences = Table::<Order>::verify(&db).await?;
/// let missing = differences.iter().find(|one| one.kind == DifferenceKind::NoIndex).expect("one is missing");
/// assert_eq!((missing.table.as_str(), missing.index.as_deref()), ("orders", Some("by_day")));
/// assert_eq!((missing.found.as_str(), missing.wanted.as_str()), ("none", "global day (S)"));
/// assert_eq!(missing.remedy(), Remedy::Update);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Difference {
    /// The table's full name.
    pub table: String,
    /// The index that it is about.
    pub index: Option<String>,
    /// What is different.
    pub kind: DifferenceKind,
    /// What there is.
    pub found: String,
    /// What the models want.
    pub wanted: String,
}

/// What can be different.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::DifferenceKind;
/// # mod before {
/// #     #[derive(Debug, Clone, dynamap::Model)]
/// #     #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String, pub day: String }
/// # }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, status: String, day: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// let none: Vec<_> = Table::<Order>::verify(&db).await?.into_iter().map(|one| one.kind).collect();
/// assert_eq!(none, [DifferenceKind::NoTable]);
///
/// # Table::<before::Order>::create(&db).await?;
/// // The table was made by an earlier release, with the index `by_status`, and without `by_day`.
/// let kinds: Vec<_> = Table::<Order>::verify(&db).await?.into_iter().map(|one| one.kind).collect();
/// assert_eq!(kinds.len(), 2);
/// assert!(kinds.contains(&DifferenceKind::NoIndex) && kinds.contains(&DifferenceKind::UnknownIndex));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// There is no table.
    NoTable,
    /// The key of the table has another name or type.
    Keys,
    /// There is no such index.
    NoIndex,
    /// No model knows the index.
    UnknownIndex,
    /// The keys of the index have other names or types.
    IndexKeys,
    /// The index holds other attributes than it shall.
    Projection,
    /// The index cannot be read yet, or any more.
    IndexStatus,
    /// The service deletes items by another attribute, by none, or by one that no model knows.
    TimeToLive,
    /// The stream tells something else, or there is none.
    Stream,
    /// It is paid for in another way.
    Billing,
    /// The table or index has another capacity.
    Throughput,
    /// It is encrypted with another key.
    Encryption,
    /// Whether it can be restored as it was at some moment.
    PointInTimeRecovery,
    /// Whether it can be deleted.
    DeletionProtection,
    /// What it costs.
    Class,
    /// A tag is missing, or has another value.
    Tag,
}

/// What can be done about a difference.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::Remedy;
/// # mod before {
/// #     #[derive(Debug, Clone, dynamap::Model)]
/// #     #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String, pub day: String }
/// # }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, status: String, day: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<before::Order>::create(&db).await?;
/// // The table was made by an earlier release, with the index `by_status`, and without `by_day`.
/// let differences = Table::<Order>::verify(&db).await?;
/// // What a deployment does by itself, and what somebody has to decide:
/// let (by_itself, decided): (Vec<_>, Vec<_>) = differences
///     .iter()
///     .partition(|one| matches!(one.remedy(), Remedy::Create | Remedy::Update | Remedy::Wait));
/// assert_eq!(by_itself[0].index.as_deref(), Some("by_day"));
/// assert_eq!(decided[0].remedy(), Remedy::UpdateDroppingIndexes); // of `by_status`
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// `Table::<M>::create_if_missing`.
    Create,
    /// `Table::<M>::update`.
    Update,
    /// `Table::<M>::update` with `drop_indexes()`: meanwhile the index cannot be read.
    UpdateDroppingIndexes,
    /// `Table::<M>::update` with `remake_stream()`: the stream that is there ends, and with it whatever reads it; what
    /// changes in between is in none.
    UpdateRemakingStream,
    /// Another table with the right key, and a copy of the items: the service cannot change this of a table.
    Copy,
    /// Waiting.
    Wait,
    /// A decision: the model gets the attribute, or somebody turns it off by hand.
    ByHand,
}

impl Difference {
    /// What can be done about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let local = self.wanted.starts_with(LOCAL) || self.found.starts_with(LOCAL);
        match self.kind {
            DifferenceKind::NoTable => Remedy::Create,
            DifferenceKind::Keys => Remedy::Copy,
            DifferenceKind::NoIndex
            | DifferenceKind::IndexKeys
            | DifferenceKind::Projection
            | DifferenceKind::UnknownIndex
                if local =>
            {
                Remedy::Copy
            }
            DifferenceKind::Stream if self.found != OFF => Remedy::UpdateRemakingStream,
            DifferenceKind::UnknownIndex
            | DifferenceKind::IndexKeys
            | DifferenceKind::Projection => Remedy::UpdateDroppingIndexes,
            DifferenceKind::IndexStatus => Remedy::Wait,
            DifferenceKind::TimeToLive if self.found != OFF => Remedy::ByHand,
            _ => Remedy::Update,
        }
    }
}

/// What is not there.
pub(super) const OFF: &str = "none";
/// What descriptions of local indexes begin with.
const LOCAL: &str = "local ";

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, index, found, wanted, .. } = self;
        write!(f, "{table}")?;
        if let Some(index) = index {
            write!(f, ", index {index}")?;
        }
        let what = match self.kind {
            DifferenceKind::NoTable => "the table",
            DifferenceKind::Keys => "its key",
            DifferenceKind::NoIndex | DifferenceKind::UnknownIndex => "the index",
            DifferenceKind::IndexKeys => "the key of the index",
            DifferenceKind::Projection => "what the index holds",
            DifferenceKind::IndexStatus => "the state of the index",
            DifferenceKind::TimeToLive => "its TTL attribute",
            DifferenceKind::Stream => "its stream",
            DifferenceKind::Billing => "how it is billed",
            DifferenceKind::Throughput => "its throughput",
            DifferenceKind::Encryption => "its encryption",
            DifferenceKind::PointInTimeRecovery => "its point-in-time recovery",
            DifferenceKind::DeletionProtection => "its deletion protection",
            DifferenceKind::Class => "its class",
            DifferenceKind::Tag => "a tag",
        };
        match self.kind {
            DifferenceKind::NoTable => write!(f, ": there is no such table")?,
            DifferenceKind::NoIndex => write!(f, ": there is no such index, of {wanted}")?,
            _ => write!(f, ": {what} is {found} and shall be {wanted}")?,
        }
        write!(f, ": {}", self.remedy())
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create it with `create_if_missing`",
            Self::Update => "update it",
            Self::UpdateDroppingIndexes => "update it with `drop_indexes`",
            Self::UpdateRemakingStream => "update it with `remake_stream`",
            Self::Copy => "the service cannot change that: copy the items to another table",
            Self::Wait => "wait",
            Self::ByHand => "give the model what it lacks, or change the table by hand",
        })
    }
}

/// Compares.
pub(super) fn differences(wanted: &Wanted, found: Option<&TableInfo>) -> Vec<Difference> {
    let mut comparison = Comparison { wanted, all: Vec::new() };
    match found {
        None => comparison.add(None, DifferenceKind::NoTable, OFF, "there"),
        Some(found) => comparison.compare(found),
    }
    comparison.all
}

struct Comparison<'a> {
    wanted: &'a Wanted,
    all: Vec<Difference>,
}

impl Comparison<'_> {
    fn add(
        &mut self,
        index: Option<&str>,
        kind: DifferenceKind,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) {
        let (found, wanted) = (found.into(), wanted.into());
        if found != wanted {
            let (table, index) = (self.wanted.name.clone(), index.map(str::to_owned));
            self.all.push(Difference { table, index, kind, found, wanted });
        }
    }

    fn compare(&mut self, found: &TableInfo) {
        let definitions = found.table.attribute_definitions();
        let keys = keys(found.table.key_schema(), definitions);
        self.add(
            None,
            DifferenceKind::Keys,
            keys,
            self::keys(&self.wanted.keys, &self.wanted.attributes),
        );
        self.settings(found);
        self.indexes(found);
        let ttl = found.ttl.clone().unwrap_or_else(|| OFF.to_owned());
        self.add(None, DifferenceKind::TimeToLive, ttl, self.wanted.ttl.unwrap_or(OFF));
    }

    fn indexes(&mut self, found: &TableInfo) {
        let definitions = found.table.attribute_definitions();
        let stored = found.indexes();
        for index in &self.wanted.indexes {
            let kind = kind(index.local);
            let Some(other) = stored.iter().find(|other| other.name == index.name) else {
                let keys = self::keys(&index.keys, &self.wanted.attributes);
                self.add(Some(index.name), DifferenceKind::NoIndex, OFF, format!("{kind}{keys}"));
                continue;
            };
            let here = format!("{}{}", self::kind(other.local), keys(other.keys, definitions));
            let shall = format!("{kind}{}", keys(&index.keys, &self.wanted.attributes));
            self.add(Some(index.name), DifferenceKind::IndexKeys, here, shall);
            let here = format!("{}{}", self::kind(other.local), held(other.projection));
            let shall = format!("{kind}{}", held(Some(&index.projection)));
            self.add(Some(index.name), DifferenceKind::Projection, here, shall);
            if let Some(status) = other.status.filter(|status| **status != IndexStatus::Active) {
                let active = IndexStatus::Active;
                let (status, active) = (status.as_str(), active.as_str());
                self.add(Some(index.name), DifferenceKind::IndexStatus, status, active);
            }
            self.index_throughput(index, other.throughput);
        }
        for other in stored.iter().filter(|other| self.wanted.index(other.name).is_none()) {
            let here = format!("{}{}", self::kind(other.local), keys(other.keys, definitions));
            if other.status == Some(&IndexStatus::Deleting) {
                let status = IndexStatus::Deleting;
                self.add(Some(other.name), DifferenceKind::IndexStatus, status.as_str(), OFF);
            } else {
                self.add(Some(other.name), DifferenceKind::UnknownIndex, here, OFF);
            }
        }
    }

    fn index_throughput(
        &mut self,
        index: &WantedIndex,
        found: Option<&ProvisionedThroughputDescription>,
    ) {
        if let Some(wanted) = self.wanted.settings.of_index(index.name).filter(|_| !index.local) {
            let found = throughput(found);
            // Where the table is billed per request that is what is told.
            if found != Throughput::new(0, 0) {
                let (found, wanted) = (found.to_string(), wanted.to_string());
                self.add(Some(index.name), DifferenceKind::Throughput, found, wanted);
            }
        }
    }

    fn settings(&mut self, found: &TableInfo) {
        let settings = self.wanted.settings;
        let billing = found.billing();
        if let Some(wanted) = settings.billing {
            self.add(None, DifferenceKind::Billing, billing.to_string(), wanted.to_string());
            if let (Billing::Provisioned(found), Billing::Provisioned(wanted)) = (billing, wanted) {
                let (found, wanted) = (found.to_string(), wanted.to_string());
                self.add(None, DifferenceKind::Throughput, found, wanted);
            }
        }
        if let Some(wanted) = settings.stream {
            let found = found.table.stream_specification();
            let found = found.filter(|found| found.stream_enabled());
            let found = found.and_then(|found| found.stream_view_type());
            let found = found.map_or(OFF, |view| view.as_str());
            let wanted = wanted.aws();
            let wanted = wanted.as_ref().map_or(OFF, |view| view.as_str());
            self.add(None, DifferenceKind::Stream, found, wanted);
        }
        if let Some(wanted) = settings.encryption {
            let found = encryption(found, wanted);
            self.add(None, DifferenceKind::Encryption, found, wanted.to_string());
        }
        let recovery = settings.point_in_time_recovery.zip(found.point_in_time_recovery);
        if let Some((wanted, found)) = recovery {
            self.add(None, DifferenceKind::PointInTimeRecovery, on(found), on(wanted));
        }
        if let Some(wanted) = settings.deletion_protection {
            let found = found.table.deletion_protection_enabled().unwrap_or(false);
            self.add(None, DifferenceKind::DeletionProtection, on(found), on(wanted));
        }
        if let Some(wanted) = settings.class {
            let found = found.table.table_class_summary().and_then(|summary| summary.table_class());
            let standard = aws_sdk_dynamodb::types::TableClass::Standard;
            let found = found.unwrap_or(&standard).as_str().to_owned();
            self.add(None, DifferenceKind::Class, found, wanted.aws().as_str());
        }
        for (key, value) in settings.tags {
            let found = found.tags.get(*key);
            if found.map(String::as_str) != Some(*value) {
                let found = found.map_or(OFF.to_owned(), |found| format!("{key} = {found}"));
                self.add(None, DifferenceKind::Tag, found, format!("{key} = {value}"));
            }
        }
    }
}

fn on(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn kind(local: bool) -> &'static str {
    if local { LOCAL } else { "global " }
}

/// The service tells the ARN of a key, and not whose it is: the account's own key is not told from one of yours, nor an
/// alias from another.
fn encryption(found: &TableInfo, wanted: Encryption) -> String {
    let description = found.table.sse_description();
    let is_on = |status: &SseStatus| {
        matches!(status, SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating)
    };
    let Some(description) = description.filter(|sse| sse.status().is_some_and(is_on)) else {
        return Encryption::Owned.to_string();
    };
    let arn = description.kms_master_key_arn().unwrap_or_default();
    let is_same = |key: &str| arn == key || arn.rsplit('/').next() == Some(key);
    match wanted {
        Encryption::Managed => wanted.to_string(),
        Encryption::Key(key) if is_same(key) || key.contains("alias/") => wanted.to_string(),
        _ => format!("the key {arn}"),
    }
}

pub(super) fn throughput(found: Option<&ProvisionedThroughputDescription>) -> Throughput {
    let units = |units: Option<i64>| u32::try_from(units.unwrap_or_default()).unwrap_or(u32::MAX);
    Throughput {
        read: units(found.and_then(ProvisionedThroughputDescription::read_capacity_units)),
        write: units(found.and_then(ProvisionedThroughputDescription::write_capacity_units)),
    }
}

/// `id (S) + day (N)`: hash keys before range keys.
fn keys(keys: &[KeySchemaElement], definitions: &[AttributeDefinition]) -> String {
    let named = |wanted: KeyType| {
        let parts: Vec<String> = keys
            .iter()
            .filter(|key| *key.key_type() == wanted)
            .map(|key| {
                let name = key.attribute_name();
                let definition = definitions.iter().find(|own| own.attribute_name() == name);
                let kind = definition.map_or("?", |own| own.attribute_type().as_str());
                format!("{name} ({kind})")
            })
            .collect();
        parts.join(", ")
    };
    let (hash, range) = (named(KeyType::Hash), named(KeyType::Range));
    if range.is_empty() { hash } else { format!("{hash} + {range}") }
}

fn held(projection: Option<&Projection>) -> String {
    let kind = projection.and_then(Projection::projection_type);
    match (kind, projection) {
        (Some(ProjectionType::KeysOnly), _) => "keys".to_owned(),
        (Some(ProjectionType::Include), Some(projection)) => {
            let names: BTreeSet<&str> =
                projection.non_key_attributes().iter().map(String::as_str).collect();
            format!("keys, {}", names.into_iter().collect::<Vec<_>>().join(", "))
        }
        _ => "everything".to_owned(),
    }
}
