//! Whatever is asked in whatever order: the plane answers as a service does, and what is under way ends.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, IndexStatus};
use dynamap_embedded::ControlPlane;
use proptest::prelude::*;

use super::stage::{
    Answer, TABLE, Wish, add, change, code, describe, hours, plane, poll, provisioned, put,
    removal, scan, settle, update,
};
use crate::throttling::stage::rates;

/// What is asked for.
#[derive(Debug, Clone)]
enum Ask {
    Create,
    Delete,
    Poll,
    Resize(i64),
    ResizeIndex(i64),
    OnDemand,
    Provisioned(i64),
    Add,
    Remove,
    Put,
    Scan,
    Wait,
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        2 => Just(Ask::Create),
        1 => Just(Ask::Delete),
        6 => Just(Ask::Poll),
        2 => (1..5_i64).prop_map(Ask::Resize),
        2 => (1..5_i64).prop_map(Ask::ResizeIndex),
        1 => Just(Ask::OnDemand),
        1 => (1..5_i64).prop_map(Ask::Provisioned),
        2 => Just(Ask::Add),
        2 => Just(Ask::Remove),
        2 => Just(Ask::Put),
        2 => Just(Ask::Scan),
        1 => Just(Ask::Wait),
    ]
}

async fn answer(client: &Client, asked: &Ask) -> Answer<String> {
    let units = |units: &i64| Wish { units: Some(*units), ..Wish::default() };
    Ok(match asked {
        Ask::Create => code(provisioned(client, 3, 3)?.send().await),
        Ask::Delete => code(client.delete_table().table_name(TABLE).send().await),
        Ask::Poll => poll(client, TABLE).await,
        Ask::Resize(to) => {
            code(update(client).provisioned_throughput(rates(*to, *to)?).send().await)
        }
        Ask::ResizeIndex(to) => {
            let change = change("by_owner", &units(to))?;
            code(update(client).global_secondary_index_updates(change).send().await)
        }
        Ask::OnDemand => code(update(client).billing_mode(BillingMode::PayPerRequest).send().await),
        Ask::Provisioned(to) => {
            let own = update(client).billing_mode(BillingMode::Provisioned);
            let own = own.provisioned_throughput(rates(*to, *to)?);
            let index = change("by_owner", &units(to))?;
            code(own.global_secondary_index_updates(index).send().await)
        }
        Ask::Add => code(add(client, "by_colour", Some(rates(2, 2)?))?.send().await),
        Ask::Remove => {
            let removal = removal("by_colour")?;
            code(update(client).global_secondary_index_updates(removal).send().await)
        }
        Ask::Put => put(client, TABLE).await,
        Ask::Scan => scan(client, "by_colour").await,
        Ask::Wait => {
            hours(1.0).await;
            "Ok".to_owned()
        }
    })
}

/// All that a client is told.
const ANSWERS: [&str; 9] = [
    "Ok",
    "CREATING",
    "ACTIVE",
    "UPDATING",
    "DELETING",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "LimitExceededException",
    "ValidationException",
];

async fn run(asked: &[Ask]) -> Answer<()> {
    let client = plane(ControlPlane::polled())?;
    for ask in asked {
        let answer = answer(&client, ask).await?;
        assert!(ANSWERS.contains(&answer.as_str()), "{ask:?}: {answer}");
    }
    settle(&client, TABLE).await;
    let there = poll(&client, TABLE).await;
    if there == "ResourceNotFoundException" {
        assert_eq!(put(&client, TABLE).await, there);
        return Ok(());
    }
    assert_eq!(there, "ACTIVE");
    assert_eq!(put(&client, TABLE).await, "Ok");
    for index in describe(&client).await?.global_secondary_indexes() {
        assert_eq!(index.index_status(), Some(&IndexStatus::Active));
        let name = index.index_name().unwrap_or_default();
        assert_eq!(scan(&client, name).await, "Ok");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_is_answered_and_ends(asked in prop::collection::vec(ask(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(run(&asked)).map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
}
