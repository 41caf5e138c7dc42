//! One open store: turns an operation and a body into an answer, and survives a panic of the engine.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynoxide::{Database, DynoxideError};

use crate::error::OpenError;
use crate::file::lock::LockFile;
use crate::file::registry::Registration;
use crate::response::{self, Failure};
use crate::throttle::{Gate, Throttle};
use crate::{dispatch, schema};

/// A store and what belongs to it. The fields are dropped in this order: the engine closes its file, then the lock is let
/// go, then this process may open the file again.
pub(crate) struct Store {
    engine: Database,
    /// Where the tables' capacity is limited.
    gate: Option<Gate>,
    /// Changes of the schema are made one at a time: a file has room for one intent.
    schema: Mutex<Option<LockFile>>,
    registration: Option<Registration>,
}

impl Store {
    /// A store in memory.
    pub(crate) fn memory(throttle: Option<Throttle>) -> Result<Self, OpenError> {
        let engine = Database::memory()
            .map_err(|error| OpenError::from_engine(Path::new(":memory:"), error))?;
        Ok(Self::new(engine, throttle, None, None))
    }

    /// A store over a file this process has locked and registered.
    pub(crate) fn file(
        engine: Database,
        throttle: Option<Throttle>,
        lock: LockFile,
        registration: Registration,
    ) -> Self {
        Self::new(engine, throttle, Some(lock), Some(registration))
    }

    fn new(
        engine: Database,
        throttle: Option<Throttle>,
        lock: Option<LockFile>,
        registration: Option<Registration>,
    ) -> Self {
        let gate = throttle.map(Gate::new);
        Self { engine, gate, schema: Mutex::new(lock), registration }
    }

    /// How it was opened.
    pub(crate) fn throttle(&self) -> Option<Throttle> {
        self.gate.as_ref().map(Gate::throttle)
    }

    /// Whether a request may wait for a disc.
    pub(crate) fn blocks(&self) -> bool {
        self.registration.is_some()
    }

    /// Executes one operation. A panic of the engine becomes an `InternalServerError`; the engine then answers everything
    /// with that, and the store has to be opened again.
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> HttpResponse {
        guarded(|| match self.execute(operation, body) {
            Some(Ok(body)) => response::ok(body),
            Some(Err(failure)) => response::failure(&failure),
            None => response::unknown_operation(),
        })
    }

    fn execute(&self, operation: &str, body: &[u8]) -> Option<Result<String, Failure>> {
        match (operation, &self.gate) {
            ("CreateTable" | "DeleteTable" | "UpdateTable", _) => {
                Some(self.change(operation, body).map_err(Failure::from))
            }
            (_, Some(gate)) => gate.call(&self.engine, operation, body),
            (_, None) => dispatch::call(&self.engine, operation, body).map(|answer| Ok(answer?)),
        }
    }

    fn change(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let change = || {
            let mut lock = self.schema.lock().unwrap_or_else(PoisonError::into_inner);
            schema::change(&self.engine, lock.as_mut(), operation, body)
        };
        match (&self.gate, schema::table_name(body)) {
            (Some(gate), Some(table)) => gate.alter(&self.engine, &table, body, change),
            _ => change(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("file", &self.registration).finish_non_exhaustive()
    }
}

/// `work`, or a 500 when it panics.
fn guarded(work: impl FnOnce() -> HttpResponse) -> HttpResponse {
    // Unwind safety: the engine's own lock is poisoned by a panic, so that nothing half-changed is read afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        response::failure(&Failure::Engine(DynoxideError::InternalServerError(
            "The embedded engine panicked; open the store again.".to_owned(),
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_engine_is_answered_as_an_internal_server_error() {
        let answer = guarded(|| panic!("this panic belongs to the test"));
        assert_eq!(answer.status().as_u16(), 500);
        let body = answer.body().bytes().unwrap_or_default();
        assert!(String::from_utf8_lossy(body).contains("#InternalServerError"));
    }

    #[test]
    fn a_store_is_throttled_outside_of_a_runtime_too() -> Result<(), OpenError> {
        let store = Store::memory(Some(Throttle::provisioned()))?;
        let table = r#"{"TableName": "notes", "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}"#;
        assert_eq!(store.answer("CreateTable", table.as_bytes()).status().as_u16(), 200);
        // More than a minute of capacity, so that the test may be slow.
        let body = "x".repeat(100_000);
        let item = format!(r#"{{"id": {{"S": "a"}}, "body": {{"S": "{body}"}}}}"#);
        let put = format!(r#"{{"TableName": "notes", "Item": {item}}}"#);
        let statuses = [(); 2].map(|()| store.answer("PutItem", put.as_bytes()).status().as_u16());
        assert_eq!(statuses, [200, 400]);
        Ok(())
    }
}
