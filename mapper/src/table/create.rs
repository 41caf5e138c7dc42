//! CreateTable, and waiting until the table can be used.

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, PointInTimeRecoverySpecification, StreamSpecification, TableDescription, Tag,
};
use tokio::time::Instant;

use super::describe::TableInfo;
use super::difference::{DifferenceKind, differences};
use super::wait::{self, POLL};
use super::wanted::{Wanted, provisioned};
use super::{describe, ttl, unbuilt};
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::layout::Layout;
use crate::retry::{repeat, repeat_and_tell};
use crate::sequence::COUNTERS;
use crate::settings::{self, Billing, Encryption, StreamView, is_table_name};

/// How long the service may be busy with the tables of others.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(10);

/// Creates tables one after the other: the service makes one table with indexes at a time.
pub(super) async fn all(db: &Database, wanted: &[Wanted], if_missing: bool) -> Result<(), Error> {
    for wanted in wanted {
        one(db, wanted, if_missing || wanted.own).await?;
    }
    Ok(())
}

/// Creates the table of counters, where it is missing.
pub(crate) async fn counters(db: &Database) -> Result<(), Error> {
    let layout: &'static Layout = &COUNTERS;
    one(db, &Wanted::of(db, layout)?, true).await
}

async fn one(db: &Database, wanted: &Wanted, if_missing: bool) -> Result<(), Error> {
    let name = wanted.name.as_str();
    if !is_table_name(name) {
        return Err(TableError::IllegalName { table: name.to_owned() }.into());
    }
    // Programs that run every day need no right to create tables.
    let is_there = if_missing && describe::table(db, name).await?.is_some();
    let is_new = !is_there && create(db, wanted, if_missing).await?;
    let found = wait::until(db, name, None, |found| found.is_some_and(describe::is_active)).await?;
    if !is_new {
        check_keys(wanted, found)?;
    }
    if let Some(on) = wanted.settings.point_in_time_recovery.filter(|on| *on && is_new) {
        point_in_time_recovery(db, name, on).await?;
    }
    match wanted.ttl {
        Some(attribute) => ttl::enable(db, name, attribute).await,
        None => Ok(()),
    }
}

/// Sends the request; whether it made the table.
async fn create(db: &Database, wanted: &Wanted, if_missing: bool) -> Result<bool, Error> {
    let name = wanted.name.as_str();
    let request = request(db, wanted)?;
    let began = Instant::now();
    loop {
        let answer = repeat_and_tell(db, "CreateTable", name, || request.clone().send()).await;
        match answer {
            (Ok(_), _) => return Ok(true),
            // Somebody else made it, or we did and the answer was lost: its keys are compared afterwards.
            (Err(Error::Service(error)), ambiguous)
                if (if_missing || ambiguous) && error.code == "ResourceInUseException" =>
            {
                return Ok(ambiguous);
            }
            // Another table with indexes is being made.
            (Err(Error::Service(error)), _)
                if error.code == "LimitExceededException" && began.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(POLL).await;
            }
            (Err(error), _) => return Err(error),
        }
    }
}

fn request(db: &Database, wanted: &Wanted) -> Result<CreateTableFluentBuilder, Error> {
    let name = wanted.name.as_str();
    let unbuilt = |error| unbuilt("CreateTable", name, error);
    let (global, local) = (wanted.global().map_err(unbuilt)?, wanted.local().map_err(unbuilt)?);
    let settings = wanted.settings;
    let throughput = match settings.billing {
        Some(Billing::Provisioned(throughput)) => Some(provisioned(throughput).map_err(unbuilt)?),
        _ => None,
    };
    let mode =
        if throughput.is_some() { BillingMode::Provisioned } else { BillingMode::PayPerRequest };
    let tags: Result<Vec<_>, _> = settings.tags.iter().map(tag).collect();
    let tags = tags.map_err(unbuilt)?;
    let encryption = settings.encryption.filter(|wanted| *wanted != Encryption::Owned);
    Ok(db
        .once()
        .create_table()
        .table_name(name)
        .set_key_schema(Some(wanted.keys.clone()))
        .set_attribute_definitions(Some(wanted.attributes.clone()))
        .set_global_secondary_indexes((!global.is_empty()).then_some(global))
        .set_local_secondary_indexes((!local.is_empty()).then_some(local))
        .billing_mode(mode)
        .set_provisioned_throughput(throughput)
        .set_stream_specification(
            settings
                .stream
                .filter(|view| *view != StreamView::Off)
                .map(stream)
                .transpose()
                .map_err(unbuilt)?,
        )
        .set_sse_specification(encryption.map(Encryption::specification))
        .set_deletion_protection_enabled(settings.deletion_protection)
        .set_table_class(settings.class.map(settings::TableClass::aws))
        .set_tags((!tags.is_empty()).then_some(tags)))
}

pub(super) fn tag(
    (key, value): &(&'static str, &'static str),
) -> Result<Tag, aws_sdk_dynamodb::error::BuildError> {
    Tag::builder().key(*key).value(*value).build()
}

pub(super) fn stream(
    view: StreamView,
) -> Result<StreamSpecification, aws_sdk_dynamodb::error::BuildError> {
    let view = view.aws();
    StreamSpecification::builder().stream_enabled(view.is_some()).set_stream_view_type(view).build()
}

pub(super) async fn point_in_time_recovery(
    db: &Database,
    name: &str,
    on: bool,
) -> Result<(), Error> {
    let specification = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(on)
        .build()
        .map_err(|error| unbuilt("UpdateContinuousBackups", name, error))?;
    let answer = repeat(db, "UpdateContinuousBackups", name, || {
        db.once()
            .update_continuous_backups()
            .table_name(name)
            .point_in_time_recovery_specification(specification.clone())
            .send()
    });
    // A store that is not DynamoDB may not know of it.
    describe::known(answer.await).map(drop)
}

/// A table that somebody else made must have our keys.
fn check_keys(wanted: &Wanted, found: Option<TableDescription>) -> Result<(), Error> {
    let found = found.map(TableInfo::of);
    let mut differences = differences(wanted, found.as_ref());
    differences.retain(|difference| difference.kind == DifferenceKind::Keys);
    if differences.is_empty() {
        return Ok(());
    }
    Err(TableError::Differs { table: wanted.name.clone(), differences }.into())
}
