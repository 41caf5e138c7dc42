//! The operations, their errors, and the names the engine cannot hold, through the SDK.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, KeysAndAttributes, Put, PutRequest, ReturnValue, Tag,
    TimeToLiveSpecification, TransactGetItem, TransactWriteItem, WriteRequest,
};
use dynamap_embedded::{memory, open};

use crate::support::{
    TestResult, add_index, count, create, create_with, place, plain, put, tables, text,
};

#[tokio::test]
async fn every_kind_of_operation_works_in_memory() -> TestResult {
    every_kind_of_operation(&memory()?).await
}

#[tokio::test]
async fn every_kind_of_operation_works_on_a_file() -> TestResult {
    let (_directory, path) = place()?;
    every_kind_of_operation(&open(&path)?).await
}

async fn every_kind_of_operation(client: &Client) -> TestResult {
    create(client, "notes")?.send().await?;
    put(client, "notes", "a").await?;
    add_index(client, "notes", "by_colour").await?;
    assert_eq!(count(client, "notes", Some("by_colour")).await?, 1);
    items(client).await?;
    batches_and_transactions(client).await?;
    statements_and_settings(client).await?;
    client.delete_table().table_name("notes").send().await?;
    assert!(tables(client).await?.is_empty());
    Ok(())
}

async fn items(client: &Client) -> TestResult {
    let updated = client
        .update_item()
        .table_name("notes")
        .key("id", text("a"))
        .key("at", text("1"))
        .update_expression("ADD seen :one")
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .return_values(ReturnValue::UpdatedNew)
        .send()
        .await?;
    assert_eq!(
        updated.attributes().and_then(|new| new.get("seen")),
        Some(&AttributeValue::N("1".into()))
    );
    let got = client
        .get_item()
        .table_name("notes")
        .key("id", text("a"))
        .key("at", text("1"))
        .send()
        .await?;
    assert!(got.item().is_some());
    let deleted = client
        .delete_item()
        .table_name("notes")
        .key("id", text("a"))
        .key("at", text("1"))
        .return_values(ReturnValue::AllOld)
        .send()
        .await?;
    assert!(deleted.attributes().is_some());
    Ok(())
}

async fn batches_and_transactions(client: &Client) -> TestResult {
    let request = PutRequest::builder().item("id", text("b")).item("at", text("1")).build()?;
    let request = WriteRequest::builder().put_request(request).build();
    client.batch_write_item().request_items("notes", vec![request]).send().await?;
    let key = std::collections::HashMap::from([
        ("id".to_owned(), text("b")),
        ("at".to_owned(), text("1")),
    ]);
    let keys = KeysAndAttributes::builder().keys(key.clone()).build()?;
    let got = client.batch_get_item().request_items("notes", keys).send().await?;
    assert_eq!(got.responses().and_then(|tables| tables.get("notes")).map(Vec::len), Some(1));

    let action =
        Put::builder().table_name("notes").item("id", text("c")).item("at", text("1")).build()?;
    client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(action).build())
        .send()
        .await?;
    let get = Get::builder().table_name("notes").set_key(Some(key)).build()?;
    let got = client
        .transact_get_items()
        .transact_items(TransactGetItem::builder().get(get).build())
        .send()
        .await?;
    assert_eq!(got.responses().len(), 1);
    Ok(())
}

async fn statements_and_settings(client: &Client) -> TestResult {
    let found =
        client.execute_statement().statement("SELECT * FROM notes WHERE id = 'c'").send().await?;
    assert_eq!(found.items().len(), 1);
    let table =
        client.describe_table().table_name("notes").send().await?.table.ok_or("no description")?;
    let arn = table.table_arn.ok_or("no ARN")?;
    let tag = Tag::builder().key("stage").value("test").build()?;
    client.tag_resource().resource_arn(&arn).tags(tag).send().await?;
    assert_eq!(client.list_tags_of_resource().resource_arn(&arn).send().await?.tags().len(), 1);
    client.untag_resource().resource_arn(&arn).tag_keys("stage").send().await?;
    let expiry = TimeToLiveSpecification::builder().attribute_name("gone").enabled(true).build()?;
    client
        .update_time_to_live()
        .table_name("notes")
        .time_to_live_specification(expiry)
        .send()
        .await?;
    let described = client.describe_time_to_live().table_name("notes").send().await?;
    assert!(described.time_to_live_description().is_some());
    Ok(())
}

#[tokio::test]
async fn an_operation_the_engine_does_not_have_is_unknown() -> TestResult {
    let error = memory()?.list_backups().send().await.err().ok_or("answered")?;
    assert_eq!(error.code(), Some("UnknownOperationException"));
    Ok(())
}

#[tokio::test]
async fn no_marker_and_no_position_of_the_engine_reaches_the_user() -> TestResult {
    let client = memory()?;
    plain(&client, "notes")?.send().await?;
    let write = client
        .put_item()
        .table_name("notes")
        .item("id", text("a"))
        .item("at", text("1"))
        .item("nothing", AttributeValue::Null(false))
        .send()
        .await
        .err()
        .ok_or("accepted")?;
    let read = client
        .get_item()
        .table_name("notes")
        .key("id", AttributeValue::Null(false))
        .key("at", text("1"))
        .send()
        .await
        .err()
        .ok_or("accepted")?;
    let word = client
        .scan()
        .table_name("notes")
        .select("BOGUS".into())
        .send()
        .await
        .err()
        .ok_or("accepted")?;
    for (code, message) in [
        (write.code(), write.message()),
        (read.code(), read.message()),
        (word.code(), word.message()),
    ] {
        assert_eq!(code, Some("ValidationException"));
        let message = message.ok_or("no message")?;
        for trace in ["VALIDATION", "SERIALIZATION", "AS_READ", " at line "] {
            assert!(!message.contains(trace), "{message}");
        }
    }
    assert!(
        write
            .message()
            .is_some_and(|message| message.starts_with("1 validation error detected: One"))
    );
    Ok(())
}

#[tokio::test]
async fn a_failed_condition_carries_the_item_that_was_in_the_way() -> TestResult {
    use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
    let client = memory()?;
    plain(&client, "notes")?.send().await?;
    put(&client, "notes", "a").await?;
    let error = client
        .put_item()
        .table_name("notes")
        .item("id", text("a"))
        .item("at", text("1"))
        .condition_expression("attribute_not_exists(id)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
        .err()
        .ok_or("accepted")?
        .into_service_error();
    match error {
        aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
            failed,
        ) => {
            assert!(failed.item().is_some_and(|item| item.contains_key("owner")));
        }
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}

#[tokio::test]
async fn a_table_that_differs_only_in_case_is_refused_and_the_other_keeps_its_items() -> TestResult
{
    let client = memory()?;
    plain(&client, "Notes")?.send().await?;
    put(&client, "Notes", "a").await?;
    for name in ["notes", "_tables", "_CONFIG", "sqlite_x"] {
        let error = plain(&client, name)?.send().await.err().ok_or("created")?;
        assert_eq!(error.code(), Some("ValidationException"), "{name}");
    }
    let error = client.delete_table().table_name("notes").send().await.err().ok_or("deleted")?;
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert_eq!(tables(&client).await?, ["Notes"]);
    assert_eq!(count(&client, "Notes", None).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_index_that_differs_only_in_case_is_refused() -> TestResult {
    let client = memory()?;
    create(&client, "notes")?.send().await?;
    add_index(&client, "notes", "By_Owner").await.err().ok_or("added")?;
    add_index(&client, "notes", "by_colour").await?;
    let again =
        create_with(&client, "others", &["more", "More"])?.send().await.err().ok_or("created")?;
    assert_eq!(again.code(), Some("ValidationException"));
    assert_eq!(tables(&client).await?, ["notes"]);
    Ok(())
}

#[tokio::test]
async fn a_creation_that_fails_half_way_leaves_no_table() -> TestResult {
    let (_directory, path) = place()?;
    let client = open(&path)?;
    // In the way of the engine's third step.
    rusqlite::Connection::open(&path)?
        .execute_batch("CREATE TABLE \"notes::gsi::by_owner\" (x)")?;
    let once = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
    let failed = create(&client, "notes")?
        .customize()
        .config_override(once)
        .send()
        .await
        .err()
        .ok_or("created")?;
    assert_eq!(failed.code(), Some("InternalServerError"));
    assert!(tables(&client).await?.is_empty());
    create(&client, "notes")?.send().await?;
    put(&client, "notes", "a").await?;
    assert_eq!(count(&client, "notes", Some("by_owner")).await?, 1);
    Ok(())
}

#[tokio::test]
async fn creating_a_table_twice_is_refused_and_the_table_stays() -> TestResult {
    let (_directory, path) = place()?;
    let client = open(&path)?;
    create(&client, "notes")?.send().await?;
    let error = create(&client, "notes")?.send().await.err().ok_or("created twice")?;
    assert_eq!(error.code(), Some("ResourceInUseException"));
    drop(client);
    assert_eq!(tables(&open(&path)?).await?, ["notes"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_created_from_many_tasks_at_once() -> TestResult {
    let (_directory, path) = place()?;
    let client = open(&path)?;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        tasks.spawn(create(&client, &format!("table{number:02}"))?.send());
    }
    while let Some(created) = tasks.join_next().await {
        created??;
    }
    assert_eq!(tables(&client).await?.len(), 12);
    Ok(())
}
