//! Wrapping: what stays of the client, and wrappers around wrappers.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use dynamap_faults::{Fault, Faults, Operation};

use crate::support::{Stage, TestResult, text};

#[tokio::test]
async fn the_wrapped_client_keeps_its_configuration_and_the_original_meets_no_fault() -> TestResult
{
    let stage = Stage::new().await?;
    assert_eq!(stage.client.config().region(), stage.plain.config().region());
    assert_eq!(stage.client.config().retry_config(), Some(&RetryConfig::disabled()));
    stage.faults.always(Operation::Any, Fault::DropBefore);
    assert!(stage.put("a").send().await.is_err());
    assert!(!stage.is_stored("a").await?);
    Ok(())
}

#[tokio::test]
async fn wrapped_clients_can_be_wrapped_again_and_the_outer_faults_are_met_first() -> TestResult {
    let stage = Stage::new().await?;
    let outer = Faults::new();
    let client = outer.wrap(&stage.client)?;
    let put = || client.put_item().table_name("notes").item("id", text("a")).send();

    outer.next("PutItem", Fault::DropBefore);
    assert!(put().await.is_err());
    assert_eq!((outer.count("PutItem"), stage.faults.count("PutItem")), (1, 0));

    outer.next("PutItem", Fault::Duplicate);
    stage.faults.next("PutItem", Fault::LoseAnswer);
    put().await?; // the first of the two was lost inside
    assert_eq!((outer.count("PutItem"), stage.faults.count("PutItem")), (2, 2));
    Ok(())
}

#[tokio::test]
async fn one_script_serves_several_clients() -> TestResult {
    let stage = Stage::new().await?;
    let other = stage.faults.wrap(&dynamap_embedded::memory()?)?;
    stage.put("a").send().await?;
    other.list_tables().send().await?;
    assert_eq!(stage.faults.count(Operation::Any), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_attempt_of_the_sdk_is_a_request() -> TestResult {
    let stage = Stage::new().await?;
    let config = stage
        .client
        .config()
        .to_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(3));
    let client = Client::from_conf(config.build());
    stage.faults.next("PutItem", Fault::Throttle);
    stage.faults.next("PutItem", Fault::LoseAnswer);
    client.put_item().table_name("notes").item("id", text("a")).send().await?;
    let attempts: Vec<_> = stage.faults.requests().iter().map(|request| request.attempt).collect();
    assert_eq!(attempts, [Some(1), Some(2), Some(3)]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_sdk_does_not_repeat_a_request_whose_fault_does_not_fit() -> TestResult {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap_embedded::memory()?)?;
    faults.always("ListTables", Fault::Unprocessed { keep: 1 });
    assert!(client.list_tables().send().await.is_err());
    assert_eq!(faults.count("ListTables"), 1);
    Ok(())
}
