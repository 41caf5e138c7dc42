//! Transactions: where the capacity for one action is missing, nothing is done, and the reasons say which actions it was.

use dynoxide::DynoxideError;
use dynoxide::errors::CancellationReason;
use serde_json::{Value, json};

use super::ledger::{Ledger, Resource};
use super::refusal::message;
use super::request::{Request, in_the_way};
use super::target::Target;
use crate::demand::Access;

/// The code of an action for which there is no provisioned capacity.
const CODE: &str = "ProvisionedThroughputExceeded";

/// Why a transaction cannot be executed now, if it cannot. `tables` are those of its actions.
pub(super) fn cancelled(
    request: Request<'_>,
    ledger: &mut Ledger,
    access: Access,
    tables: &[String],
) -> Option<DynoxideError> {
    let actions = actions(request.body);
    let spent: Vec<_> = tables
        .iter()
        .zip(&actions)
        .map(|(table, action)| match access {
            Access::Read => {
                let resource = ledger.read(table, None);
                ledger.is_spent(&resource, request.now).then_some(resource).into_iter().collect()
            }
            Access::Write => spent_by_action(request, ledger, table, action),
        })
        .collect();
    let reasons: Vec<CancellationReason> = spent.iter().map(|spent| reason(spent)).collect();
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    if codes.iter().all(|code| *code == "None") {
        return None;
    }
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    Some(DynoxideError::TransactionCanceledException(message, reasons))
}

fn spent_by_action(
    request: Request<'_>,
    ledger: &mut Ledger,
    table: &str,
    action: &Value,
) -> Vec<Resource> {
    let spent = ledger.spent_by_write(table, request.now);
    if spent.is_empty() {
        return spent;
    }
    let alone = json!({"TransactItems": [action]});
    in_the_way(request.engine, spent, target(action), request.operation, &alone)
}

fn reason(spent: &[Resource]) -> CancellationReason {
    if spent.is_empty() {
        CancellationReason { code: "None".to_owned(), message: None, item: None }
    } else {
        let message = Some(message(spent).to_owned());
        CancellationReason { code: CODE.to_owned(), message, item: None }
    }
}

/// The items that its actions are about.
pub(super) fn targets(body: &[u8]) -> Vec<Target> {
    actions(body).iter().filter_map(target).collect()
}

/// An action has one member, which names what is done.
fn target(action: &Value) -> Option<Target> {
    let write = action.as_object()?.values().next()?;
    Target::of(write.get("TableName")?.as_str()?, write)
}

fn actions(body: &[u8]) -> Vec<Value> {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    body.and_then(|body| body.get("TransactItems")?.as_array().cloned()).unwrap_or_default()
}
