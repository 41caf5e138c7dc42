//! Batches that are done in part.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use dynamap_faults::Fault;

use crate::support::{Stage, TestResult, text};

fn writes(ids: &[&str]) -> Result<Vec<WriteRequest>, Box<dyn std::error::Error>> {
    let mut writes = Vec::new();
    for id in ids {
        writes.push(
            WriteRequest::builder()
                .put_request(PutRequest::builder().item("id", text(id)).build()?)
                .build(),
        );
    }
    Ok(writes)
}

#[tokio::test]
async fn a_batch_write_executes_the_first_entries_and_returns_the_others() -> TestResult {
    for keep in [0, 1, 2, 3, 4] {
        let stage = Stage::new().await?;
        stage.faults.next("BatchWriteItem", Fault::Unprocessed { keep });
        let wanted = writes(&["a", "b", "c"])?;
        let answer =
            stage.client.batch_write_item().request_items("notes", wanted.clone()).send().await?;
        let left = answer
            .unprocessed_items()
            .and_then(|tables| tables.get("notes"))
            .cloned()
            .unwrap_or_default();
        assert_eq!(left, wanted[keep.min(3)..], "keep {keep}");
        assert_eq!(usize::try_from(stage.items().await?)?, keep.min(3), "keep {keep}");
    }
    Ok(())
}

#[tokio::test]
async fn sending_the_rest_of_a_batch_again_completes_it() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("BatchWriteItem", Fault::Unprocessed { keep: 1 });
    stage.faults.next("BatchWriteItem", Fault::Unprocessed { keep: 0 });
    let mut left = Some(HashMap::from([("notes".to_owned(), writes(&["a", "b", "c"])?)]));
    while left.as_ref().is_some_and(|tables| !tables.is_empty()) {
        left =
            stage.client.batch_write_item().set_request_items(left).send().await?.unprocessed_items;
    }
    assert_eq!(stage.items().await?, 3);
    assert_eq!(stage.faults.count("BatchWriteItem"), 3);
    Ok(())
}

#[tokio::test]
async fn a_batch_get_returns_the_keys_it_left_out_with_their_projection() -> TestResult {
    let stage = Stage::new().await?;
    let mut keys = KeysAndAttributes::builder().projection_expression("id").consistent_read(true);
    for id in ["a", "b", "c"] {
        stage.put(id).send().await?;
        keys = keys.keys(HashMap::from([("id".to_owned(), text(id))]));
    }
    let keys = keys.build()?;
    for keep in [0, 2] {
        stage.faults.next("BatchGetItem", Fault::Unprocessed { keep });
        let answer =
            stage.client.batch_get_item().request_items("notes", keys.clone()).send().await?;
        let found = answer.responses().and_then(|tables| tables.get("notes")).map_or(0, Vec::len);
        assert_eq!(found, keep);
        let left = answer
            .unprocessed_keys()
            .and_then(|tables| tables.get("notes"))
            .ok_or("nothing left")?;
        assert_eq!(left.keys(), &keys.keys()[keep..]);
        assert_eq!(
            (left.projection_expression(), left.consistent_read()),
            (Some("id"), Some(true))
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_error_of_the_store_passes_through_a_batch_done_in_part() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("BatchWriteItem", Fault::Unprocessed { keep: 1 });
    let error = stage
        .client
        .batch_write_item()
        .request_items("absent", writes(&["a", "b"])?)
        .send()
        .await
        .err();
    let error = error.ok_or("succeeded")?.into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    Ok(())
}
