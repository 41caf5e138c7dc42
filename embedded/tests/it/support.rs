//! What the tests share: a table with every kind of index, and short ways to write and read.

use std::error::Error;
use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, LocalSecondaryIndex, Projection, ProjectionType, ScalarAttributeType,
};
use tempfile::TempDir;

pub(crate) type TestResult = Result<(), Box<dyn Error>>;

/// A directory that is gone after the test, and the path of a store in it.
pub(crate) fn place() -> Result<(TempDir, PathBuf), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("bank.db");
    Ok((directory, path))
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, Box<dyn Error>> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

fn attribute(name: &str) -> Result<AttributeDefinition, Box<dyn Error>> {
    Ok(AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()?)
}

fn everything() -> Projection {
    Projection::builder().projection_type(ProjectionType::All).build()
}

/// Key `id` + `at`; the global index `by_owner` and the local index `by_kind`.
pub(crate) fn create(
    client: &Client,
    table: &str,
) -> Result<CreateTableFluentBuilder, Box<dyn Error>> {
    let global = GlobalSecondaryIndex::builder()
        .index_name("by_owner")
        .key_schema(key("owner", KeyType::Hash)?)
        .projection(everything())
        .build()?;
    let local = LocalSecondaryIndex::builder()
        .index_name("by_kind")
        .key_schema(key("id", KeyType::Hash)?)
        .key_schema(key("kind", KeyType::Range)?)
        .projection(everything())
        .build()?;
    Ok(plain(client, table)?
        .attribute_definitions(attribute("owner")?)
        .attribute_definitions(attribute("kind")?)
        .global_secondary_indexes(global)
        .local_secondary_indexes(local))
}

/// As [`create`], with more global indexes.
pub(crate) fn create_with(
    client: &Client,
    table: &str,
    indexes: &[impl AsRef<str>],
) -> Result<CreateTableFluentBuilder, Box<dyn Error>> {
    let mut builder = create(client, table)?;
    for index in indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.as_ref())
            .key_schema(key("owner", KeyType::Hash)?)
            .key_schema(key("at", KeyType::Range)?)
            .projection(everything());
        builder = builder.global_secondary_indexes(index.build()?);
    }
    Ok(builder)
}

/// Key `id` + `at`, no index.
pub(crate) fn plain(
    client: &Client,
    table: &str,
) -> Result<CreateTableFluentBuilder, Box<dyn Error>> {
    Ok(client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id")?)
        .attribute_definitions(attribute("at")?)
        .key_schema(key("id", KeyType::Hash)?)
        .key_schema(key("at", KeyType::Range)?))
}

/// Adds a global index over `colour` to a table.
pub(crate) async fn add_index(client: &Client, table: &str, index: &str) -> TestResult {
    use aws_sdk_dynamodb::types::{CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate};
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .key_schema(key("colour", KeyType::Hash)?)
        .projection(everything())
        .build()?;
    client
        .update_table()
        .table_name(table)
        .attribute_definitions(attribute("colour")?)
        .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(index).build())
        .send()
        .await?;
    Ok(())
}

/// Puts one item that is in every index.
pub(crate) async fn put(client: &Client, table: &str, id: &str) -> TestResult {
    client
        .put_item()
        .table_name(table)
        .item("id", text(id))
        .item("at", text("1"))
        .item("owner", text("ann"))
        .item("kind", text("book"))
        .item("colour", text("red"))
        .send()
        .await?;
    Ok(())
}

/// How many items a scan of the table, or of one of its indexes, finds.
pub(crate) async fn count(
    client: &Client,
    table: &str,
    index: Option<&str>,
) -> Result<usize, Box<dyn Error>> {
    let mut pages = client
        .scan()
        .table_name(table)
        .set_index_name(index.map(str::to_owned))
        .into_paginator()
        .items()
        .send();
    let mut found = 0;
    while let Some(item) = pages.next().await {
        item?;
        found += 1;
    }
    Ok(found)
}

pub(crate) async fn tables(client: &Client) -> Result<Vec<String>, Box<dyn Error>> {
    let mut pages = client.list_tables().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(name) = pages.next().await {
        found.push(name?);
    }
    Ok(found)
}

/// The names of a table's global and local indexes.
pub(crate) async fn indexes(client: &Client, table: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let described =
        client.describe_table().table_name(table).send().await?.table.ok_or("no description")?;
    let global =
        described.global_secondary_indexes().iter().filter_map(|index| index.index_name.clone());
    let local =
        described.local_secondary_indexes().iter().filter_map(|index| index.index_name.clone());
    Ok(global.chain(local).collect())
}
