//! A transaction for which there is no capacity does nothing, and says which actions lacked it.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Get, Put, TransactGetItem, TransactWriteItem};

use super::stage::{create, get, notes, put, rates, throttled, until_refused, wait};
use crate::support::{TestResult, count, text};

const EXCEEDED: &str = "ProvisionedThroughputExceeded";

fn write(table: &str, id: &str) -> Result<TransactWriteItem, Box<dyn Error>> {
    let put = Put::builder().table_name(table).item("id", text(id)).item("at", text("1"));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

fn read(table: &str, id: &str) -> Result<TransactGetItem, Box<dyn Error>> {
    let get = Get::builder().table_name(table).key("id", text(id)).key("at", text("1"));
    Ok(TransactGetItem::builder().get(get.build()?).build())
}

fn codes(reasons: &[CancellationReason]) -> Vec<String> {
    reasons.iter().filter_map(|reason| reason.code.clone()).collect()
}

/// The codes with which it was cancelled; none if it was not.
async fn commit(
    client: &Client,
    actions: Vec<TransactWriteItem>,
) -> Result<Vec<String>, Box<dyn Error>> {
    match client.transact_write_items().set_transact_items(Some(actions)).send().await {
        Ok(_) => Ok(Vec::new()),
        Err(error) => match error.into_service_error() {
            TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                Ok(codes(cancelled.cancellation_reasons()))
            }
            other => Err(other.into()),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_of_writes_costs_twice_and_is_refused_as_a_whole() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 4).await?;
    create(&client, "others", rates(100, 100)?, rates(100, 100)?).await?;
    let actions = || Ok::<_, Box<dyn Error>>(vec![write("notes", "a")?, write("others", "a")?]);
    assert!(commit(&client, actions()?).await?.is_empty()); // 2 of 4
    assert!(commit(&client, actions()?).await?.is_empty()); // 4 of 4
    let several = vec![write("others", "b")?, write("notes", "b")?, write("others", "c")?];
    assert_eq!(commit(&client, several).await?, ["None", EXCEEDED, "None"]);
    assert_eq!(count(&client, "others", None).await?, 1);
    wait(1.0).await;
    assert_eq!(until_refused(|| put(&client, "c")).await?, 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transaction_of_reads_costs_twice_and_is_refused_as_a_whole() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 5, 1).await?;
    create(&client, "others", rates(100, 100)?, rates(100, 100)?).await?;
    let send = || async {
        let request = client.transact_get_items().transact_items(read("others", "a")?);
        Ok::<_, Box<dyn Error>>(request.transact_items(read("notes", "a")?).send().await)
    };
    for _ in 0..3 {
        send().await??; // 2 each: the third on credit
    }
    match send().await?.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(TransactGetItemsError::TransactionCanceledException(cancelled)) => {
            assert_eq!(codes(cancelled.cancellation_reasons()), ["None", EXCEEDED]);
            let reason = &cancelled.cancellation_reasons()[1];
            let message = reason.message().ok_or("no message")?;
            assert!(message.contains("provisioned throughput for the table"), "{message}");
            assert_eq!(cancelled.cancellation_reasons()[0].message(), None);
        }
        other => return Err(format!("{other:?}").into()),
    }
    wait(0.25).await; // 1 is owed, 1.25 come in
    assert!(get(&client, "a", true).await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transaction_whose_condition_fails_is_paid_for() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 5).await?;
    assert!(put(&client, "a").await?); // 1
    let put_new = Put::builder()
        .table_name("notes")
        .item("id", text("a"))
        .item("at", text("1"))
        .condition_expression("attribute_not_exists(id)")
        .build()?;
    let actions = vec![TransactWriteItem::builder().put(put_new).build(), write("notes", "b")?];
    assert_eq!(commit(&client, actions).await?, ["ConditionalCheckFailed", "None"]); // 1 + 1
    assert_eq!(until_refused(|| put(&client, "c")).await?, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_sent_again_with_its_token_pays_for_a_read() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 4, 4).await?;
    for _ in 0..2 {
        let request = client.transact_write_items().transact_items(write("notes", "a")?);
        request.client_request_token("once").send().await?;
    }
    assert_eq!(until_refused(|| put(&client, "b")).await?, 2);
    assert_eq!(until_refused(|| get(&client, "b", true)).await?, 2);
    Ok(())
}
