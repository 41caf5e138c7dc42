//! A throttled store with a clock that stands still, and short ways to use its capacity.

use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, LocalSecondaryIndex, Projection, ProjectionType, ProvisionedThroughput,
    ScalarAttributeType, ThrottlingReason,
};
use dynamap_embedded::{Throttle, builder};

use crate::support::text;

pub(crate) const TABLE: &str = "notes";
pub(crate) const CODE: &str = "ProvisionedThroughputExceededException";

/// A store in memory that keeps `burst` seconds of unused capacity; its client repeats nothing.
pub(crate) fn throttled(burst: u64) -> Result<Client, Box<dyn Error>> {
    let throttle = Throttle::provisioned().burst(Duration::from_secs(burst));
    Ok(without_retries(&builder().throttle(throttle).memory()?))
}

pub(crate) fn without_retries(client: &Client) -> Client {
    let config = client.config().to_builder().retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

pub(crate) fn rates(read: i64, write: i64) -> Result<ProvisionedThroughput, Box<dyn Error>> {
    Ok(ProvisionedThroughput::builder()
        .read_capacity_units(read)
        .write_capacity_units(write)
        .build()?)
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, Box<dyn Error>> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

fn attribute(name: &str) -> Result<AttributeDefinition, Box<dyn Error>> {
    let attribute = AttributeDefinition::builder().attribute_name(name);
    Ok(attribute.attribute_type(ScalarAttributeType::S).build()?)
}

/// A table with key `id` + `at`, a local index `by_kind`, and the global index `by_owner` over `owner` with keys only.
pub(crate) async fn create(
    client: &Client,
    table: &str,
    own: ProvisionedThroughput,
    by_owner: ProvisionedThroughput,
) -> Result<(), Box<dyn Error>> {
    let projection = |kind| Projection::builder().projection_type(kind).build();
    let global = GlobalSecondaryIndex::builder()
        .index_name("by_owner")
        .key_schema(key("owner", KeyType::Hash)?)
        .projection(projection(ProjectionType::KeysOnly))
        .provisioned_throughput(by_owner)
        .build()?;
    let local = LocalSecondaryIndex::builder()
        .index_name("by_kind")
        .key_schema(key("id", KeyType::Hash)?)
        .key_schema(key("kind", KeyType::Range)?)
        .projection(projection(ProjectionType::All))
        .build()?;
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(own)
        .attribute_definitions(attribute("id")?)
        .attribute_definitions(attribute("at")?)
        .attribute_definitions(attribute("owner")?)
        .attribute_definitions(attribute("kind")?)
        .key_schema(key("id", KeyType::Hash)?)
        .key_schema(key("at", KeyType::Range)?)
        .global_secondary_indexes(global)
        .local_secondary_indexes(local)
        .send()
        .await?;
    Ok(())
}

/// The table [`TABLE`], whose index has capacity for everything.
pub(crate) async fn notes(client: &Client, read: i64, write: i64) -> Result<(), Box<dyn Error>> {
    create(client, TABLE, rates(read, write)?, rates(1_000, 1_000)?).await
}

pub(crate) async fn wait(seconds: f64) {
    tokio::time::advance(Duration::from_secs_f64(seconds)).await;
}

/// `true` if a request was accepted, `false` if it was throttled; any other failure is one of the test.
pub(crate) fn accepted<T, E>(answer: Result<T, SdkError<E>>) -> Result<bool, Box<dyn Error>>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(CODE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// How often `request` is accepted until it is refused for the first time.
pub(crate) async fn until_refused<F>(request: impl Fn() -> F) -> Result<u32, Box<dyn Error>>
where
    F: Future<Output = Result<bool, Box<dyn Error>>>,
{
    let mut count = 0;
    while request().await? {
        count += 1;
        if count > 1_000 {
            return Err("it is never refused".into());
        }
    }
    Ok(count)
}

/// A put of an item of some 20 bytes, in no index.
pub(crate) async fn put(client: &Client, id: &str) -> Result<bool, Box<dyn Error>> {
    let put = client.put_item().table_name(TABLE).item("id", text(id)).item("at", text("1"));
    accepted(put.send().await)
}

/// A put of an item of more than `kilobytes`, and less than one more.
pub(crate) async fn put_large(
    client: &Client,
    id: &str,
    kilobytes: usize,
) -> Result<bool, Box<dyn Error>> {
    let body = text("x".repeat(kilobytes * 1024));
    let put = client.put_item().table_name(TABLE).item("id", text(id)).item("at", text("1"));
    accepted(put.item("body", body).send().await)
}

pub(crate) async fn get(client: &Client, id: &str, strong: bool) -> Result<bool, Box<dyn Error>> {
    let get = client.get_item().table_name(TABLE).key("id", text(id)).key("at", text("1"));
    accepted(get.consistent_read(strong).send().await)
}

/// The reasons and what they are about.
pub(crate) fn reasons(reasons: &[ThrottlingReason]) -> Vec<(&str, &str)> {
    reasons
        .iter()
        .map(|reason| {
            let resource = reason.resource().unwrap_or_default();
            let resource = resource.split_once(":table/").map_or(resource, |(_, name)| name);
            (reason.reason().unwrap_or_default(), resource)
        })
        .collect()
}

pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
