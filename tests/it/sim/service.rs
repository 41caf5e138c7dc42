//! How the service executes a request: single requests at once, transactions item by item.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::network::pause;
use super::{Sim, Token};

pub(super) type Answer = Result<HttpResponse, ConnectorError>;

/// For so long the service knows a token after its transaction was completed.
const KNOWN: Duration = Duration::from_mins(10);

/// One request that has arrived, or will.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) sim: Sim,
    pub(super) operation: String,
    inner: SharedHttpConnector,
    request: HttpRequest,
    body: Value,
}

impl Call {
    pub(super) fn new(inner: SharedHttpConnector, sim: Sim, request: HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split('.').nth(1).unwrap_or_default().to_owned();
        let bytes = request.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(bytes).unwrap_or_default();
        Self { sim, operation, inner, request, body }
    }

    pub(super) fn copy(&self) -> Self {
        Self {
            sim: self.sim.clone(),
            operation: self.operation.clone(),
            inner: self.inner.clone(),
            request: self.clone_request(),
            body: self.body.clone(),
        }
    }

    fn clone_request(&self) -> HttpRequest {
        self.request.try_clone().expect("a request in memory can be cloned")
    }

    /// To the engine, as it is.
    pub(super) async fn pass(&self) -> Answer {
        self.inner.call(self.clone_request()).await
    }

    /// To the engine, as another request; its status and answer.
    async fn send(&self, operation: &str, body: &Value) -> Result<(u16, Value), ConnectorError> {
        let mut request = self.clone_request();
        let headers = request.headers_mut();
        headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        headers.remove("content-length");
        *request.body_mut() = SdkBody::from(body.to_string());
        let answer = self.inner.call(request).await?;
        let bytes = answer.body().bytes().unwrap_or_default();
        let body = serde_json::from_slice(bytes).unwrap_or_default();
        Ok((answer.status().as_u16(), body))
    }

    pub(super) async fn execute(&self) -> Answer {
        self.sim.saw(&self.operation);
        match self.operation.as_str() {
            "TransactWriteItems" => self.transaction().await,
            "TransactGetItems" => {
                let items = self.items().await?;
                let torn = self.sim.state().torn_reads;
                match self.first_held(&items) {
                    Some(position) if !torn => self.cancelled(position),
                    _ => self.pass().await,
                }
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                let item = self.item(&self.body).await?;
                if self.sim.state().held.contains_key(&item) {
                    self.sim.saw("HeldItem");
                    return error(400, "TransactionConflictException");
                }
                self.pass().await
            }
            _ => self.pass().await,
        }
    }

    /// Refused for the throughput of the first item's table.
    pub(super) fn throttle(&self) -> Answer {
        if self.operation == "TransactWriteItems" && self.sim.random(2) == 0 {
            let mut reasons = vec![json!({"Code": "None"}); self.actions().len()];
            if let Some(reason) = reasons.first_mut() {
                *reason = json!({"Code": "ThrottlingError"});
            }
            return cancelled(&reasons);
        }
        error(400, "ProvisionedThroughputExceededException")
    }

    /// Refused as if another transaction held the first item.
    pub(super) fn conflict(&self) -> Answer {
        match self.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => self.cancelled(0),
            "PutItem" | "UpdateItem" | "DeleteItem" => error(400, "TransactionConflictException"),
            // Other reads meet no transactions.
            _ => error(500, "InternalServerError"),
        }
    }

    fn actions(&self) -> &[Value] {
        self.body["TransactItems"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Which items the actions are about.
    async fn items(&self) -> Result<Vec<String>, ConnectorError> {
        let mut items = Vec::new();
        for action in self.actions() {
            items.push(self.item(only(action).1).await?);
        }
        Ok(items)
    }

    /// Which item a write is about: its table and key, as text.
    async fn item(&self, write: &Value) -> Result<String, ConnectorError> {
        let table = write["TableName"].as_str().unwrap_or_default();
        let known = self.sim.state().keys.get(table).cloned();
        let names = if let Some(names) = known {
            names
        } else {
            let (_, answer) = self.send("DescribeTable", &json!({"TableName": table})).await?;
            let schema = answer["Table"]["KeySchema"].as_array().cloned().unwrap_or_default();
            let name = |key: &Value| key["AttributeName"].as_str().map(str::to_owned);
            let names: Vec<String> = schema.iter().filter_map(name).collect();
            self.sim.state().keys.insert(table.to_owned(), names.clone());
            names
        };
        let from = if write["Key"].is_object() { &write["Key"] } else { &write["Item"] };
        let key: Vec<String> = names.iter().map(|name| from[name].to_string()).collect();
        Ok(format!("{table} {}", key.join(" ")))
    }

    fn first_held(&self, items: &[String]) -> Option<usize> {
        let state = self.sim.state();
        items.iter().position(|item| state.held.contains_key(item))
    }

    fn cancelled(&self, position: usize) -> Answer {
        self.sim.saw("Cancelled");
        let mut reasons = vec![json!({"Code": "None"}); self.actions().len()];
        if let Some(reason) = reasons.get_mut(position) {
            *reason = json!({"Code": "TransactionConflict"});
        }
        cancelled(&reasons)
    }

    async fn transaction(&self) -> Answer {
        let token = self.body["ClientRequestToken"].as_str().unwrap_or_default().to_owned();
        if let Some(answer) = self.known(&token) {
            return answer;
        }
        let items = self.items().await?;
        let distinct: std::collections::BTreeSet<&String> = items.iter().collect();
        if distinct.len() < items.len() || items.len() > 100 {
            return error(400, "ValidationException");
        }
        // Between the first look and here another copy may have come.
        if let Some(answer) = self.known(&token) {
            return answer;
        }
        let number = {
            let mut state = self.sim.state();
            let body = self.body.clone();
            state.tokens.insert(token.clone(), Token { body, done: None });
            state.transactions += 1;
            state.transactions
        };
        let answer = self.prepare_and_apply(number, &items).await;
        let mut state = self.sim.state();
        state.held.retain(|_, holder| *holder != number);
        match &answer {
            Ok(answer) if answer.status().is_success() => {
                if let Some(token) = state.tokens.get_mut(&token) {
                    token.done = Some(Instant::now());
                }
            }
            // A transaction that was cancelled may be executed again with its token.
            _ => drop(state.tokens.remove(&token)),
        }
        answer
    }

    /// The answer to a token that the service knows.
    fn known(&self, token: &str) -> Option<Answer> {
        let mut state = self.sim.state();
        let known = state.tokens.get(token)?;
        match known.done {
            _ if known.body != self.body => {
                Some(error(400, "IdempotentParameterMismatchException"))
            }
            None => {
                *state.counts.entry("InProgress".to_owned()).or_default() += 1;
                Some(error(400, "TransactionInProgressException"))
            }
            Some(done) if done.elapsed() < KNOWN => Some(json(200, &json!({}))),
            Some(_) => {
                state.tokens.remove(token);
                None
            }
        }
    }

    async fn prepare_and_apply(&self, number: u64, items: &[String]) -> Answer {
        for (position, item) in items.iter().enumerate() {
            pause(self, 3).await;
            let mut state = self.sim.state();
            if state.held.contains_key(item) {
                drop(state);
                return self.cancelled(position);
            }
            state.held.insert(item.clone(), number);
        }
        if let Some(refused) = self.check().await? {
            return refused;
        }
        // Decided. A single read sees an item before or after it is applied.
        let mut order: Vec<usize> = (0..items.len()).collect();
        for position in (1..order.len()).rev() {
            let other = usize::try_from(self.sim.random(position as u64 + 1)).unwrap_or_default();
            order.swap(position, other);
        }
        for position in order {
            let gap = self.sim.state().gap;
            pause(self, gap).await;
            self.apply(&self.actions()[position]).await?;
            self.sim.state().held.remove(&items[position]);
        }
        json(200, &json!({}))
    }

    /// Decides the conditions: the engine is asked for all of them at one moment.
    async fn check(&self) -> Result<Option<Answer>, ConnectorError> {
        let (mut checks, mut positions) = (Vec::new(), Vec::new());
        for (position, action) in self.actions().iter().enumerate() {
            let (kind, write) = only(action);
            let Some(condition) = write["ConditionExpression"].as_str() else { continue };
            let mut check = used(write, &[condition]);
            check.insert("TableName".into(), write["TableName"].clone());
            check.insert("Key".into(), self.key(kind, write).await?);
            check.insert("ConditionExpression".into(), condition.into());
            let asked = "ReturnValuesOnConditionCheckFailure";
            if let Some(returned) = write.get(asked) {
                check.insert(asked.into(), returned.clone());
            }
            checks.push(json!({ "ConditionCheck": check }));
            positions.push(position);
        }
        if checks.is_empty() {
            return Ok(None);
        }
        let body = json!({ "TransactItems": checks });
        let (status, answer) = self.send("TransactWriteItems", &body).await?;
        if status == 200 {
            return Ok(None);
        }
        let Some(found) = answer["CancellationReasons"].as_array() else {
            return Ok(Some(json(status, &answer)));
        };
        let mut reasons = vec![json!({"Code": "None"}); self.actions().len()];
        for (position, reason) in positions.into_iter().zip(found) {
            reasons[position] = reason.clone();
        }
        Ok(Some(cancelled(&reasons)))
    }

    async fn key(&self, kind: &str, write: &Value) -> Result<Value, ConnectorError> {
        if kind != "Put" {
            return Ok(write["Key"].clone());
        }
        self.item(write).await?;
        let table = write["TableName"].as_str().unwrap_or_default();
        let names = self.sim.state().keys.get(table).cloned().unwrap_or_default();
        let key = names.into_iter().map(|name| {
            let value = write["Item"][&name].clone();
            (name, value)
        });
        Ok(Value::Object(key.collect()))
    }

    /// Applies one action; that it can be was decided.
    async fn apply(&self, action: &Value) -> Result<(), ConnectorError> {
        let (kind, write) = only(action);
        let (operation, body) = match kind {
            "Put" => ("PutItem", json!({"TableName": write["TableName"], "Item": write["Item"]})),
            "Delete" => {
                ("DeleteItem", json!({"TableName": write["TableName"], "Key": write["Key"]}))
            }
            "Update" => {
                let update = write["UpdateExpression"].as_str().unwrap_or_default();
                let mut body = used(write, &[update]);
                body.insert("TableName".into(), write["TableName"].clone());
                body.insert("Key".into(), write["Key"].clone());
                body.insert("UpdateExpression".into(), update.into());
                ("UpdateItem", Value::Object(body))
            }
            _ => return Ok(()),
        };
        let (status, answer) = self.send(operation, &body).await?;
        assert_eq!(status, 200, "a decided {operation} was refused: {answer}");
        Ok(())
    }
}

/// The kind of an action and what it says.
fn only(action: &Value) -> (&str, &Value) {
    let only = action.as_object().and_then(|action| action.iter().next());
    only.map_or(("", &Value::Null), |(kind, write)| (kind.as_str(), write))
}

/// The names and values that the expressions use: the engine refuses others.
fn used(write: &Value, expressions: &[&str]) -> Map<String, Value> {
    let words: Vec<&str> = expressions
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && !"#:_".contains(c)))
        .collect();
    let mut all = Map::new();
    for field in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let of_write = write[field].as_object().cloned().unwrap_or_default();
        let kept: Map<String, Value> =
            of_write.into_iter().filter(|(name, _)| words.contains(&name.as_str())).collect();
        if !kept.is_empty() {
            all.insert(field.to_owned(), Value::Object(kept));
        }
    }
    all
}

fn cancelled(reasons: &[Value]) -> Answer {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": reasons,
    });
    json(400, &body)
}

pub(super) fn error(status: u16, code: &str) -> Answer {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    json(status, &json!({"__type": kind, "message": "simulated"}))
}

fn json(status: u16, body: &Value) -> Answer {
    let status = StatusCode::try_from(status).expect("an HTTP status");
    let mut answer = HttpResponse::new(status, SdkBody::from(body.to_string()));
    answer.headers_mut().insert("content-type", "application/x-amz-json-1.0");
    Ok(answer)
}
