//! Pages of a Scan or Query that names no `Limit`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{PutRequest, Select, WriteRequest};
use dynamap_embedded::memory;

use crate::support::{TestResult, count, create, text};

const ITEMS: usize = 1_010;

async fn filled() -> Result<Client, Box<dyn std::error::Error>> {
    let client = memory()?;
    create(&client, "notes")?.send().await?;
    let numbers: Vec<usize> = (0..ITEMS).collect();
    for numbers in numbers.chunks(25) {
        let mut batch = Vec::new();
        for number in numbers {
            let put = PutRequest::builder()
                .item("id", text("one"))
                .item("at", text(format!("{number:05}")))
                .item("owner", text("ann"))
                .item("kind", text("book"));
            batch.push(WriteRequest::builder().put_request(put.build()?).build());
        }
        let left = client.batch_write_item().request_items("notes", batch).send().await?;
        assert!(left.unprocessed_items().is_none_or(std::collections::HashMap::is_empty));
    }
    Ok(client)
}

#[tokio::test]
async fn a_scan_without_a_limit_is_paged_and_every_item_comes_once() -> TestResult {
    let client = filled().await?;
    let first = client.scan().table_name("notes").send().await?;
    assert_eq!(first.count(), 1_000);
    assert!(first.last_evaluated_key().is_some());
    for index in [None, Some("by_owner"), Some("by_kind")] {
        assert_eq!(count(&client, "notes", index).await?, ITEMS, "{index:?}");
    }
    Ok(())
}

#[tokio::test]
async fn counting_is_paged_too() -> TestResult {
    let client = filled().await?;
    let mut pages = client.scan().table_name("notes").select(Select::Count).into_paginator().send();
    let mut counts = Vec::new();
    while let Some(page) = pages.next().await {
        counts.push(page?.count());
    }
    assert_eq!(counts, [1_000, 10]);
    Ok(())
}

#[tokio::test]
async fn a_query_without_a_limit_is_paged_and_one_with_a_limit_keeps_it() -> TestResult {
    let client = filled().await?;
    let query = || {
        client
            .query()
            .table_name("notes")
            .key_condition_expression("id = :id")
            .expression_attribute_values(":id", text("one"))
    };
    assert_eq!(query().send().await?.count(), 1_000);
    assert_eq!(query().limit(1_005).send().await?.count(), 1_005);
    assert_eq!(query().limit(5).send().await?.count(), 5);
    Ok(())
}
