//! The one way in: requests pass one at a time, and changes of tables are followed.
//!
//! Between looking into a bucket and paying nobody else may look. The engine takes one request at a time anyway.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::{Database, DynoxideError};
use tokio::time::Instant;

use super::ledger::Ledger;
use super::limits::altered_indexes;
use super::request::Request;
use crate::demand::Demand;
use crate::dispatch;
use crate::response::Failure;
use crate::throttle::Throttle;

/// The one way into a store whose tables have a limited capacity.
#[derive(Debug)]
pub(crate) struct Gate {
    ledger: Mutex<Ledger>,
}

impl Gate {
    pub(crate) fn new(throttle: Throttle) -> Self {
        Self { ledger: Mutex::new(Ledger::new(throttle.burst)) }
    }

    /// Executes `operation` if there is capacity for it; `None` when the engine has none of that name.
    pub(crate) fn call(
        &self,
        engine: &Database,
        operation: &str,
        body: &[u8],
    ) -> Option<Result<String, Failure>> {
        let Some(demand) = Demand::of(operation, body) else {
            return dispatch::call(engine, operation, body).map(|answer| Ok(answer?));
        };
        let mut ledger = self.ledger();
        let request = Request { engine, operation, body, now: Instant::now() };
        Some(request.pass(&mut ledger, &demand))
    }

    /// A change of `table` by the request `body`, after which its buckets follow its settings.
    pub(crate) fn alter(
        &self,
        engine: &Database,
        table: &str,
        body: &[u8],
        change: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let mut ledger = self.ledger();
        let answer = change()?;
        ledger.follow(engine, table, altered_indexes(body), Instant::now())?;
        Ok(answer)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
