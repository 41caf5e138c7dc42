//! Global indexes have a capacity of their own, local ones that of their table; queries and scans pay for what they read.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::stage::{
    TABLE, accepted, create, notes, number, put, put_large, rates, reasons, throttled,
    until_refused, wait,
};
use crate::support::{TestResult, text};

/// A put of an item that is in the global index.
async fn put_owned(
    client: &Client,
    id: &str,
    owner: &str,
) -> Result<bool, Box<dyn std::error::Error>> {
    let put = client.put_item().table_name(TABLE).item("id", text(id)).item("at", text("1"));
    accepted(put.item("owner", text(owner)).send().await)
}

async fn count_up(client: &Client, id: &str) -> Result<bool, Box<dyn std::error::Error>> {
    let update = client.update_item().table_name(TABLE).key("id", text(id)).key("at", text("1"));
    let update = update.update_expression("ADD seen :one");
    accepted(update.expression_attribute_values(":one", number(1)).send().await)
}

async fn move_to(
    client: &Client,
    id: &str,
    owner: &str,
) -> Result<bool, Box<dyn std::error::Error>> {
    let update = client.update_item().table_name(TABLE).key("id", text(id)).key("at", text("1"));
    let update = update.update_expression("SET #o = :o").expression_attribute_names("#o", "owner");
    accepted(update.expression_attribute_values(":o", text(owner)).send().await)
}

#[tokio::test(start_paused = true)]
async fn a_query_and_a_scan_pay_for_what_they_read() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 10, 100).await?;
    for id in ["a", "b", "c"] {
        assert!(put_large(&client, id, 7).await?); // 2 units to read
    }
    let query = |id| {
        let query = client.query().table_name(TABLE).key_condition_expression("id = :id");
        let query = query.expression_attribute_values(":id", text(id)).consistent_read(true);
        async move { accepted(query.send().await) }
    };
    assert_eq!(until_refused(|| query("a")).await?, 5);
    wait(1.0).await;
    let scan = || async { accepted(client.scan().table_name(TABLE).send().await) };
    assert_eq!(until_refused(scan).await?, 4); // 3 each: the fourth on credit
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_read_of_a_global_index_draws_on_it_and_one_of_a_local_index_on_the_table() -> TestResult
{
    let client = throttled(0)?;
    create(&client, TABLE, rates(2, 100)?, rates(3, 100)?).await?;
    assert!(put_owned(&client, "a", "ann").await?);
    let scan = |index| {
        let scan = client.scan().table_name(TABLE).set_index_name(index);
        async move { accepted(scan.send().await) }
    };
    assert_eq!(until_refused(|| scan(Some("by_owner".to_owned()))).await?, 6);
    assert_eq!(until_refused(|| scan(Some("by_kind".to_owned()))).await?, 4);
    assert_eq!(until_refused(|| scan(None)).await?, 0);
    wait(1.0).await;
    assert_eq!(until_refused(|| scan(None)).await?, 4);
    assert_eq!(until_refused(|| scan(Some("by_owner".to_owned()))).await?, 6);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_read_of_an_index_that_is_refused_names_it() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(2, 2)?, rates(1, 1)?).await?;
    let scan = || client.scan().table_name(TABLE).index_name("by_owner").send();
    until_refused(|| async { accepted(scan().await) }).await?;
    match scan().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(
            aws_sdk_dynamodb::operation::scan::ScanError::ProvisionedThroughputExceededException(
                refused,
            ),
        ) => assert_eq!(
            reasons(refused.throttling_reasons()),
            [("IndexReadProvisionedThroughputExceeded", "notes/index/by_owner")]
        ),
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_for_the_index_that_it_changes() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(100, 100)?, rates(100, 2)?).await?;
    assert!(put_owned(&client, "a", "ann").await?);
    assert!(put_owned(&client, "b", "ann").await?);
    let request = client.put_item().table_name(TABLE).item("id", text("c")).item("at", text("1"));
    let refused = request.item("owner", text("ann")).send().await;
    match refused.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(PutItemError::ProvisionedThroughputExceededException(refused)) => {
            let told = reasons(refused.throttling_reasons());
            assert_eq!(told, [("IndexWriteProvisionedThroughputExceeded", "notes/index/by_owner")]);
            let message = refused.message().ok_or("no message")?;
            assert!(message.contains("global secondary indexes"), "{message}");
        }
        other => return Err(format!("{other:?}").into()),
    }
    wait(1.0).await;
    assert!(move_to(&client, "a", "bob").await?); // out of one place and into another: 2
    assert!(!move_to(&client, "b", "bob").await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_leaves_a_spent_index_alone_is_accepted() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(100, 100)?, rates(100, 1)?).await?;
    assert!(put_owned(&client, "a", "ann").await?);
    assert!(!put_owned(&client, "b", "ann").await?);
    assert!(put(&client, "c").await?); // in no index
    assert!(count_up(&client, "a").await?); // an index of keys does not change
    assert!(put_owned(&client, "a", "ann").await?); // nor does it here
    assert!(!move_to(&client, "a", "bob").await?);
    let delete =
        |id| client.delete_item().table_name(TABLE).key("id", text(id)).key("at", text("1"));
    assert!(accepted(delete("c").send().await)?);
    assert!(!accepted(delete("a").send().await)?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_action_of_a_transaction_waits_for_the_index_that_it_changes() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(100, 100)?, rates(100, 1)?).await?;
    assert!(put_owned(&client, "a", "ann").await?);
    let plain = |id| Put::builder().table_name(TABLE).item("id", text(id)).item("at", text("1"));
    let action = |put| TransactWriteItem::builder().put(put).build();
    let request = client
        .transact_write_items()
        .transact_items(action(plain("b").build()?))
        .transact_items(action(plain("c").item("owner", text("ann")).build()?));
    let error = request.send().await.err().ok_or("committed")?.into_service_error();
    let message = format!("{error:?}");
    assert!(message.contains("[None, ProvisionedThroughputExceeded]"), "{message}");
    let request = client.transact_write_items().transact_items(action(plain("b").build()?));
    request.send().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_its_table_refuses_is_not_refused_by_an_index_as_well() -> TestResult {
    let client = throttled(0)?;
    create(&client, TABLE, rates(1, 1)?, rates(1, 1)?).await?;
    assert!(put_owned(&client, "a", "ann").await?);
    let put = client.put_item().table_name(TABLE).item("id", text("b")).item("at", text("1"));
    let refused = put.item("owner", text("ann")).send().await;
    match refused.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(PutItemError::ProvisionedThroughputExceededException(refused)) => {
            let told = reasons(refused.throttling_reasons());
            assert_eq!(told, [("TableWriteProvisionedThroughputExceeded", "notes")]);
        }
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}
