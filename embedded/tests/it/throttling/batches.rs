//! Batches do what there is capacity for and give the rest back.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity,
    WriteRequest,
};

use super::stage::{
    CODE, TABLE, create, get, notes, put, put_large, rates, throttled, until_refused, wait,
};
use crate::support::{TestResult, count, text};

fn key(id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), text(id)), ("at".to_owned(), text("1"))])
}

fn keys(ids: &[&str]) -> Vec<HashMap<String, AttributeValue>> {
    ids.iter().map(|id| key(id)).collect()
}

fn puts(ids: impl IntoIterator<Item = &'static str>) -> Result<Vec<WriteRequest>, Box<dyn Error>> {
    ids.into_iter()
        .map(|id| {
            let put = PutRequest::builder().set_item(Some(key(id))).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        })
        .collect()
}

async fn fill(client: &Client, ids: &[&str]) -> TestResult {
    for id in ids {
        while !put(client, id).await? {
            wait(1.0).await;
        }
    }
    Ok(())
}

async fn read(
    client: &Client,
    asked: KeysAndAttributes,
) -> Result<BatchGetItemOutput, Box<dyn Error>> {
    Ok(client.batch_get_item().request_items(TABLE, asked).send().await?)
}

fn found(answer: &BatchGetItemOutput) -> usize {
    answer.responses().and_then(|tables| tables.get(TABLE)).map_or(0, Vec::len)
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_reads_returns_what_there_is_capacity_for_and_the_other_keys_with_their_options()
-> TestResult {
    let client = throttled(0)?;
    notes(&client, 2, 10).await?;
    fill(&client, &["a", "b", "c", "d", "e"]).await?;
    wait(10.0).await;
    let asked = KeysAndAttributes::builder()
        .set_keys(Some(keys(&["a", "b", "c", "d", "e"])))
        .consistent_read(true)
        .projection_expression("#i")
        .expression_attribute_names("#i", "id")
        .build()?;
    let answer = read(&client, asked).await?;
    assert_eq!(found(&answer), 2);
    let rest = answer.unprocessed_keys().and_then(|tables| tables.get(TABLE)).ok_or("no rest")?;
    let left: Vec<_> = rest.keys().iter().map(|key| key["id"].clone()).collect();
    assert_eq!(left, [text("c"), text("d"), text("e")]);
    assert_eq!(rest.consistent_read(), Some(true));
    assert_eq!(rest.projection_expression(), Some("#i"));
    assert_eq!(rest.expression_attribute_names().map(HashMap::len), Some(1));

    let mut rest = rest.clone();
    let mut rounds = 0;
    loop {
        wait(1.0).await;
        let answer = read(&client, rest).await?;
        rounds += 1;
        let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(TABLE));
        let Some(left) = left else { break };
        rest = left;
    }
    assert_eq!(rounds, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_eventual_batch_reads_twice_as_many_and_large_items_count_for_more() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 2, 100).await?;
    assert!(put_large(&client, "a", 7).await?);
    fill(&client, &["b", "c", "d", "e", "f"]).await?;
    let ids = ["b", "c", "d", "e", "f"];
    let asked = KeysAndAttributes::builder().set_keys(Some(keys(&ids))).build()?;
    assert_eq!(found(&read(&client, asked).await?), 4);
    wait(1.0).await;
    let ids = ["a", "b", "c", "d"]; // 1 + 0.5 + 0.5
    let asked = KeysAndAttributes::builder().set_keys(Some(keys(&ids))).build()?;
    assert_eq!(found(&read(&client, asked).await?), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_nothing_can_be_read_is_refused() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 10).await?;
    until_refused(|| get(&client, "a", true)).await?;
    let asked = KeysAndAttributes::builder().set_keys(Some(keys(&["a", "b"]))).build()?;
    let refused = client.batch_get_item().request_items(TABLE, asked).send().await;
    assert_eq!(refused.err().ok_or("accepted")?.code(), Some(CODE));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_with_capacity_is_read_although_another_one_has_none() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 10).await?;
    create(&client, "others", rates(5, 5)?, rates(5, 5)?).await?;
    until_refused(|| get(&client, "a", true)).await?;
    let asked = KeysAndAttributes::builder().set_keys(Some(keys(&["a", "b"]))).build()?;
    let answer = client
        .batch_get_item()
        .request_items(TABLE, asked.clone())
        .request_items("others", asked)
        .send()
        .await?;
    let rest = answer.unprocessed_keys().ok_or("nothing is left")?;
    assert_eq!(rest.keys().collect::<Vec<_>>(), [TABLE]);
    assert_eq!(rest[TABLE].keys().len(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_writes_does_what_there_is_capacity_for_and_returns_the_other_requests()
-> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 3).await?;
    let mut requests = puts(["a", "b", "c", "d", "e", "f", "g"])?;
    let mut done = Vec::new();
    loop {
        let asked = requests.len();
        let answer = client
            .batch_write_item()
            .request_items(TABLE, requests.clone())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let left = answer.unprocessed_items.and_then(|mut tables| tables.remove(TABLE));
        let left = left.unwrap_or_default();
        let told = answer.consumed_capacity.unwrap_or_default();
        assert_eq!(told[0].table(), None);
        done.push((asked - left.len(), told[0].capacity_units()));
        assert_eq!(left, requests[asked - left.len()..]);
        if left.is_empty() {
            break;
        }
        requests = left;
        wait(1.0).await;
    }
    assert_eq!(done, [(3, Some(3.0)), (3, Some(3.0)), (1, Some(1.0))]);
    assert_eq!(count(&client, TABLE, None).await?, 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn deletes_pay_for_what_they_delete_and_a_spent_table_refuses_all() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 4).await?;
    assert!(put_large(&client, "a", 2).await?); // 3 of 4
    wait(1.0).await;
    let mut requests = puts(["b"])?;
    let delete = DeleteRequest::builder().set_key(Some(key("a"))).build()?;
    requests.insert(0, WriteRequest::builder().delete_request(delete).build());
    requests.extend(puts(["c"])?);
    let send = |requests| client.batch_write_item().request_items(TABLE, requests).send();
    let answer = send(requests).await?;
    let left = answer.unprocessed_items().map(|tables| tables[TABLE].clone());
    assert_eq!(left, Some(puts(["c"])?));
    let refused = send(puts(["d", "e"])?).await;
    assert_eq!(refused.err().ok_or("accepted")?.code(), Some(CODE));
    assert_eq!(count(&client, TABLE, None).await?, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_valid_as_a_whole_is_refused_as_such_and_nothing_of_it_is_written()
-> TestResult {
    let client = throttled(0)?;
    notes(&client, 100, 1).await?;
    let requests = puts(["a", "b", "a"])?;
    let refused = client.batch_write_item().request_items(TABLE, requests).send().await;
    assert_eq!(refused.err().ok_or("accepted")?.code(), Some("ValidationException"));
    let asked = KeysAndAttributes::builder().set_keys(Some(keys(&["a", "a"]))).build()?;
    let refused = client.batch_get_item().request_items(TABLE, asked).send().await;
    assert_eq!(refused.err().ok_or("accepted")?.code(), Some("ValidationException"));
    assert_eq!(count(&client, TABLE, None).await?, 0);
    Ok(())
}
