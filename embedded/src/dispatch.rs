//! The engine's operations by the name the wire gives them.

mod decode;

use dynoxide::{Database, DynoxideError};

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
    macro_rules! operations {
        ($($name:literal => $method:ident $(($prepare:expr))?,)*) => {
            match operation {
                $($name => Some(
                    decode::request(body)
                        $(.map($prepare))?
                        .and_then(|request| engine.$method(request))
                        .and_then(|response| encode(&response)),
                ),)*
                _ => None,
            }
        };
    }
    let answer = operations! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query(|mut request: dynoxide::actions::query::QueryRequest| {
            request.limit.get_or_insert(PAGE);
            request
        }),
        "Scan" => scan(|mut request: dynoxide::actions::scan::ScanRequest| {
            request.limit.get_or_insert(PAGE);
            request
        }),
        "SearchVectors" => search_vectors,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    };
    answer.map(|result| result.map_err(|error| decode::as_on_the_wire(operation, error)))
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
