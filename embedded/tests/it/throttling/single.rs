//! Reads and writes of one item.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{BatchStatementRequest, ParameterizedStatement};

use super::stage::{
    CODE, TABLE, get, notes, put, put_large, reasons, throttled, until_refused, wait,
};
use crate::support::{TestResult, text};

const FAILED: &str = "ConditionalCheckFailedException";

#[tokio::test(start_paused = true)]
async fn a_new_table_takes_the_writes_of_one_second_and_then_those_of_each_second() -> TestResult {
    let client = throttled(300)?;
    notes(&client, 1, 5).await?;
    for _second in 0..3 {
        assert_eq!(until_refused(|| put(&client, "a")).await?, 5);
        wait(1.0).await;
    }
    wait(0.4).await;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_eventual_read_costs_half_of_a_strong_one_and_reads_take_nothing_from_writes()
-> TestResult {
    let client = throttled(300)?;
    notes(&client, 4, 1).await?;
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 4);
    assert!(put(&client, "a").await?);
    wait(1.0).await;
    assert_eq!(until_refused(|| get(&client, "a", false)).await?, 8);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn five_minutes_of_unused_capacity_are_kept() -> TestResult {
    let client = throttled(300)?;
    notes(&client, 2, 1).await?;
    wait(10_000.0).await;
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 602);
    assert_eq!(until_refused(|| put(&client, "a")).await?, 301);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_no_burst_has_the_capacity_of_one_second_however_long_it_rests()
-> TestResult {
    let client = throttled(0)?;
    notes(&client, 3, 2).await?;
    wait(10_000.0).await;
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 3);
    assert_eq!(until_refused(|| put(&client, "a")).await?, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_large_write_is_accepted_on_credit_and_the_next_one_waits_until_it_is_paid_off()
-> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 2).await?;
    assert!(put_large(&client, "a", 10).await?); // 11 units of 2 that are there
    wait(4.5).await;
    assert!(!put(&client, "a").await?);
    wait(0.5).await; // the old item is as large as it was
    assert!(put(&client, "b").await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_leaves_the_item_as_it_is_and_costs_nothing() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 10, 1).await?;
    assert!(put(&client, "a").await?);
    for _ in 0..100 {
        assert!(!put(&client, "b").await?);
    }
    let found = client.scan().table_name(TABLE).send().await?;
    assert_eq!(found.count(), 1);
    wait(1.0).await;
    assert!(put(&client, "b").await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_sdk_sees_the_exception_with_its_reasons() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 1).await?;
    until_refused(|| put(&client, "a")).await?;
    until_refused(|| get(&client, "a", true)).await?;
    let request = client.put_item().table_name(TABLE).item("id", text("a")).item("at", text("1"));
    match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(PutItemError::ProvisionedThroughputExceededException(refused)) => {
            let told = reasons(refused.throttling_reasons());
            assert_eq!(told, [("TableWriteProvisionedThroughputExceeded", "notes")]);
            let message = refused.message().ok_or("no message")?;
            assert!(message.starts_with("The level of configured provisioned throughput"));
        }
        other => return Err(format!("{other:?}").into()),
    }
    let request = client.get_item().table_name(TABLE).key("id", text("a")).key("at", text("1"));
    match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Err(GetItemError::ProvisionedThroughputExceededException(refused)) => {
            let told = reasons(refused.throttling_reasons());
            assert_eq!(told, [("TableReadProvisionedThroughputExceeded", "notes")]);
        }
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_condition_fails_is_paid_for_by_the_size_of_what_is_there() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 10).await?;
    assert!(put_large(&client, "a", 2).await?);
    wait(1.0).await;
    let insert = |id| {
        let put = client.put_item().table_name(TABLE).item("id", text(id)).item("at", text("1"));
        put.condition_expression("attribute_not_exists(id)").send()
    };
    assert_eq!(insert("a").await.err().ok_or("accepted")?.code(), Some(FAILED)); // 3
    let update = client.update_item().table_name(TABLE).key("id", text("b")).key("at", text("1"));
    let update = update.update_expression("REMOVE n").condition_expression("attribute_exists(id)");
    assert_eq!(update.send().await.err().ok_or("accepted")?.code(), Some(FAILED)); // 1
    let delete = client.delete_item().table_name(TABLE).key("id", text("b")).key("at", text("1"));
    let delete = delete.condition_expression("attribute_exists(id)");
    assert_eq!(delete.send().await.err().ok_or("accepted")?.code(), Some(FAILED)); // 1
    assert_eq!(until_refused(|| put(&client, "c")).await?, 5);
    assert_eq!(insert("a").await.err().ok_or("accepted")?.code(), Some(CODE));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_valid_costs_nothing() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 2, 2).await?;
    for _ in 0..100 {
        let put = client.put_item().table_name(TABLE).item("id", text("a"));
        assert_eq!(put.send().await.err().ok_or("accepted")?.code(), Some("ValidationException"));
        let get = client.get_item().table_name(TABLE).key("id", text("a"));
        assert_eq!(get.send().await.err().ok_or("accepted")?.code(), Some("ValidationException"));
    }
    assert_eq!(until_refused(|| put(&client, "a")).await?, 2);
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn statements_pay_and_are_not_refused() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 4, 2).await?;
    let execute = |statement: &str| client.execute_statement().statement(statement).send();
    for _ in 0..2 {
        execute("select * from notes where id = 'a' and \"at\" = '1'").await?; // 0.5 each
    }
    execute("INSERT INTO notes VALUE {'id': 'a', 'at': '1'}").await?;
    assert_eq!(until_refused(|| get(&client, "a", true)).await?, 3);
    assert_eq!(until_refused(|| put(&client, "b")).await?, 1);
    wait(1.0).await;
    let select = "SELECT * FROM notes WHERE id = 'a' AND \"at\" = '1'";
    let statement = BatchStatementRequest::builder().statement(select).build()?;
    let batch = client.batch_execute_statement().statements(statement);
    batch.send().await?; // 0.5
    let statement = ParameterizedStatement::builder().statement(select).build()?;
    client.execute_transaction().transact_statements(statement).send().await?; // 2
    assert_eq!(until_refused(|| get(&client, "a", false)).await?, 3);
    assert_eq!(until_refused(|| put(&client, "b")).await?, 2);
    execute("DELETE FROM notes WHERE id = 'a' AND \"at\" = '1'").await?;
    Ok(())
}
