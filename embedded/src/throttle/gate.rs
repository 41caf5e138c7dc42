//! Admits a request, has it executed, and charges what it consumed.
//!
//! One request at a time: between looking into a bucket and paying nobody else may look. The engine takes one at a time
//! anyway.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};
use tokio::time::Instant;

use super::demand::Demand;
use super::ledger::{Access, Ledger, Resource};
use super::refusal::Refusal;
use super::target::Target;
use crate::dispatch::{self, meter::Meter};
use crate::response::Failure;
use crate::throttle::Throttle;

/// The one way into a store whose tables have a limited capacity.
#[derive(Debug)]
pub(crate) struct Gate {
    throttle: Throttle,
    ledger: Mutex<Ledger>,
}

impl Gate {
    pub(crate) fn new(throttle: Throttle) -> Self {
        Self { throttle, ledger: Mutex::new(Ledger::new(throttle.burst)) }
    }

    /// What it was made with.
    pub(crate) fn throttle(&self) -> Throttle {
        self.throttle
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
        let request = Request { engine, operation, body, now: Instant::now() };
        Some(request.pass(&mut self.ledger(), &demand))
    }

    /// A change of `table`, after which its buckets follow its settings.
    pub(crate) fn alter(
        &self,
        engine: &Database,
        table: &str,
        change: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let mut ledger = self.ledger();
        let answer = change()?;
        ledger.renew(engine, table, Instant::now())?;
        Ok(answer)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on its way.
#[derive(Clone, Copy)]
struct Request<'a> {
    engine: &'a Database,
    operation: &'a str,
    body: &'a [u8],
    now: Instant,
}

impl Request<'_> {
    fn pass(self, ledger: &mut Ledger, demand: &Demand) -> Result<String, Failure> {
        for table in demand.tables() {
            ledger.know(self.engine, table, self.now)?;
        }
        let spent = self.spent(ledger, demand);
        if !spent.is_empty() {
            return Err(Refusal::of(&spent).into());
        }
        self.execute(ledger, demand)
    }

    /// What stands in the way.
    fn spent(self, ledger: &mut Ledger, demand: &Demand) -> Vec<Resource> {
        match demand {
            Demand::Read { table, index } => {
                let resource = ledger.read(table, index.as_deref());
                ledger.is_spent(&resource, self.now).then_some(resource).into_iter().collect()
            }
            Demand::Write { table } => ledger.spent_by_write(table, self.now),
            _ => Vec::new(),
        }
    }

    /// Executes the request and charges it.
    fn execute(self, ledger: &mut Ledger, demand: &Demand) -> Result<String, Failure> {
        let mut meter = Meter::on();
        let answer = dispatch::metered(self.engine, self.operation, self.body, &mut meter)
            .unwrap_or_else(|| {
                Err(DynoxideError::UnsupportedCapability(self.operation.to_owned()))
            });
        for consumed in meter.read() {
            ledger.know(self.engine, &consumed.table_name, self.now)?;
            ledger.charge(&consumed, access(&consumed, demand));
        }
        if let Err(DynoxideError::ConditionalCheckFailedException(..)) = &answer {
            self.charge_failure(ledger);
        }
        Ok(answer?)
    }

    /// Charges a write whose condition failed. No answer reports it.
    fn charge_failure(self, ledger: &mut Ledger) {
        if let Ok(target) = serde_json::from_slice::<Target>(self.body) {
            let price = target.price_of_failure(self.engine);
            ledger.pay(target.table(), None, Access::Write, price);
        }
    }
}

/// A transaction of writes that is sent again is answered by a read.
fn access(consumed: &ConsumedCapacity, demand: &Demand) -> Access {
    if consumed.read_capacity_units.is_some() { Access::Read } else { demand.access() }
}
