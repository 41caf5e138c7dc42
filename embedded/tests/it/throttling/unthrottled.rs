//! Where nothing is throttled, nothing else is different either.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BatchStatementRequest, Get, KeysAndAttributes, ParameterizedStatement, Put, PutRequest,
    ReturnConsumedCapacity, ReturnItemCollectionMetrics, ReturnValue, TransactGetItem,
    TransactWriteItem, Update, WriteRequest,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use dynamap_embedded::{Throttle, builder, memory};
use serde_json::Value;

use super::stage::{TABLE, get, notes, number, put, rates, throttled, without_retries};
use crate::support::{TestResult, text};

/// Takes down what comes over the wire: status, and body without the order of its members, and its length.
#[derive(Debug, Clone, Default)]
struct Wire {
    answers: Arc<Mutex<Vec<(u16, Value, usize)>>>,
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let body = answer.body().bytes().unwrap_or_default();
        let taken = (answer.status().as_u16(), serde_json::from_slice(body)?, body.len());
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(taken);
        Ok(())
    }
}

/// All answers to one script.
async fn answers(client: &Client) -> Result<Vec<(u16, Value, usize)>, Box<dyn Error>> {
    let wire = Wire::default();
    let client = without_retries(client);
    notes(&client, 10_000, 10_000).await?;
    let config = client.config().to_builder().interceptor(wire.clone());
    let client = Client::from_conf(config.build());
    for mode in [None, Some("NONE"), Some("TOTAL"), Some("INDEXES"), Some("BOGUS")] {
        let mode = mode.map(ReturnConsumedCapacity::from);
        single(&client, mode.clone()).await?;
        several(&client, mode.clone()).await?;
        statements(&client, mode).await?;
    }
    let answers = wire.answers.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(answers.clone())
}

async fn single(client: &Client, mode: Option<ReturnConsumedCapacity>) -> TestResult {
    for id in ["a", "b"] {
        let put = client.put_item().table_name(TABLE).item("id", text(id)).item("at", text("1"));
        let put = put.item("owner", text("ann")).item("kind", text("book")).item("n", number(1));
        let put = put.return_item_collection_metrics(ReturnItemCollectionMetrics::Size);
        let put = put.return_values(ReturnValue::AllOld);
        put.set_return_consumed_capacity(mode.clone()).send().await.ok();
    }
    let update = client.update_item().table_name(TABLE).key("id", text("a")).key("at", text("1"));
    let update = update.update_expression("SET #o = :o, n = n + :n").condition_expression("n = :n");
    let update = update.expression_attribute_names("#o", "owner");
    let update = update.expression_attribute_values(":o", text("bob"));
    let update = update.expression_attribute_values(":n", number(1));
    let update = update.return_values(ReturnValue::AllNew);
    let update = update.set_return_consumed_capacity(mode.clone());
    update.clone().send().await.ok();
    update.send().await.err(); // its condition fails
    let get = client.get_item().table_name(TABLE).key("id", text("a")).key("at", text("1"));
    get.consistent_read(true).set_return_consumed_capacity(mode.clone()).send().await.ok();
    let get = client.get_item().table_name(TABLE).key("id", text("a"));
    get.set_return_consumed_capacity(mode.clone()).send().await.err(); // half a key
    for index in [None, Some("by_owner"), Some("by_kind"), Some("by_nothing")] {
        let index = index.map(str::to_owned);
        let scan = client.scan().table_name(TABLE).set_index_name(index).limit(1);
        scan.set_return_consumed_capacity(mode.clone()).send().await.ok();
    }
    let query = client.query().table_name(TABLE).key_condition_expression("id = :id");
    let query = query.expression_attribute_values(":id", text("a"));
    query.set_return_consumed_capacity(mode.clone()).send().await.ok();
    let delete = client.delete_item().table_name(TABLE).key("id", text("b")).key("at", text("1"));
    delete.set_return_consumed_capacity(mode).send().await.ok();
    Ok(())
}

async fn several(client: &Client, mode: Option<ReturnConsumedCapacity>) -> TestResult {
    let put = |id| PutRequest::builder().item("id", text(id)).item("at", text("2"));
    let put = |id| Ok::<_, Box<dyn Error>>(put(id).item("owner", text("cid")).build()?);
    for ids in [["c", "d"], ["c", "c"]] {
        let requests = ids.map(|id| Ok(WriteRequest::builder().put_request(put(id)?).build()));
        let requests = requests.into_iter().collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        let batch = client.batch_write_item().request_items(TABLE, requests);
        let batch = batch.return_item_collection_metrics(ReturnItemCollectionMetrics::Size);
        batch.set_return_consumed_capacity(mode.clone()).send().await.ok();
    }
    let key = |id| [("id".to_owned(), text(id)), ("at".to_owned(), text("2"))].into();
    let keys = KeysAndAttributes::builder().keys(key("c")).keys(key("x")).build()?;
    let batch = client.batch_get_item().request_items(TABLE, keys);
    batch.set_return_consumed_capacity(mode.clone()).send().await.ok();

    let put = Put::builder().table_name(TABLE).item("id", text("t")).item("at", text("1"));
    let put = put.item("owner", text("dan")).build()?;
    let update = Update::builder().table_name(TABLE).key("id", text("u")).key("at", text("1"));
    let update = update.update_expression("ADD n :one").condition_expression("n < :three");
    let update = update.expression_attribute_values(":one", number(1));
    let update = update.expression_attribute_values(":three", number(3)).build()?;
    let transact = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .set_return_consumed_capacity(mode.clone());
    for token in ["once", "once", "again"] {
        transact.clone().client_request_token(token).send().await.ok();
    }
    let fails = TransactWriteItem::builder().update(update).build();
    transact.client_request_token("fails").transact_items(fails).send().await.err();
    let get = Get::builder().table_name(TABLE).set_key(Some(key("c"))).build()?;
    let transact = client.transact_get_items();
    let transact = transact.transact_items(TransactGetItem::builder().get(get).build());
    transact.set_return_consumed_capacity(mode).send().await.ok();
    Ok(())
}

async fn statements(client: &Client, mode: Option<ReturnConsumedCapacity>) -> TestResult {
    for statement in [
        "SELECT * FROM notes WHERE id = 'c'",
        "UPDATE notes SET n = 5 WHERE id = 'c' AND \"at\" = '2'",
        "SELECT nonsense",
    ] {
        let statement = client.execute_statement().statement(statement);
        statement.set_return_consumed_capacity(mode.clone()).send().await.ok();
    }
    let select = "SELECT * FROM notes WHERE id = 'c' AND \"at\" = '2'";
    let statement = BatchStatementRequest::builder().statement(select).build()?;
    let batch = client.batch_execute_statement().statements(statement);
    batch.set_return_consumed_capacity(mode.clone()).send().await.ok();
    let update = "UPDATE notes SET n = 6 WHERE id = 'c' AND \"at\" = '2'";
    let statement = ParameterizedStatement::builder().statement(update).build()?;
    let transaction = client.execute_transaction().transact_statements(statement);
    transaction.set_return_consumed_capacity(mode).send().await.ok();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_the_same_with_a_throttle_and_without() -> TestResult {
    let without = answers(&memory()?).await?;
    let with = answers(&builder().throttle(Throttle::provisioned()).memory()?).await?;
    assert_eq!(without.len(), 5 * 25);
    assert!(without.iter().filter(|(status, ..)| *status == 200).count() > 60);
    assert!(without.iter().filter(|(status, ..)| *status == 400).count() > 20);
    for (without, with) in without.iter().zip(&with) {
        assert_eq!(without, with);
    }
    assert_eq!(without.len(), with.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_without_a_throttle_never_refuses() -> TestResult {
    for client in [memory()?, builder().memory()?] {
        let client = without_retries(&client);
        super::stage::create(&client, TABLE, rates(1, 1)?, rates(1, 1)?).await?;
        for _ in 0..100 {
            assert!(put(&client, "a").await?);
            assert!(get(&client, "a", true).await?);
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_sdk_waits_and_repeats_until_there_is_capacity() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 1).await?;
    let retries = aws_sdk_dynamodb::config::retry::RetryConfig::standard().with_max_attempts(20);
    let config = client.config().to_builder().retry_config(retries);
    let patient = Client::from_conf(config.build());
    let begin = tokio::time::Instant::now();
    for _ in 0..4 {
        assert!(put(&patient, "a").await?);
    }
    assert!(begin.elapsed() > std::time::Duration::from_secs(2));
    Ok(())
}

#[test]
fn two_runtimes_share_the_capacity_of_a_store() -> TestResult {
    let client = throttled(0)?;
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime()?.block_on(async {
        notes(&client, 1, 1).await?;
        assert!(super::stage::put_large(&client, "a", 300).await?);
        Ok::<_, Box<dyn Error>>(())
    })?;
    runtime()?.block_on(async {
        assert!(!put(&client, "a").await?);
        Ok(())
    })
}
