//! One open store: turns an operation and a body into an answer, and survives a panic of the engine.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use dynoxide::{Database, DynoxideError};

use crate::builder::Options;
use crate::control::{Disc, Plane};
use crate::error::OpenError;
use crate::file::lock::LockFile;
use crate::file::registry::Registration;
use crate::response::{self, Failure};
use crate::throttle::Gate;
use crate::{dispatch, schema};

/// A store and what belongs to it. The fields are dropped in this order: the engine closes its file, then the lock is let
/// go, then this process may open the file again.
pub(crate) struct Store {
    engine: Database,
    options: Options,
    /// Where tables are administered.
    plane: Option<Plane>,
    /// Where the tables' capacity is limited.
    gate: Option<Gate>,
    /// Changes of the schema are made one at a time: a file has room for one intent.
    schema: Mutex<Option<LockFile>>,
    registration: Option<Registration>,
}

impl Store {
    /// A store in memory.
    pub(crate) fn memory(options: Options) -> Result<Self, OpenError> {
        let path = Path::new(":memory:");
        let engine = Database::memory().map_err(|error| OpenError::from_engine(path, error))?;
        Self::new(engine, options, None, None, None)
            .map_err(|error| OpenError::from_sqlite(path, error))
    }

    /// A store over the file `path`, which this process has locked and registered.
    pub(crate) fn file(
        engine: Database,
        path: &Path,
        options: Options,
        lock: LockFile,
        registration: Registration,
    ) -> Result<Self, OpenError> {
        let disc = options.control.map(|_| Disc::open(path)).transpose();
        disc.and_then(|disc| Self::new(engine, options, disc, Some(lock), Some(registration)))
            .map_err(|error| OpenError::from_sqlite(path, error))
    }

    fn new(
        engine: Database,
        options: Options,
        disc: Option<Disc>,
        lock: Option<LockFile>,
        registration: Option<Registration>,
    ) -> rusqlite::Result<Self> {
        let plane = options.control.map(|control| Plane::new(control, disc)).transpose()?;
        let gate = options.throttle.map(Gate::new);
        Ok(Self { engine, options, plane, gate, schema: Mutex::new(lock), registration })
    }

    /// How it was opened.
    pub(crate) fn options(&self) -> Options {
        self.options
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
        match &self.plane {
            Some(plane) => {
                plane.call(operation, body, &|operation, body| self.pass(operation, body))
            }
            None => self.pass(operation, body),
        }
    }

    /// Executes what the control plane lets pass.
    fn pass(&self, operation: &str, body: &[u8]) -> Option<Result<String, Failure>> {
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
    use crate::throttle::Throttle;

    #[test]
    fn a_panic_of_the_engine_is_answered_as_an_internal_server_error() {
        let answer = guarded(|| panic!("this panic belongs to the test"));
        assert_eq!(answer.status().as_u16(), 500);
        let body = answer.body().bytes().unwrap_or_default();
        assert!(String::from_utf8_lossy(body).contains("#InternalServerError"));
    }

    #[test]
    fn a_store_is_throttled_outside_of_a_runtime_too() -> Result<(), OpenError> {
        let store =
            Store::memory(Options { throttle: Some(Throttle::provisioned()), control: None })?;
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
