//! Requests that are held while another one goes first.

use dynamap_faults::{Fault, Operation};

use crate::support::{Stage, TestResult, number};

#[tokio::test]
async fn a_held_request_is_executed_only_when_it_is_released() -> TestResult {
    let stage = Stage::new().await?;
    let gate = stage.faults.pause("PutItem");
    let held = tokio::spawn(stage.put("a").send());
    gate.reached().await;
    gate.reached().await; // may be asked again
    assert!(!stage.is_stored("a").await?);
    gate.release();
    held.await??;
    assert!(stage.is_stored("a").await?);
    Ok(())
}

#[tokio::test]
async fn another_writer_goes_first_while_one_is_held() -> TestResult {
    let stage = Stage::new().await?;
    let gate = stage.faults.pause("PutItem");
    let first =
        tokio::spawn(stage.put("a").condition_expression("attribute_not_exists(id)").send());
    gate.reached().await;
    stage.put("a").send().await?;
    gate.release();
    let failed = first.await?.err().ok_or("the condition held")?.into_service_error();
    assert!(failed.is_conditional_check_failed_exception(), "{failed:?}");
    Ok(())
}

#[tokio::test]
async fn a_request_whose_answer_is_held_has_been_executed() -> TestResult {
    let stage = Stage::new().await?;
    let gate = stage.faults.pause_answer("UpdateItem");
    let held = tokio::spawn(stage.add("a").send());
    gate.reached().await;
    assert_eq!(
        stage.stored("a").await?.and_then(|mut item| item.remove("seen")),
        Some(number("1"))
    );
    assert!(!held.is_finished());
    gate.release();
    held.await??;
    Ok(())
}

#[tokio::test]
async fn a_dropped_gate_releases_its_request() -> TestResult {
    let stage = Stage::new().await?;
    let gate = stage.faults.pause(Operation::Any);
    let held = tokio::spawn(stage.put("a").send());
    gate.reached().await;
    drop(gate);
    held.await??;
    Ok(())
}

#[tokio::test]
async fn a_gate_dropped_before_a_request_came_holds_nothing() -> TestResult {
    let stage = Stage::new().await?;
    drop(stage.faults.pause("PutItem"));
    stage.put("a").send().await?;
    Ok(())
}

#[tokio::test]
async fn two_gates_hold_two_requests_and_release_them_in_any_order() -> TestResult {
    let stage = Stage::new().await?;
    let (one, two) = (stage.faults.pause("PutItem"), stage.faults.pause("PutItem"));
    let first = tokio::spawn(stage.put("a").send());
    one.reached().await;
    let second = tokio::spawn(stage.put("b").send());
    two.reached().await;
    two.release();
    second.await??;
    assert!(!stage.is_stored("a").await?);
    one.release();
    first.await??;
    Ok(())
}

#[tokio::test]
async fn a_gate_outlives_the_clearing_of_faults() -> TestResult {
    let stage = Stage::new().await?;
    let gate = stage.faults.pause("PutItem");
    stage.faults.next("PutItem", Fault::Throttle);
    stage.faults.clear();
    let held = tokio::spawn(stage.put("a").send());
    gate.reached().await;
    gate.release();
    held.await??;
    stage.put("b").send().await?;
    Ok(())
}
