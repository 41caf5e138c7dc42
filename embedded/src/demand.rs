//! What a request is about, read from its body before it is executed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// What one operation asks for.
#[derive(Debug)]
pub(crate) enum Demand {
    /// A read of a table or of the index that it names.
    Read { table: String, index: Option<String> },
    /// A write of one item.
    Write { table: String },
    /// The tables of a batch.
    Batch { access: Access, tables: Vec<String> },
    /// The table of each action of a transaction, in order.
    Transaction { access: Access, tables: Vec<String> },
    /// Statements name their tables in their own language: they pay, and are never refused.
    Statement { access: Access },
}

impl Demand {
    /// What `operation` asks for; nothing if it consumes nothing, or does not read: then the engine says what is wrong.
    pub(crate) fn of(operation: &str, body: &[u8]) -> Option<Self> {
        Some(match operation {
            "GetItem" | "Query" | "Scan" => {
                let Named { table, index } = serde_json::from_slice(body).ok()?;
                Self::Read { table, index }
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                let Named { table, .. } = serde_json::from_slice(body).ok()?;
                Self::Write { table }
            }
            "BatchGetItem" => Self::batch(Access::Read, body)?,
            "BatchWriteItem" => Self::batch(Access::Write, body)?,
            "TransactGetItems" => Self::transaction(Access::Read, body)?,
            "TransactWriteItems" => Self::transaction(Access::Write, body)?,
            "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction" => {
                Self::Statement { access: statements(body)? }
            }
            _ => return None,
        })
    }

    fn batch(access: Access, body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Batch {
            request_items: Map<String, Value>,
        }
        let Batch { request_items } = serde_json::from_slice(body).ok()?;
        Some(Self::Batch {
            access,
            tables: request_items.into_iter().map(|(table, _)| table).collect(),
        })
    }

    fn transaction(access: Access, body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Transaction {
            transact_items: Vec<BTreeMap<String, Named>>,
        }
        let Transaction { transact_items } = serde_json::from_slice(body).ok()?;
        let tables = transact_items.into_iter().flat_map(BTreeMap::into_values);
        Some(Self::Transaction { access, tables: tables.map(|named| named.table).collect() })
    }

    pub(crate) fn access(&self) -> Access {
        match self {
            Self::Read { .. } => Access::Read,
            Self::Write { .. } => Access::Write,
            Self::Batch { access, .. }
            | Self::Transaction { access, .. }
            | Self::Statement { access } => *access,
        }
    }

    /// The index that it reads.
    pub(crate) fn index(&self) -> Option<&str> {
        match self {
            Self::Read { index, .. } => index.as_deref(),
            _ => None,
        }
    }

    /// The tables it names.
    pub(crate) fn tables(&self) -> &[String] {
        match self {
            Self::Read { table, .. } | Self::Write { table } => std::slice::from_ref(table),
            Self::Batch { tables, .. } | Self::Transaction { tables, .. } => tables,
            Self::Statement { .. } => &[],
        }
    }
}

/// What a request, or an action of a transaction, is about.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "TableName")]
    table: String,
    #[serde(rename = "IndexName")]
    index: Option<String>,
}

/// Whether statements read or write: a request has one kind of them, and each begins with its verb.
fn statements(body: &[u8]) -> Option<Access> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let several = body.get("Statements").or_else(|| body.get("TransactStatements"));
    let first = several.map_or(&body, |several| &several[0]);
    let verb = first.get("Statement")?.as_str()?.split_whitespace().next()?;
    let reads = verb.eq_ignore_ascii_case("SELECT");
    Some(if reads { Access::Read } else { Access::Write })
}
