//! An entry of the log: what was sent, and what happened to it.

use serde_json::Value;

use crate::fault::Fault;

/// A request that arrived, one for each attempt of the SDK.
///
/// ```
/// # use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dynamap_faults::{Fault, Faults};
///
/// let faults = Faults::new();
/// let client = faults.wrap(&dynamap_embedded::memory()?)?;
/// faults.next("TransactWriteItems", Fault::service("ValidationException"));
/// # let put = |table| Put::builder().table_name(table).item("id", AttributeValue::S("rex".into())).build();
/// let transaction = client.transact_write_items().client_request_token("order-42");
/// // … a put into `pets`, and one into `owners` …
/// # let transaction = transaction.transact_items(TransactWriteItem::builder().put(put("pets")?).build());
/// # let transaction = transaction.transact_items(TransactWriteItem::builder().put(put("owners")?).build());
/// assert!(transaction.send().await.is_err());
/// assert!(client.describe_table().table_name("pets").send().await.is_err());
///
/// let [transaction, describe] = &faults.requests()[..] else { panic!("two requests") };
/// assert_eq!((&*transaction.operation, transaction.token()), ("TransactWriteItems", Some("order-42")));
/// assert_eq!((transaction.table(), transaction.tables()), (None, vec!["owners", "pets"]));
/// assert_eq!((describe.table(), describe.attempt), (Some("pets"), Some(1)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The operation, as the service spells it: `PutItem`.
    pub operation: String,
    /// The JSON body as the SDK sent it. `Null` when it is not JSON.
    pub body: Value,
    /// The fault it met. A gate is none.
    pub fault: Option<Fault>,
    /// Which attempt of the SDK it is, from 1.
    pub attempt: Option<u32>,
}

impl Request {
    /// The idempotency token: `ClientRequestToken`.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.body.get("ClientRequestToken")?.as_str()
    }

    /// The table of an operation on one table: `TableName`. For batches and transactions see [`tables`](Self::tables).
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.body.get("TableName")?.as_str()
    }

    /// Every table the request names, each once, in the order of their names: `TableName`, the keys of a batch's
    /// `RequestItems`, the actions of a transaction.
    #[must_use]
    pub fn tables(&self) -> Vec<&str> {
        let batch = self.body.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
        let actions =
            self.body.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
        let mut tables: Vec<&str> = self
            .table()
            .into_iter()
            .chain(batch.map(|(table, _)| table.as_str()))
            .chain(actions.filter_map(action_table))
            .collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }
}

/// `{"Put": {"TableName": "orders", …}}`
fn action_table(action: &Value) -> Option<&str> {
    action.as_object()?.values().next()?.get("TableName")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Value) -> Request {
        Request { operation: String::new(), body, fault: None, attempt: None }
    }

    #[test]
    fn tables_are_found_in_single_requests_batches_and_transactions() {
        let single = request(serde_json::json!({"TableName": "a"}));
        assert_eq!((single.table(), single.tables()), (Some("a"), vec!["a"]));
        let batch = request(serde_json::json!({"RequestItems": {"b": [], "a": []}}));
        assert_eq!((batch.table(), batch.tables()), (None, vec!["a", "b"]));
        let actions =
            serde_json::json!([{"Put": {"TableName": "b"}}, {"Update": {"TableName": "b"}}]);
        let transaction =
            request(serde_json::json!({"TransactItems": actions, "ClientRequestToken": "t"}));
        assert_eq!((transaction.tables(), transaction.token()), (vec!["b"], Some("t")));
    }
}
