//! Splits a batch into what is executed and what comes back unprocessed.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

use super::{Answer, answer};

/// The two batches.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Write,
    Get,
}

/// A batch, split.
pub(super) struct Split {
    /// The request with the entries to execute.
    pub(super) first: Value,
    /// The other entries, by table.
    pub(super) rest: Map<String, Value>,
    /// Whether there is nothing to execute.
    pub(super) empty: bool,
}

impl Kind {
    pub(super) fn of(operation: &str) -> Option<Self> {
        match operation {
            "BatchWriteItem" => Some(Self::Write),
            "BatchGetItem" => Some(Self::Get),
            _ => None,
        }
    }

    /// Keeps the first `keep` entries of each table.
    pub(super) fn split(self, body: &Value, keep: usize) -> Split {
        let mut first = body.clone();
        let mut rest = Map::new();
        let mut empty = true;
        if let Some(tables) = first.get_mut("RequestItems").and_then(Value::as_object_mut) {
            for (table, requested) in tables.iter_mut() {
                if let Some(back) = self.take_after(requested, keep) {
                    rest.insert(table.clone(), back);
                }
            }
            // The service refuses a table without entries.
            tables.retain(|_, requested| {
                self.entries(requested).is_some_and(|entries| !entries.is_empty())
            });
            empty = tables.is_empty();
        }
        Split { first, rest, empty }
    }

    /// Cuts the entries of one table after `keep`; what is cut off keeps its other members (a projection, say).
    fn take_after(self, requested: &mut Value, keep: usize) -> Option<Value> {
        let entries = self.entries(requested)?;
        if entries.len() <= keep {
            return None;
        }
        let cut = Value::from(entries.split_off(keep));
        match self {
            Self::Write => Some(cut),
            Self::Get => {
                let mut back = requested.clone();
                back["Keys"] = cut;
                Some(back)
            }
        }
    }

    fn entries(self, requested: &mut Value) -> Option<&mut Vec<Value>> {
        match self {
            Self::Write => requested.as_array_mut(),
            Self::Get => requested.get_mut("Keys")?.as_array_mut(),
        }
    }

    fn unprocessed(self) -> &'static str {
        match self {
            Self::Write => "UnprocessedItems",
            Self::Get => "UnprocessedKeys",
        }
    }

    /// The answer when nothing was executed.
    pub(super) fn nothing_done(self, rest: &Map<String, Value>) -> Value {
        match self {
            Self::Write => json!({"UnprocessedItems": rest}),
            Self::Get => json!({"Responses": {}, "UnprocessedKeys": rest}),
        }
    }
}

/// Sends `body` instead.
pub(super) fn replace_body(request: &mut HttpRequest, body: &Value) {
    let body = body.to_string();
    if request.headers().get("content-length").is_some() {
        request.headers_mut().insert("content-length", body.len().to_string());
    }
    *request.body_mut() = SdkBody::from(body);
}

/// Adds `rest` to what the store itself left unprocessed. An error is passed on.
pub(super) fn add_unprocessed(
    kind: Kind,
    response: HttpResponse,
    rest: Map<String, Value>,
) -> Answer {
    let body = response.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let (true, Some(mut body)) = (response.status().is_success(), body) else {
        return Ok(response);
    };
    let own = body[kind.unprocessed()].as_object().cloned().unwrap_or_default();
    let mut all = rest;
    for (table, mut requested) in own {
        match (
            all.get_mut(&table).and_then(|found| kind.entries(found)),
            kind.entries(&mut requested),
        ) {
            (Some(entries), Some(more)) => entries.append(more),
            _ => {
                all.insert(table, requested);
            }
        }
    }
    body[kind.unprocessed()] = all.into();
    answer::json(200, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_cut_per_table_and_empty_tables_are_left_out() {
        let body = json!({"RequestItems": {"a": [1, 2, 3], "b": [4]}});
        let split = Kind::Write.split(&body, 1);
        assert_eq!(split.first, json!({"RequestItems": {"a": [1], "b": [4]}}));
        assert_eq!(Value::from(split.rest), json!({"a": [2, 3]}));
        assert!(!split.empty);
        let split = Kind::Write.split(&body, 0);
        assert_eq!(split.first, json!({"RequestItems": {}}));
        assert!(split.empty);
    }

    #[test]
    fn what_is_cut_from_a_batch_get_keeps_its_projection() {
        let body = json!({"RequestItems": {"a": {"Keys": [1, 2], "ProjectionExpression": "x"}}});
        let split = Kind::Get.split(&body, 1);
        assert_eq!(
            Value::from(split.rest),
            json!({"a": {"Keys": [2], "ProjectionExpression": "x"}})
        );
    }
}
