//! Faults of transactions.

use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, Get, Put, TransactGetItem, TransactWriteItem};
use dynamap_faults::{Fault, Operation};

use crate::support::{Stage, TestResult, seen, text};

/// A transaction that puts `a` and `b`.
fn write(stage: &Stage) -> Result<TransactWriteItemsFluentBuilder, Box<dyn std::error::Error>> {
    let mut builder = stage.client.transact_write_items().client_request_token("token-1");
    for id in ["a", "b"] {
        let put = Put::builder().table_name("notes").item("id", text(id)).build()?;
        builder = builder.transact_items(TransactWriteItem::builder().put(put).build());
    }
    Ok(builder)
}

fn codes(reasons: &[CancellationReason]) -> Vec<&str> {
    reasons.iter().filter_map(CancellationReason::code).collect()
}

#[tokio::test]
async fn a_conflict_cancels_a_transaction_with_one_reason_for_each_action() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next(Operation::Any, Fault::TransactionConflict);
    match write(&stage)?.send().await.err().ok_or("committed")?.into_service_error() {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            assert_eq!(codes(cancelled.cancellation_reasons()), ["TransactionConflict", "None"]);
        }
        other => return Err(format!("{other:?}").into()),
    }
    assert_eq!(stage.items().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_conflict_cancels_a_transactional_read() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("TransactGetItems", Fault::TransactionConflict);
    let get = Get::builder().table_name("notes").key("id", text("a")).build()?;
    let read = stage
        .client
        .transact_get_items()
        .transact_items(TransactGetItem::builder().get(get).build());
    match read.send().await.err().ok_or("answered")?.into_service_error() {
        TransactGetItemsError::TransactionCanceledException(cancelled) => {
            assert_eq!(codes(cancelled.cancellation_reasons()), ["TransactionConflict"]);
        }
        other => return Err(format!("{other:?}").into()),
    }
    Ok(())
}

#[tokio::test]
async fn a_conflict_does_not_fit_a_plain_read() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("GetItem", Fault::TransactionConflict);
    let failed =
        stage.client.get_item().table_name("notes").key("id", text("a")).send().await.err();
    assert_eq!(failed.as_ref().map(seen).as_deref(), Some("user"));
    Ok(())
}

#[tokio::test]
async fn a_transaction_in_progress_is_refused_without_executing_it() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("TransactWriteItems", Fault::TransactionInProgress);
    let error = write(&stage)?.send().await.err().ok_or("committed")?.into_service_error();
    assert!(error.is_transaction_in_progress_exception(), "{error:?}");
    assert_eq!(stage.items().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_replayed_under_its_token() -> TestResult {
    for fault in Fault::LOST {
        let stage = Stage::new().await?;
        stage.faults.next("TransactWriteItems", fault);
        assert!(write(&stage)?.send().await.is_err());
        assert_eq!(stage.items().await?, 2, "it was executed");
        write(&stage)?.send().await?;
        let tokens: Vec<_> =
            stage.faults.requests().iter().map(|sent| sent.token().map(str::to_owned)).collect();
        assert_eq!(tokens, [Some("token-1".to_owned()), Some("token-1".to_owned())]);
    }
    Ok(())
}
