//! CreateTable, and waiting until the table can be used.

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, StreamSpecification, TableDescription, TableStatus, Tag,
};
use tokio::time::Instant;

use super::describe::TableInfo;
use super::difference::{DifferenceKind, differences};
use super::wait;
use super::wanted::{Wanted, provisioned};
use super::{describe, recovery, ttl, unbuilt};
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::layout::Layout;
use crate::retry::repeat_and_tell;
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

pub(super) async fn one(db: &Database, wanted: &Wanted, if_missing: bool) -> Result<(), Error> {
    let name = wanted.name.as_str();
    if !is_table_name(name) {
        return Err(TableError::IllegalName { table: name.to_owned() }.into());
    }
    // Programs that run every day need no right to create tables.
    if !if_missing || !is_there(db, name).await? {
        create(db, wanted, if_missing).await?;
    }
    let found = wait::until(db, name, None, |found| found.is_some_and(describe::is_active)).await?;
    check_keys(wanted, found)?;
    if wanted.settings.point_in_time_recovery == Some(true) {
        recovery::set(db, name, true).await?;
    }
    match wanted.ttl {
        Some(attribute) => ttl::enable(db, name, attribute).await,
        None => Ok(()),
    }
}

/// Whether there is a table that is not being deleted.
async fn is_there(db: &Database, name: &str) -> Result<bool, Error> {
    let Some(found) = describe::table(db, name).await? else { return Ok(false) };
    if found.table_status() != Some(&TableStatus::Deleting) {
        return Ok(true);
    }
    wait::until(db, name, None, |found| found.is_none()).await?;
    Ok(false)
}

/// Sends the request. Whether the table is ours is not known where an answer was lost and another one says that it is there:
/// its keys are compared in any case.
async fn create(db: &Database, wanted: &Wanted, if_missing: bool) -> Result<(), Error> {
    let name = wanted.name.as_str();
    let request = request(db, wanted)?;
    let began = Instant::now();
    let (mut was_lost, mut looks) = (false, 0);
    loop {
        let (answer, ambiguous) =
            repeat_and_tell(db, "CreateTable", name, || request.clone().send()).await;
        was_lost |= ambiguous;
        let error = match answer {
            Ok(_) => return Ok(()),
            Err(Error::Service(error)) => error,
            Err(Error::Busy(_)) if was_lost => {
                let operation = "CreateTable";
                return Err(TableError::Unknown { table: name.to_owned(), operation }.into());
            }
            Err(error) => return Err(error),
        };
        match error.code.as_str() {
            "ResourceInUseException" if if_missing || was_lost => return Ok(()),
            // Another table with indexes is being made.
            "LimitExceededException" if began.elapsed() < PATIENCE => {
                looks += 1;
                wait::pause(looks).await;
            }
            _ => return Err(Error::Service(error)),
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
