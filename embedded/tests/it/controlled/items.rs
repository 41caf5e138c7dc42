//! Requests about several items: one table that is not ready is in the way of all.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Get, KeysAndAttributes, Put, TransactGetItem, TransactWriteItem};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use dynamap_embedded::ControlPlane;

use super::stage::{code, plane, settle, table};
use crate::support::{TestResult, text};

const NOT_FOUND: &str = "ResourceNotFoundException";

#[tokio::test]
async fn a_table_that_is_not_ready_is_in_the_way_of_all_that_is_asked_with_it() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    table(&client, "ready")?.send().await?;
    settle(&client, "ready").await;
    table(&client, "young")?.send().await?;
    for (names, expected) in [(&["ready"][..], "Ok"), (&["ready", "young"], NOT_FOUND)] {
        let key = || HashMap::from([("id".to_owned(), text("a"))]);
        let mut gets = client.batch_get_item();
        let mut puts = client.batch_write_item();
        let mut writes = client.transact_write_items();
        let mut reads = client.transact_get_items();
        for name in names {
            let keys = KeysAndAttributes::builder().keys(key()).build()?;
            gets = gets.request_items(*name, keys);
            let put = PutRequest::builder().set_item(Some(key())).build()?;
            puts =
                puts.request_items(*name, vec![WriteRequest::builder().put_request(put).build()]);
            let put = Put::builder().table_name(*name).set_item(Some(key())).build()?;
            writes = writes.transact_items(TransactWriteItem::builder().put(put).build());
            let get = Get::builder().table_name(*name).set_key(Some(key())).build()?;
            reads = reads.transact_items(TransactGetItem::builder().get(get).build());
        }
        assert_eq!(code(gets.send().await), expected);
        assert_eq!(code(puts.send().await), expected);
        assert_eq!(code(writes.send().await), expected);
        assert_eq!(code(reads.send().await), expected);
    }
    settle(&client, "young").await;
    assert_eq!(client.scan().table_name("young").send().await?.count(), 0, "nothing was done");
    Ok(())
}
