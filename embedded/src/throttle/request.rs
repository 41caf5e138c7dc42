//! A request on its way: what stands in its way, its execution, and its price.

use dynoxide::{Database, DynoxideError};
use serde_json::Value;
use tokio::time::Instant;

use super::batch::Batch;
use super::ledger::{Ledger, Resource};
use super::refusal::Refusal;
use super::rehearsal::Rehearsal;
use super::target::Target;
use super::transaction;
use crate::demand::{Access, Demand};
use crate::dispatch;
use crate::response::Failure;

/// A request that consumes capacity.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) engine: &'a Database,
    pub(super) operation: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: Instant,
}

impl Request<'_> {
    /// Executes the request, or as much of it as there is capacity for.
    pub(super) fn pass(self, ledger: &mut Ledger, demand: &Demand) -> Result<String, Failure> {
        for table in demand.tables() {
            ledger.know(self.engine, table, self.now)?;
        }
        match demand {
            Demand::Read { table, index } => {
                let resource = ledger.read(table, index.as_deref());
                if ledger.is_spent(&resource, self.now) {
                    return Err(Refusal::of(&[resource]).into());
                }
            }
            Demand::Write { table } => {
                let spent = self.spent_by_write(ledger, table);
                if !spent.is_empty() {
                    return Err(Refusal::of(&spent).into());
                }
            }
            Demand::Batch { access, tables } if !ledger.is_unlimited(tables) => {
                if let Some(batch) = Batch::of(*access, self.body) {
                    return self.pass_in_part(ledger, *access, &batch);
                }
            }
            Demand::Transaction { access, tables } if !ledger.is_unlimited(tables) => {
                if let Some(cancelled) = transaction::cancelled(self, ledger, *access, tables) {
                    return Err(cancelled.into());
                }
            }
            Demand::Batch { .. } | Demand::Transaction { .. } | Demand::Statement { .. } => {}
        }
        Ok(self.execute(ledger, demand.access())?)
    }

    /// What a write of one item has to wait for.
    fn spent_by_write(self, ledger: &mut Ledger, table: &str) -> Vec<Resource> {
        let spent = ledger.spent_by_write(table, self.now);
        if spent.is_empty() {
            return spent;
        }
        let Ok(body) = serde_json::from_slice::<Value>(self.body) else {
            return Vec::new(); // The engine says what is wrong with it.
        };
        in_the_way(self.engine, spent, Target::of(table, &body), self.operation, &body)
    }

    /// Does what there is capacity for.
    fn pass_in_part(
        self,
        ledger: &mut Ledger,
        access: Access,
        batch: &Batch,
    ) -> Result<String, Failure> {
        let Ok(whole) = batch.trial(self.engine)?.cost(batch.body()) else {
            return Ok(self.execute(ledger, access)?); // The engine says what is wrong with it.
        };
        if ledger.affords(&whole, access, self.now) {
            return Ok(self.execute(ledger, access)?);
        }
        let trial = batch.trial(self.engine)?;
        let mut left = ledger.clone();
        let (mut done, mut rest, mut spent) = (Vec::new(), Vec::new(), Vec::new());
        for part in batch.parts() {
            let cost = trial.cost(&batch.request(std::slice::from_ref(&part)))?;
            let in_the_way = left.spent(&cost, access, self.now);
            if in_the_way.is_empty() {
                left.charge(&cost, access, self.now);
                done.push(part);
            } else {
                spent.extend(in_the_way);
                rest.push(part);
            }
        }
        if rest.is_empty() {
            return Ok(self.execute(ledger, access)?);
        }
        if done.is_empty() {
            return Err(Refusal::of(&spent).into());
        }
        let body = batch.request(&done).to_string();
        let answer = Request { body: body.as_bytes(), ..self }.execute(ledger, access)?;
        Ok(batch.left_over(&answer, &rest)?)
    }

    /// Executes the request and charges it.
    fn execute(self, ledger: &mut Ledger, access: Access) -> Result<String, DynoxideError> {
        let (answer, consumed) = dispatch::measured(self.engine, self.operation, self.body);
        for consumed in &consumed {
            ledger.know(self.engine, &consumed.table_name, self.now)?;
        }
        ledger.charge(&consumed, access, self.now);
        if let Err(error) = &answer {
            self.charge_failure(ledger, error);
        }
        answer
    }

    /// Charges writes that came to nothing because of a condition. No answer reports them.
    fn charge_failure(self, ledger: &mut Ledger, error: &DynoxideError) {
        let targets = match error {
            DynoxideError::ConditionalCheckFailedException(..) => {
                serde_json::from_slice(self.body).into_iter().collect()
            }
            DynoxideError::TransactionCanceledException(_, reasons)
                if reasons.iter().any(|reason| reason.code == "ConditionalCheckFailed") =>
            {
                transaction::targets(self.body)
            }
            _ => Vec::new(),
        };
        for target in targets {
            let table = target.table().to_owned();
            let resource = Resource { table, index: None, access: Access::Write };
            ledger.pay(&resource, target.price_of_failure(self.engine), self.now);
        }
    }
}

/// Which of what is `spent` a write would draw on: its table always, an index where the write changes its entry.
pub(super) fn in_the_way(
    engine: &Database,
    mut spent: Vec<Resource>,
    target: Option<Target>,
    operation: &str,
    body: &Value,
) -> Vec<Resource> {
    if spent.iter().any(|resource| resource.index.is_none()) {
        spent.retain(|resource| resource.index.is_none());
        return spent;
    }
    let targets: Vec<Target> = target.into_iter().collect();
    let Ok(rehearsal) = Rehearsal::of(engine, &targets) else {
        return spent;
    };
    // What fails draws on no index, and the engine says why it fails.
    let consumed = rehearsal.play(operation, body).unwrap_or_default();
    let draws = |index: &String| {
        let mut indexes = consumed.iter().flat_map(|table| &table.global_secondary_indexes);
        indexes.any(|indexes| indexes.contains_key(index))
    };
    spent.retain(|resource| resource.index.as_ref().is_some_and(draws));
    spent
}
