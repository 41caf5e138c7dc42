//! Buckets follow the settings of their tables.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate,
    KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType,
    UpdateGlobalSecondaryIndexAction,
};

use super::stage::{
    TABLE, accepted, create, get, notes, put, put_large, rates, throttled, until_refused, wait,
};
use crate::support::{TestResult, plain, text};

async fn provision(client: &Client, read: i64, write: i64) -> TestResult {
    let update = client.update_table().table_name(TABLE);
    update.provisioned_throughput(rates(read, write)?).send().await?;
    Ok(())
}

async fn scan_index(client: &Client) -> Result<bool, Box<dyn std::error::Error>> {
    accepted(client.scan().table_name(TABLE).index_name("by_owner").send().await)
}

#[tokio::test(start_paused = true)]
async fn a_new_throughput_takes_effect_at_once_and_what_is_owed_stays_owed() -> TestResult {
    let client = throttled(10)?;
    notes(&client, 1, 1).await?;
    assert!(put_large(&client, "a", 20).await?); // 21 of 1
    provision(&client, 1, 40).await?;
    wait(0.5).await;
    assert!(!put(&client, "b").await?);
    wait(0.25).await;
    assert_eq!(until_refused(|| put(&client, "b")).await?, 10);
    wait(100.0).await;
    provision(&client, 1, 2).await?;
    assert_eq!(until_refused(|| put(&client, "b")).await?, 22);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_new_throughput_of_an_index_takes_effect_at_once_and_outlasts_other_changes() -> TestResult
{
    let client = throttled(0)?;
    create(&client, TABLE, rates(1, 1)?, rates(1, 1)?).await?;
    assert_eq!(until_refused(|| scan_index(&client)).await?, 2);
    let index = UpdateGlobalSecondaryIndexAction::builder()
        .index_name("by_owner")
        .provisioned_throughput(rates(10, 10)?)
        .build()?;
    let index = GlobalSecondaryIndexUpdate::builder().update(index).build();
    client.update_table().table_name(TABLE).global_secondary_index_updates(index).send().await?;
    wait(1.0).await;
    assert_eq!(until_refused(|| scan_index(&client)).await?, 20);
    provision(&client, 5, 5).await?;
    wait(1.0).await;
    assert_eq!(until_refused(|| scan_index(&client)).await?, 20);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_index_that_is_added_has_its_own_throughput() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 100).await?;
    let key = KeySchemaElement::builder().attribute_name("kind").key_type(KeyType::Hash).build()?;
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name("by_kind_too")
        .key_schema(key)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .provisioned_throughput(rates(3, 3)?)
        .build()?;
    let kind = AttributeDefinition::builder().attribute_name("kind");
    let update = client
        .update_table()
        .table_name(TABLE)
        .attribute_definitions(kind.attribute_type(ScalarAttributeType::S).build()?)
        .global_secondary_index_updates(
            GlobalSecondaryIndexUpdate::builder().create(index).build(),
        );
    update.send().await?;
    let scan = || client.scan().table_name(TABLE).index_name("by_kind_too").send();
    assert_eq!(until_refused(|| async { accepted(scan().await) }).await?, 6);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_paid_for_by_request_is_not_throttled() -> TestResult {
    let client = throttled(0)?;
    plain(&client, "others")?.send().await?;
    for _ in 0..1_000 {
        let get = client.get_item().table_name("others").key("id", text("a")).key("at", text("1"));
        get.send().await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_changes_between_the_modes_of_payment() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(1, 1)?, rates(1, 1)?).await?;
    until_refused(|| get(&client, "a", true)).await?;
    until_refused(|| scan_index(&client)).await?;
    let update = || client.update_table().table_name(TABLE);
    update().billing_mode(BillingMode::PayPerRequest).send().await?;
    for _ in 0..100 {
        assert!(get(&client, "a", true).await?);
        assert!(scan_index(&client).await?);
    }
    let provisioned = update().billing_mode(BillingMode::Provisioned);
    provisioned.provisioned_throughput(rates(3, 3)?).send().await?;
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_deleted_and_made_again_is_new() -> TestResult {
    let client = throttled(300)?;
    notes(&client, 1, 1).await?;
    assert!(put_large(&client, "a", 100).await?);
    wait(50.0).await;
    assert!(!put(&client, "a").await?);
    client.delete_table().table_name(TABLE).send().await?;
    wait(50.0).await;
    notes(&client, 1, 5).await?;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 5);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_that_does_not_exist_is_not_found_rather_than_throttled() -> TestResult {
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    let client = throttled(0)?;
    for _ in 0..3 {
        let put = client.put_item().table_name(TABLE).item("id", text("a")).item("at", text("1"));
        let error = put.send().await.err().ok_or("accepted")?;
        assert_eq!(error.code(), Some("ResourceNotFoundException"));
    }
    notes(&client, 1, 2).await?;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 2);
    Ok(())
}
