//! Answers the store behind never gave.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::Answer;

/// An error of the service.
pub(super) fn error(status: u16, code: &str) -> Answer {
    json(status, &json!({"__type": typed(code), "message": "injected"}))
}

/// A refusal of this operation for lack of capacity of its first table, as the service words it.
///
/// [AWS: ThrottlingReason](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html)
pub(super) fn throttled(operation: &str, table: Option<&str>) -> Answer {
    let is_read = operation.contains("Get") || matches!(operation, "Query" | "Scan");
    let kind = if is_read { "Read" } else { "Write" };
    let reasons: Vec<Value> = table
        .map(|table| {
            json!({
                "reason": format!("Table{kind}ProvisionedThroughputExceeded"),
                "resource": format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}"),
            })
        })
        .into_iter()
        .collect();
    let body = json!({
        "__type": typed("ProvisionedThroughputExceededException"),
        "message": "injected",
        "ThrottlingReasons": reasons,
    });
    json(400, &body)
}

/// A transaction of so many actions that was cancelled because of a conflict on the first.
pub(super) fn conflict(actions: usize) -> Answer {
    let reasons: Vec<Value> = (0..actions)
        .map(|position| match position {
            0 => json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}),
            _ => json!({"Code": "None"}),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": typed("TransactionCanceledException"),
        "Message": message,
        "CancellationReasons": reasons,
    });
    json(400, &body)
}

/// An answer with this body.
pub(super) fn json(status: u16, body: &Value) -> Answer {
    let status = StatusCode::try_from(status)
        .map_err(|_| ConnectorError::user(format!("{status} is not an HTTP status").into()))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body.to_string()));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    headers.insert("x-amzn-requestid", "INJECTED");
    Ok(response)
}

fn typed(code: &str) -> String {
    format!("com.amazonaws.dynamodb.v20120810#{code}")
}
