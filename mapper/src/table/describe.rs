//! What a table is.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    BillingMode, IndexStatus, KeySchemaElement, PointInTimeRecoveryStatus, Projection,
    ProvisionedThroughputDescription, TableDescription, TableStatus, TimeToLiveStatus,
};

use super::difference::throughput;
use crate::database::Database;
use crate::error::Error;
use crate::retry::repeat;
use crate::settings::Billing;

/// What the service tells of a table; from [`NamedTable::describe`](crate::NamedTable::describe).
///
/// ```
/// use dynamap::{Billing, Throughput};
/// # use dynamap::{Database, Model, Table, TableSettings};
/// # static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", settings = SMALL, validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let info = Table::<Account>::named(&db).describe().await?.expect("there");
/// assert!(info.is_active());
/// assert_eq!(info.billing(), Billing::Provisioned(Throughput::new(5, 5)));
/// assert_eq!(info.estimated_items(), 0);
/// assert_eq!(info.table.table_name(), Some("accounts"));
/// assert!(info.ttl.is_none());
/// # Ok(())
/// # }
/// ```
///
/// [AWS: TableDescription](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html)
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TableInfo {
    /// Keys, indexes, states, sizes, as the SDK has them.
    pub table: TableDescription,
    /// The attribute by which the service deletes items whose time has come.
    pub ttl: Option<String>,
    /// Whether the table can be restored as it was at some moment; `None` where the store does not know of that.
    pub point_in_time_recovery: Option<bool>,
    /// Its tags; none where the store does not know of them.
    pub tags: BTreeMap<String, String>,
}

/// An index of either kind.
pub(super) struct FoundIndex<'a> {
    pub(super) name: &'a str,
    pub(super) local: bool,
    pub(super) keys: &'a [KeySchemaElement],
    pub(super) projection: Option<&'a Projection>,
    /// Local indexes have none.
    pub(super) status: Option<&'a IndexStatus>,
    pub(super) throughput: Option<&'a ProvisionedThroughputDescription>,
}

/// Asks for everything; `None` where there is no table.
pub(super) async fn describe(db: &Database, name: &str) -> Result<Option<TableInfo>, Error> {
    let Some(table) = table(db, name).await? else { return Ok(None) };
    // A table that is being made or deleted is not known to the others.
    let ttl = known(ttl(db, name).await)?.flatten();
    let point_in_time_recovery = known(recovery(db, name).await)?;
    let tags = match table.table_arn() {
        Some(arn) => known(tags(db, name, arn).await)?.unwrap_or_default(),
        None => BTreeMap::new(),
    };
    Ok(Some(TableInfo { table, ttl, point_in_time_recovery, tags }))
}

/// DescribeTable; `None` where there is no table, or none that can be seen yet.
pub(super) async fn table(db: &Database, name: &str) -> Result<Option<TableDescription>, Error> {
    let answer =
        repeat(db, "DescribeTable", name, || db.once().describe_table().table_name(name).send());
    match answer.await {
        Ok(answer) => Ok(answer.table),
        Err(Error::NoSuchTable(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The attribute by which the service deletes items, if it does.
pub(super) async fn ttl(db: &Database, name: &str) -> Result<Option<String>, Error> {
    let answer = repeat(db, "DescribeTimeToLive", name, || {
        db.once().describe_time_to_live().table_name(name).send()
    });
    let Some(found) = answer.await?.time_to_live_description else { return Ok(None) };
    let on = matches!(
        found.time_to_live_status,
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    );
    Ok(found.attribute_name.filter(|_| on))
}

pub(super) async fn recovery(db: &Database, name: &str) -> Result<bool, Error> {
    let answer = repeat(db, "DescribeContinuousBackups", name, || {
        db.once().describe_continuous_backups().table_name(name).send()
    });
    let backups = answer.await?.continuous_backups_description;
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
}

async fn tags(db: &Database, name: &str, arn: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    let mut next = None;
    loop {
        let answer = repeat(db, "ListTagsOfResource", name, || {
            db.once().list_tags_of_resource().resource_arn(arn).set_next_token(next.clone()).send()
        });
        let answer = answer.await?;
        tags.extend(answer.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)));
        next = answer.next_token;
        if next.is_none() {
            return Ok(tags);
        }
    }
}

/// Of stores that are not DynamoDB some do not know every operation, and a table that is being made or deleted is not known
/// to every one.
fn known<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::NoSuchTable(_)) => Ok(None),
        Err(Error::Service(error)) if is_unknown_there(&error.code) || is_new(&error.code) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a store says that it does not know the operation.
pub(super) fn is_unknown_there(code: &str) -> bool {
    matches!(code, "UnknownOperationException" | "UnsupportedOperation")
}

/// Whether the service says that a table is too new for that.
fn is_new(code: &str) -> bool {
    matches!(code, "TableNotFoundException" | "ContinuousBackupsUnavailableException")
}

impl TableInfo {
    /// What DescribeTable alone tells.
    pub(super) fn of(table: TableDescription) -> Self {
        Self { table, ttl: None, point_in_time_recovery: None, tags: BTreeMap::new() }
    }

    /// About how many items it has: the service counts them about every six hours.
    #[must_use]
    pub fn estimated_items(&self) -> u64 {
        self.table.item_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    }

    /// Whether it can be read and written, and so all its indexes.
    #[must_use]
    pub fn is_active(&self) -> bool {
        is_active(&self.table)
    }

    /// How it is paid for.
    #[must_use]
    pub fn billing(&self) -> Billing {
        billing(&self.table)
    }

    pub(super) fn indexes(&self) -> Vec<FoundIndex<'_>> {
        let global = self.table.global_secondary_indexes().iter().map(|index| FoundIndex {
            name: index.index_name().unwrap_or_default(),
            local: false,
            keys: index.key_schema(),
            projection: index.projection(),
            status: index.index_status(),
            throughput: index.provisioned_throughput(),
        });
        let local = self.table.local_secondary_indexes().iter().map(|index| FoundIndex {
            name: index.index_name().unwrap_or_default(),
            local: true,
            keys: index.key_schema(),
            projection: index.projection(),
            status: None,
            throughput: None,
        });
        global.chain(local).collect()
    }
}

pub(super) fn is_active(table: &TableDescription) -> bool {
    let active = |index: &aws_sdk_dynamodb::types::GlobalSecondaryIndexDescription| {
        index.index_status().is_none_or(|status| *status == IndexStatus::Active)
    };
    table.table_status() == Some(&TableStatus::Active)
        && table.global_secondary_indexes().iter().all(active)
}

pub(super) fn billing(table: &TableDescription) -> Billing {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    match mode {
        Some(BillingMode::PayPerRequest) => Billing::PerRequest,
        // A table that was always provisioned has no summary.
        _ => Billing::Provisioned(throughput(table.provisioned_throughput())),
    }
}
