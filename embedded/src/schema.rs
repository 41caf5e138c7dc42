//! Creating, deleting and altering tables, one at a time, with an intent on disc.
//!
//! The engine's `UpdateTable` is one SQLite transaction. Its `CreateTable` and `DeleteTable` are not: the row that lists the
//! table, the SQLite table of its items and one for each index are written one after the other. So a process killed between
//! two of them leaves a table that is listed and unusable, and so does an error in the middle.

use std::io;

use dynoxide::{Database, DynoxideError};
use serde::{Deserialize, Serialize};

use crate::dispatch;
use crate::file::lock::LockFile;

pub(crate) mod names;

/// What is about to happen to a table: written to the lock file before it begins, erased when it is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", content = "table")]
pub(crate) enum Intent {
    /// The table did not exist before.
    CreateTable(String),
    /// The table existed before.
    DeleteTable(String),
}

/// Executes one of the three operations on tables. `journal` is the lock file of a file store.
pub(crate) fn change(
    engine: &Database,
    journal: Option<&mut LockFile>,
    operation: &str,
    body: &[u8],
) -> Result<String, DynoxideError> {
    let call = || {
        dispatch::call(engine, operation, body)
            .unwrap_or_else(|| Err(DynoxideError::UnsupportedCapability(operation.to_owned())))
    };
    let Some(table) = table_name(body) else {
        return call(); // The engine says what is wrong with it.
    };
    match (operation, engine.get_table_metadata(&table)?) {
        ("CreateTable", None) => {
            names::check_creation(engine, &table, body)?;
            journalled(journal, &Intent::CreateTable(table.clone()), || {
                call().inspect_err(|error| {
                    if error.status_code() >= 500 {
                        undo_create(engine, &table);
                    }
                })
            })
        }
        ("DeleteTable", Some(_)) => {
            names::check_deletion(engine, &table)?;
            journalled(journal, &Intent::DeleteTable(table), call)
        }
        ("UpdateTable", Some(found)) => {
            names::check_alteration(&found, body)?;
            call()
        }
        _ => call(),
    }
}

/// `work` between writing `intent` and erasing it. If it cannot be written, nothing is begun; if it cannot be erased, the
/// work is not acknowledged, because the next `open` may take it back.
fn journalled(
    journal: Option<&mut LockFile>,
    intent: &Intent,
    work: impl FnOnce() -> Result<String, DynoxideError>,
) -> Result<String, DynoxideError> {
    let Some(journal) = journal else {
        return work();
    };
    journal.begin(intent).map_err(|error| unjournalled(&error))?;
    let answer = work();
    journal.end().map_err(|error| unjournalled(&error))?;
    answer
}

fn unjournalled(error: &io::Error) -> DynoxideError {
    DynoxideError::InternalServerError(format!(
        "The lock file of the embedded store cannot be written: {error}"
    ))
}

/// Removes what a creation left that failed half-way. Best effort: the error of the creation is the one to report.
fn undo_create(engine: &Database, table: &str) {
    if engine.get_table_metadata(table).is_ok_and(|found| found.is_some()) {
        drop_table(engine, table).ok();
    }
}

/// Deletes a table, complete or not, also one that is protected.
pub(crate) fn drop_table(engine: &Database, table: &str) -> Result<(), DynoxideError> {
    if engine.get_table_metadata(table)?.is_some_and(|found| found.deletion_protection_enabled) {
        run(
            engine,
            "UpdateTable",
            &serde_json::json!({"TableName": table, "DeletionProtectionEnabled": false}),
        )?;
    }
    run(engine, "DeleteTable", &serde_json::json!({"TableName": table}))
}

/// Executes an operation of our own.
pub(crate) fn run(
    engine: &Database,
    operation: &str,
    body: &serde_json::Value,
) -> Result<(), DynoxideError> {
    match dispatch::call(engine, operation, body.to_string().as_bytes()) {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error),
        None => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
    }
}

/// The names of all tables.
pub(crate) fn tables(engine: &Database) -> Result<Vec<String>, DynoxideError> {
    let mut names = Vec::new();
    let mut start = None;
    loop {
        let page = engine.list_tables(dynoxide::actions::list_tables::ListTablesRequest {
            exclusive_start_table_name: start,
            limit: None,
        })?;
        names.extend(page.table_names);
        start = page.last_evaluated_table_name;
        if start.is_none() {
            return Ok(names);
        }
    }
}

/// The table a change is about.
pub(crate) fn table_name(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "TableName")]
        table_name: String,
    }
    serde_json::from_slice::<Named>(body).ok().map(|named| named.table_name)
}
