//! The engine's operations by the name the wire gives them.

mod decode;
mod meter;

use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};

use meter::Meter;

/// Rows of one page of a Scan or Query that names no `Limit`.
///
/// Without one the engine loads *all* remaining rows before it cuts the page at 1 MB, so that reading a table costs memory
/// and, page upon page, quadratic time. With items of 1 KB a page of this length is the 1 MB page of the service.
const PAGE: usize = 1_000;

/// Executes `operation`; `None` when the engine has none of that name.
pub(crate) fn call(
    engine: &Database,
    operation: &str,
    body: &[u8],
) -> Option<Result<String, DynoxideError>> {
    metered(engine, operation, body, &mut Meter::off())
}

/// As [`call`]; `meter` learns what the operation consumed.
fn metered(
    engine: &Database,
    operation: &str,
    body: &[u8],
    meter: &mut Meter,
) -> Option<Result<String, DynoxideError>> {
    macro_rules! execute {
        ($method:ident $(($prepare:expr))? free) => {
            decode::request(body)
                $(.map($prepare))?
                .and_then(|request| engine.$method(request))
                .and_then(|answer| encode(&answer))
        };
        ($method:ident $(($prepare:expr))? metered) => {
            decode::request(body)
                $(.map($prepare))?
                .and_then(|request| {
                    meter.around(
                        request,
                        |request| engine.$method(request),
                        |request| &mut request.return_consumed_capacity,
                        |answer| &mut answer.consumed_capacity,
                    )
                })
                .and_then(|answer| encode(&answer))
        };
    }
    macro_rules! operations {
        ($($name:literal => $method:ident $(($prepare:expr))? $price:ident,)*) => {
            match operation {
                $($name => Some(execute!($method $(($prepare))? $price)),)*
                _ => None,
            }
        };
    }
    let answer = operations! {
        "BatchExecuteStatement" => batch_execute_statement metered,
        "BatchGetItem" => batch_get_item metered,
        "BatchWriteItem" => batch_write_item metered,
        "CreateTable" => create_table free,
        "DeleteItem" => delete_item metered,
        "DeleteTable" => delete_table free,
        "DescribeStream" => describe_stream free,
        "DescribeTable" => describe_table free,
        "DescribeTimeToLive" => describe_time_to_live free,
        "ExecuteStatement" => execute_statement metered,
        "ExecuteTransaction" => execute_transaction metered,
        "GetItem" => get_item metered,
        "GetRecords" => get_records free,
        "GetShardIterator" => get_shard_iterator free,
        "ListStreams" => list_streams free,
        "ListTables" => list_tables free,
        "ListTagsOfResource" => list_tags_of_resource free,
        "PutItem" => put_item metered,
        "Query" => query(|mut request: dynoxide::actions::query::QueryRequest| {
            request.limit.get_or_insert(PAGE);
            request
        }) metered,
        "Scan" => scan(|mut request: dynoxide::actions::scan::ScanRequest| {
            request.limit.get_or_insert(PAGE);
            request
        }) metered,
        "SearchVectors" => search_vectors free,
        "TagResource" => tag_resource free,
        "TransactGetItems" => transact_get_items metered,
        "TransactWriteItems" => transact_write_items metered,
        "UntagResource" => untag_resource free,
        "UpdateItem" => update_item metered,
        "UpdateTable" => update_table free,
        "UpdateTimeToLive" => update_time_to_live free,
    };
    answer.map(|result| result.map_err(|error| decode::as_on_the_wire(operation, error)))
}

/// Executes an operation that the engine has; also what it consumed.
pub(crate) fn measured(
    engine: &Database,
    operation: &str,
    body: &[u8],
) -> (Result<String, DynoxideError>, Vec<ConsumedCapacity>) {
    let mut meter = Meter::on();
    let answer = metered(engine, operation, body, &mut meter)
        .unwrap_or_else(|| Err(DynoxideError::UnsupportedCapability(operation.to_owned())));
    (answer, meter.read())
}

fn encode(response: &impl serde::Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operations a client of the engine can call, as its own server lists them.
    const OPERATIONS: [&str; 28] = [
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "CreateTable",
        "DeleteItem",
        "DeleteTable",
        "DescribeStream",
        "DescribeTable",
        "DescribeTimeToLive",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",
        "ListTables",
        "ListTagsOfResource",
        "PutItem",
        "Query",
        "Scan",
        "SearchVectors",
        "TagResource",
        "TransactGetItems",
        "TransactWriteItems",
        "UntagResource",
        "UpdateItem",
        "UpdateTable",
        "UpdateTimeToLive",
    ];

    #[test]
    fn every_operation_is_known_and_words_its_refusals_without_markers() -> Result<(), DynoxideError>
    {
        let engine = Database::memory()?;
        for operation in OPERATIONS {
            for body in [
                "{}",
                "[]",
                "",
                r#"{"TableName": 7}"#,
                r#"{"TableName": null}"#,
                r#"{"TableName": "ab"}"#,
            ] {
                let Some(answer) = call(&engine, operation, body.as_bytes()) else {
                    panic!("{operation} is not known");
                };
                let Err(error) = answer else { continue };
                assert_ne!(error.status_code(), 500, "{operation} {body}: {error}");
                let text = error.to_json();
                for trace in ["VALIDATION", "SERIALIZATION", " at line "] {
                    assert!(!text.contains(trace), "{operation} {body}: {text}");
                }
            }
        }
        assert!(call(&engine, "CreateBackup", b"{}").is_none());
        Ok(())
    }
}
