//! The log of requests.

use dynamap_faults::{Fault, Operation};
use serde_json::json;

use crate::support::{Stage, TestResult};

#[tokio::test]
async fn the_log_has_each_request_with_its_body_and_its_fault() -> TestResult {
    let stage = Stage::new().await?;
    stage.faults.next("PutItem", Fault::ServerError);
    assert!(stage.put("a").send().await.is_err());
    stage.put("b").send().await?;
    let log = stage.faults.requests();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].operation.as_str(), log[0].table()), ("PutItem", Some("notes")));
    assert_eq!((&log[0].fault, &log[1].fault), (&Some(Fault::ServerError), &None));
    assert_eq!(log[1].body["Item"], json!({"id": {"S": "b"}}));
    Ok(())
}

#[tokio::test]
async fn requests_are_counted_by_operation_until_the_log_is_cleared() -> TestResult {
    let stage = Stage::new().await?;
    stage.put("a").send().await?;
    stage.put("b").send().await?;
    stage.add("a").send().await?;
    let count = |operation: &str| stage.faults.count(operation);
    assert_eq!((count("PutItem"), count("UpdateItem"), count("GetItem")), (2, 1, 0));
    assert_eq!(stage.faults.count(Operation::Any), 3);
    stage.faults.clear_log();
    assert_eq!(stage.faults.count(Operation::Any), 0);
    Ok(())
}
