//! A store whose tables are administered as on the service, and short ways to administer them.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction,
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndex, GlobalSecondaryIndexDescription,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, OnDemandThroughput, Projection,
    ProjectionType, ProvisionedThroughput, ScalarAttributeType, TableDescription,
    UpdateGlobalSecondaryIndexAction, WarmThroughput,
};
use dynamap_embedded::{ControlPlane, builder};

use crate::support::text;
use crate::throttling::stage::{rates, without_retries};

pub(crate) const TABLE: &str = "notes";

pub(crate) type Answer<T> = Result<T, Box<dyn Error>>;

/// A store in memory; its client repeats nothing.
pub(crate) fn plane(control: ControlPlane) -> Answer<Client> {
    Ok(without_retries(&builder().control_plane(control).memory()?))
}

/// A store in which nothing takes a poll.
pub(crate) fn limited() -> Answer<Client> {
    plane(ControlPlane::at_once())
}

/// `Ok` if a request was accepted, the code of its refusal otherwise.
pub(crate) fn code<T, E>(answer: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata,
{
    match answer {
        Ok(_) => "Ok".to_owned(),
        Err(error) => error.code().unwrap_or("no answer").to_owned(),
    }
}

fn key(name: &str) -> Answer<KeySchemaElement> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build()?)
}

fn attribute(name: &str) -> Answer<AttributeDefinition> {
    let attribute = AttributeDefinition::builder().attribute_name(name);
    Ok(attribute.attribute_type(ScalarAttributeType::S).build()?)
}

fn everything() -> Projection {
    Projection::builder().projection_type(ProjectionType::All).build()
}

/// A table with the key `id`, without indexes, that is paid for by request.
pub(crate) fn table(client: &Client, name: &str) -> Answer<CreateTableFluentBuilder> {
    Ok(client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id")?)
        .key_schema(key("id")?))
}

/// As [`table`], with the global index `by_owner`.
pub(crate) fn indexed(client: &Client, name: &str) -> Answer<CreateTableFluentBuilder> {
    let index = global("by_owner")?.build()?;
    Ok(table(client, name)?
        .attribute_definitions(attribute("owner")?)
        .global_secondary_indexes(index))
}

/// As [`indexed`], with units of the table and of its index.
pub(crate) fn provisioned(
    client: &Client,
    own: i64,
    index: i64,
) -> Answer<CreateTableFluentBuilder> {
    let index = global("by_owner")?.provisioned_throughput(rates(index, index)?).build()?;
    Ok(table(client, TABLE)?
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(rates(own, own)?)
        .attribute_definitions(attribute("owner")?)
        .global_secondary_indexes(index))
}

fn global(name: &str) -> Answer<aws_sdk_dynamodb::types::builders::GlobalSecondaryIndexBuilder> {
    Ok(GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key("owner")?)
        .projection(everything()))
}

pub(crate) fn update(client: &Client) -> UpdateTableFluentBuilder {
    client.update_table().table_name(TABLE)
}

/// An update that adds an index over `colour`.
pub(crate) fn add(
    client: &Client,
    index: &str,
    units: Option<ProvisionedThroughput>,
) -> Answer<UpdateTableFluentBuilder> {
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .key_schema(key("colour")?)
        .projection(everything())
        .set_provisioned_throughput(units)
        .build()?;
    let change = GlobalSecondaryIndexUpdate::builder().create(index).build();
    let update = update(client).attribute_definitions(attribute("colour")?);
    Ok(update.global_secondary_index_updates(change))
}

pub(crate) fn removal(index: &str) -> Answer<GlobalSecondaryIndexUpdate> {
    let index = DeleteGlobalSecondaryIndexAction::builder().index_name(index).build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().delete(index).build())
}

/// What an update asks of an index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    pub(crate) units: Option<i64>,
    pub(crate) warm: Option<i64>,
    pub(crate) maximum: Option<i64>,
}

pub(crate) fn change(index: &str, wish: &Wish) -> Answer<GlobalSecondaryIndexUpdate> {
    let Wish { units, warm, maximum } = wish;
    let index = UpdateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .set_provisioned_throughput(units.map(|units| rates(units, units)).transpose()?)
        .set_warm_throughput(warm.map(warmth))
        .set_on_demand_throughput(maximum.map(at_most));
    Ok(GlobalSecondaryIndexUpdate::builder().update(index.build()?).build())
}

pub(crate) fn warmth(units: i64) -> WarmThroughput {
    WarmThroughput::builder().read_units_per_second(units).write_units_per_second(units).build()
}

pub(crate) fn at_most(units: i64) -> OnDemandThroughput {
    OnDemandThroughput::builder().max_read_request_units(units).build()
}

/// One poll: the table's status, or why there is none.
pub(crate) async fn poll(client: &Client, name: &str) -> String {
    match client.describe_table().table_name(name).send().await {
        Ok(told) => told
            .table
            .and_then(|table| table.table_status)
            .map_or_else(|| "no status".to_owned(), |status| status.to_string()),
        Err(error) => error.code().unwrap_or("no answer").to_owned(),
    }
}

pub(crate) async fn polls(client: &Client, name: &str, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.push(poll(client, name).await);
    }
    seen
}

/// Polls until nothing is under way any more.
pub(crate) async fn settle(client: &Client, name: &str) {
    polls(client, name, 8).await;
}

pub(crate) async fn describe(client: &Client) -> Answer<TableDescription> {
    let told = client.describe_table().table_name(TABLE).send().await?;
    told.table.ok_or_else(|| "no table".into())
}

/// One poll: an index as it tells it.
pub(crate) async fn index(
    client: &Client,
    name: &str,
) -> Answer<Option<GlobalSecondaryIndexDescription>> {
    let told = describe(client).await?;
    let indexes = told.global_secondary_indexes.unwrap_or_default();
    Ok(indexes.into_iter().find(|index| index.index_name() == Some(name)))
}

pub(crate) async fn put(client: &Client, name: &str) -> String {
    let put = client.put_item().table_name(name).item("id", text("a"));
    code(put.item("owner", text("ann")).item("colour", text("red")).send().await)
}

pub(crate) async fn scan(client: &Client, index: &str) -> String {
    code(client.scan().table_name(TABLE).index_name(index).send().await)
}

pub(crate) async fn hours(count: f64) {
    tokio::time::advance(Duration::from_secs_f64(count * 3600.0)).await;
}
