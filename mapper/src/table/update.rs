//! UpdateTable, until a table is as its models want it.

use std::collections::HashSet;
use std::fmt;
use std::future::IntoFuture;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction,
    GlobalSecondaryIndexUpdate, UpdateGlobalSecondaryIndexAction,
};

use super::describe::{self, TableInfo};
use super::difference::{Difference, DifferenceKind, OFF, Remedy, differences};
use super::wait::{self, TableProgress, Watch};
use super::wanted::{Wanted, provisioned, wanted};
use super::{create, ttl, unbuilt};
use crate::database::Database;
use crate::error::Error;
use crate::layout::Layout;
use crate::read::BoxFuture;
use crate::retry::{repeat, repeat_and_tell};
use crate::settings::{Billing, Throughput};

/// Brings tables to what their models want; from [`Table::update`](crate::Table::update) and
/// [`Tables::update`](crate::Tables::update).
///
/// It compares, changes one thing, waits until the service has done it, and compares again, until nothing is left that it
/// can change. So it can be run again after anything, also beside others. If the future is dropped the service finishes
/// what it was asked last.
///
/// The service makes one index at a time. A large table takes hours for each, and can be read and written meanwhile.
///
/// [AWS: UpdateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html)
#[must_use = "an update does nothing until it is awaited"]
pub struct TableUpdate<'a> {
    db: &'a Database,
    layouts: Vec<&'static Layout>,
    drop_indexes: bool,
    watch: Option<Box<Watch<'a>>>,
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableUpdated {
    /// What was different, and is as the models want it now.
    pub done: Vec<Difference>,
    /// What still is: each says what can be done about it.
    pub left: Vec<Difference>,
}

impl<'a> TableUpdate<'a> {
    pub(super) fn of(db: &'a Database, layouts: Vec<&'static Layout>) -> Self {
        Self { db, layouts, drop_indexes: false, watch: None }
    }

    /// Also drops indexes: those that no model knows, and those with another key or other attributes, which are made again.
    /// Until then they cannot be read. Without it such indexes stay as they are.
    pub fn drop_indexes(mut self) -> Self {
        self.drop_indexes = true;
        self
    }

    /// Calls this at every look at what the service does.
    pub fn on_progress(mut self, watch: impl Fn(&TableProgress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// What the update would change, in its order. Nothing is changed.
    ///
    /// # Errors
    /// What the service says.
    pub async fn plan(self) -> Result<Vec<Difference>, Error> {
        let mut all = Vec::new();
        for wanted in wanted(self.db, &self.layouts)? {
            let found = describe::describe(self.db, &wanted.name).await?;
            all.extend(differences(&wanted, found.as_ref()));
        }
        all.retain(|difference| self.changes(difference));
        Ok(all)
    }

    async fn run(self) -> Result<TableUpdated, Error> {
        let mut updated = TableUpdated { done: Vec::new(), left: Vec::new() };
        for wanted in wanted(self.db, &self.layouts)? {
            self.one(&wanted, &mut updated).await?;
        }
        Ok(updated)
    }

    async fn one(&self, wanted: &Wanted, updated: &mut TableUpdated) -> Result<(), Error> {
        let name = wanted.name.as_str();
        let mut tried = HashSet::new();
        loop {
            let active = |found: Option<&_>| found.is_none_or(describe::is_active);
            wait::until(self.db, name, self.watch.as_deref(), active).await?;
            let Some(found) = describe::describe(self.db, name).await? else {
                return Err(Error::NoSuchTable(name.into()));
            };
            let left = differences(wanted, Some(&found));
            updated.done.extend(tried.iter().filter(|one| !left.contains(one)).cloned());
            tried.retain(|one| left.contains(one));
            // What stays different after it was changed is not tried for ever.
            let next = left.iter().find(|one| self.changes(one) && !tried.contains(*one));
            let Some(next) = next.cloned() else {
                updated.left.extend(left);
                return Ok(());
            };
            if self.apply(wanted, &found, &next).await? {
                tried.insert(next);
            }
        }
    }

    fn changes(&self, difference: &Difference) -> bool {
        match difference.remedy() {
            Remedy::Update => true,
            Remedy::UpdateDroppingIndexes => self.drop_indexes,
            _ => false,
        }
    }

    /// Asks for one change; `false` where somebody else changes the table.
    async fn apply(
        &self,
        wanted: &Wanted,
        found: &TableInfo,
        difference: &Difference,
    ) -> Result<bool, Error> {
        let (db, name) = (self.db, wanted.name.as_str());
        match (difference.kind, wanted.ttl) {
            (DifferenceKind::TimeToLive, Some(attribute)) => {
                ttl::enable(db, name, attribute).await.map(|()| true)
            }
            (DifferenceKind::PointInTimeRecovery, _) => {
                let on = wanted.settings.point_in_time_recovery.unwrap_or_default();
                create::point_in_time_recovery(db, name, on).await.map(|()| true)
            }
            (DifferenceKind::Tag, _) => tag(db, wanted, found).await.map(|()| true),
            _ => {
                let request = request(wanted, found, difference, db.once().update_table())
                    .map_err(|error| unbuilt("UpdateTable", name, error))?;
                send(db, name, request.table_name(name)).await
            }
        }
    }
}

/// Sends an UpdateTable. `false` where somebody else changes the table just now, or an attempt whose answer was lost did:
/// the caller looks again.
pub(super) async fn send(
    db: &Database,
    name: &str,
    request: UpdateTableFluentBuilder,
) -> Result<bool, Error> {
    let answer = repeat_and_tell(db, "UpdateTable", name, || request.clone().send()).await;
    match answer {
        (Ok(_), _) => Ok(true),
        (Err(Error::Service(error)), ambiguous) => {
            let is_busy =
                matches!(error.code.as_str(), "ResourceInUseException" | "LimitExceededException");
            let found = describe::table(db, name).await?;
            let is_changing = found.is_some_and(|found| !describe::is_active(&found));
            let looks_again = ambiguous || (is_busy && is_changing);
            if looks_again { Ok(false) } else { Err(Error::Service(error)) }
        }
        (Err(error), _) => Err(error),
    }
}

async fn tag(db: &Database, wanted: &Wanted, found: &TableInfo) -> Result<(), Error> {
    let name = wanted.name.as_str();
    let tags: Result<Vec<_>, _> = wanted.settings.tags.iter().map(create::tag).collect();
    let tags = tags.map_err(|error| unbuilt("TagResource", name, error))?;
    let arn = found.table.table_arn().unwrap_or_default();
    let answer = repeat(db, "TagResource", name, || {
        db.once().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
    });
    answer.await.map(drop)
}

/// The one change that a difference asks for.
fn request(
    wanted: &Wanted,
    found: &TableInfo,
    difference: &Difference,
    request: UpdateTableFluentBuilder,
) -> Result<UpdateTableFluentBuilder, BuildError> {
    let settings = wanted.settings;
    let index = difference.index.as_deref().unwrap_or_default();
    Ok(match difference.kind {
        DifferenceKind::NoIndex => {
            let keys = wanted.index(index).map(|index| index.keys.clone()).unwrap_or_default();
            let keys: Vec<_> = wanted.keys.iter().cloned().chain(keys).collect();
            request
                .set_attribute_definitions(Some(wanted.definitions(&keys)))
                .global_secondary_index_updates(add(wanted, index, found.billing())?)
        }
        DifferenceKind::UnknownIndex | DifferenceKind::IndexKeys | DifferenceKind::Projection => {
            let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(index).build()?;
            let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
            request.global_secondary_index_updates(update)
        }
        DifferenceKind::Billing => billing(request, wanted, found)?,
        DifferenceKind::Throughput => match (difference.index.as_deref(), settings.billing) {
            (Some(index), _) => {
                let throughput = settings.of_index(index).unwrap_or(Throughput::new(1, 1));
                request.global_secondary_index_updates(index_throughput(index, throughput)?)
            }
            (None, Some(Billing::Provisioned(throughput))) => {
                request.provisioned_throughput(provisioned(throughput)?)
            }
            (None, _) => request,
        },
        // The service refuses to change a stream: it is turned off, and made anew.
        DifferenceKind::Stream => {
            let view = settings.stream.unwrap_or(crate::settings::StreamView::Off);
            let view =
                if difference.found == OFF { view } else { crate::settings::StreamView::Off };
            request.stream_specification(create::stream(view)?)
        }
        DifferenceKind::Encryption => {
            let encryption = settings.encryption.unwrap_or(crate::settings::Encryption::Owned);
            request.sse_specification(encryption.specification())
        }
        DifferenceKind::DeletionProtection => {
            request.set_deletion_protection_enabled(settings.deletion_protection)
        }
        DifferenceKind::Class => {
            request.set_table_class(settings.class.map(crate::settings::TableClass::aws))
        }
        _ => request,
    })
}

/// All of a table's capacity at once, as the service wants it.
fn billing(
    request: UpdateTableFluentBuilder,
    wanted: &Wanted,
    found: &TableInfo,
) -> Result<UpdateTableFluentBuilder, BuildError> {
    let Some(Billing::Provisioned(throughput)) = wanted.settings.billing else {
        return Ok(request.billing_mode(BillingMode::PayPerRequest));
    };
    let mut request = request
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(provisioned(throughput)?);
    for index in found.indexes().iter().filter(|index| !index.local) {
        let own = wanted.settings.of_index(index.name).unwrap_or(throughput);
        request = request.global_secondary_index_updates(index_throughput(index.name, own)?);
    }
    Ok(request)
}

fn add(
    wanted: &Wanted,
    index: &str,
    billing: Billing,
) -> Result<GlobalSecondaryIndexUpdate, BuildError> {
    let found = wanted.index(index);
    let throughput = match billing {
        Billing::PerRequest => None,
        Billing::Provisioned(table) => Some(wanted.settings.of_index(index).unwrap_or(table)),
    };
    let create = CreateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .set_key_schema(found.map(|index| index.keys.clone()))
        .set_projection(found.map(|index| index.projection.clone()))
        .set_provisioned_throughput(throughput.map(provisioned).transpose()?)
        .build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().create(create).build())
}

pub(super) fn index_throughput(
    index: &str,
    throughput: Throughput,
) -> Result<GlobalSecondaryIndexUpdate, BuildError> {
    let update = UpdateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .provisioned_throughput(provisioned(throughput)?)
        .build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

impl<'a> IntoFuture for TableUpdate<'a> {
    type Output = Result<TableUpdated, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for TableUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableUpdate")
            .field("drop_indexes", &self.drop_indexes)
            .finish_non_exhaustive()
    }
}
