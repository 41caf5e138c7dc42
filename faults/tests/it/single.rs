//! Faults that fit every operation, on a single write.

use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use dynamap_faults::{Fault, Operation};

use crate::support::{Stage, TestResult, number, seen};

#[tokio::test]
async fn each_fault_shows_its_error_and_executes_or_not() -> TestResult {
    let service = |status, code: &str| Fault::Service { status, code: code.to_owned() };
    for (fault, error, executed) in [
        (Fault::DropBefore, "io", false),
        (Fault::LoseAnswer, "io", true),
        (Fault::LoseAnswerAs500, "InternalServerError", true),
        (Fault::ServerError, "InternalServerError", false),
        (Fault::Throttle, "ProvisionedThroughputExceededException", false),
        (Fault::TransactionConflict, "TransactionConflictException", false),
        (Fault::service("ResourceNotFoundException"), "ResourceNotFoundException", false),
        (service(503, "ServiceUnavailable"), "ServiceUnavailable", false),
        (service(400, "MadeUpException"), "MadeUpException", false),
        // A mistake in the script.
        (service(7, "MadeUpException"), "user", false),
        (Fault::TransactionInProgress, "user", false),
        (Fault::Unprocessed { keep: 1 }, "user", false),
    ] {
        let stage = Stage::new().await?;
        stage.faults.next("PutItem", fault.clone());
        let failed =
            stage.put("a").send().await.err().ok_or_else(|| format!("{fault:?} succeeded"))?;
        assert_eq!(seen(&failed), error, "{fault:?}");
        assert_eq!(stage.is_stored("a").await?, executed, "{fault:?}");
        stage.put("a").send().await?; // the next one passes
    }
    Ok(())
}

#[tokio::test]
async fn a_typed_error_of_the_service_is_typed_for_the_caller() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("PutItem", Fault::Throttle);
    let error = stage.put("a").send().await.err().ok_or("succeeded")?.into_service_error();
    assert!(error.is_provisioned_throughput_exceeded_exception(), "{error:?}");
    stage.faults.next("PutItem", Fault::TransactionConflict);
    let error = stage.put("a").send().await.err().ok_or("succeeded")?.into_service_error();
    assert!(error.is_transaction_conflict_exception(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_duplicate_is_executed_twice() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("UpdateItem", Fault::Duplicate);
    stage.add("a").send().await?;
    assert_eq!(
        stage.stored("a").await?.and_then(|mut item| item.remove("seen")),
        Some(number("2"))
    );
    assert_eq!(stage.faults.count("UpdateItem"), 1, "the caller sent one");
    Ok(())
}

#[tokio::test]
async fn the_answer_of_a_duplicate_is_the_second() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("PutItem", Fault::Duplicate);
    let failed = stage.put("a").condition_expression("attribute_not_exists(id)").send().await.err();
    assert_eq!(failed.as_ref().map(seen).as_deref(), Some("ConditionalCheckFailedException"));
    assert!(stage.is_stored("a").await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_hanging_request_ends_with_the_timeouts_of_the_client() -> TestResult {
    let timeouts = [
        (TimeoutConfig::builder().read_timeout(Duration::from_secs(5)).build(), "timeout"),
        (
            TimeoutConfig::builder().operation_timeout(Duration::from_secs(5)).build(),
            "operation timeout",
        ),
        (
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5)).build(),
            "operation timeout",
        ),
    ];
    for (fault, executed) in [(Fault::Hang, true), (Fault::HangBefore, false)] {
        for (timeout, error) in timeouts.clone() {
            let stage = Stage::new().await?;
            stage.faults.next("PutItem", fault.clone());
            let config = aws_sdk_dynamodb::Config::builder().timeout_config(timeout);
            let failed = stage
                .put("a")
                .customize()
                .config_override(config)
                .send()
                .await
                .err()
                .ok_or("answered")?;
            assert_eq!(seen(&failed), error, "{fault:?}");
            assert_eq!(stage.is_stored("a").await?, executed, "{fault:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_hanging_request_can_be_given_up() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("PutItem", Fault::Hang);
    tokio::select! {
        biased;
        answered = stage.put("a").send() => return Err(format!("answered: {answered:?}").into()),
        () = std::future::ready(()) => {}
    }
    assert!(stage.is_stored("a").await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_executed_after_its_time() -> TestResult {
    let stage = Stage::new().await?;
    let delay = Duration::from_secs(61);
    stage.faults.next("PutItem", Fault::Delay(delay));
    let begin = tokio::time::Instant::now();
    stage.put("a").send().await?;
    assert!(begin.elapsed() >= delay, "the paused clock has moved on");
    assert!(stage.is_stored("a").await?);
    Ok(())
}

#[tokio::test]
async fn faults_are_met_in_the_order_they_were_given() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("PutItem", Fault::Throttle);
    stage.faults.next("PutItem", Fault::ServerError);
    stage.faults.next(Operation::Any, Fault::DropBefore);
    let mut errors = Vec::new();
    for _ in 0..3 {
        errors.extend(stage.put("a").send().await.err().as_ref().map(seen));
    }
    assert_eq!(errors, ["ProvisionedThroughputExceededException", "InternalServerError", "io"]);
    stage.put("a").send().await?;
    Ok(())
}

#[tokio::test]
async fn a_standing_fault_lasts_until_it_is_cleared_and_leaves_other_operations_alone() -> TestResult
{
    let stage = Stage::new().await?;
    stage.faults.always("PutItem", Fault::Throttle);
    for _ in 0..3 {
        assert!(stage.put("a").send().await.is_err());
    }
    stage.add("b").send().await?;
    stage.faults.clear();
    stage.put("a").send().await?;
    Ok(())
}
