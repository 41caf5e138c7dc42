//! Checks without a write: all items are read at one moment, at the price of reads.
//!
//! [AWS: TransactGetItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html)

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::types::{Get, TransactGetItem};
use tokio::time::Instant;

use super::judge;
use super::plan::{Base, Write};
use crate::database::Database;
use crate::error::{Conflict, Error, ServiceError};
use crate::item::Item;
use crate::retry::{Attempt, Attempts, Cause};

const OPERATION: &str = "TransactGetItems";

/// Requires that every item is as the writes, which change nothing, expect it.
///
/// A single read would not do: it can see an item as it was before a transaction that is under way.
pub(super) async fn send(
    db: &Database,
    writes: &[Write],
    deadline: Option<Instant>,
) -> Result<(), Error> {
    let found = read(db, writes, deadline).await?;
    let failed = |(write, stored): (&Write, Option<Item>)| {
        (!is_as_expected(write, stored.as_ref())).then(|| judge::failure(write, stored))
    };
    let failures: Vec<_> = writes.iter().zip(found).filter_map(failed).collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict(Box::new(Conflict::new(failures))))
}

fn is_as_expected(write: &Write, stored: Option<&Item>) -> bool {
    let as_seen = match (&write.base, stored) {
        (Base::Any, _) | (Base::Absent, None) => true,
        (Base::Stored(base), Some(stored)) => base == stored,
        _ => false,
    };
    let nothing = Item::default();
    let condition = write.condition.as_ref();
    as_seen && condition.is_none_or(|condition| condition.holds(stored.unwrap_or(&nothing)))
}

async fn read(
    db: &Database,
    writes: &[Write],
    deadline: Option<Instant>,
) -> Result<Vec<Option<Item>>, Error> {
    let table = writes.first().map_or("", |write| write.target.table.as_str());
    let gets: Vec<TransactGetItem> = writes
        .iter()
        .map(get)
        .collect::<Result<_, _>>()
        .map_err(|error| refused(table, String::new(), error.to_string()))?;
    let mut attempts = Attempts::new(db, OPERATION, table).until(deadline);
    loop {
        let request = db.once().transact_get_items().set_transact_items(Some(gets.clone()));
        match attempts.send(request.send()).await {
            Attempt::Done(answer) => {
                let items = answer.responses.unwrap_or_default().into_iter();
                let mut items: Vec<_> = items
                    .map(|found| found.item.filter(|item| !item.is_empty()).map(Item::from))
                    .collect();
                items.resize(writes.len(), None);
                return Ok(items);
            }
            Attempt::Again(cause) => attempts.pause(cause, &[]).await?,
            Attempt::Failed(error) => return Err(attempts.failed(error, &[])),
            Attempt::Rejected(error) => attempts.pause(cancelled(table, *error)?, &[]).await?,
        }
    }
}

fn get(write: &Write) -> Result<TransactGetItem, BuildError> {
    let key = write.target.key.to_item().into_inner();
    let get = Get::builder().table_name(&write.target.table).set_key(Some(key)).build()?;
    Ok(TransactGetItem::builder().get(get).build())
}

/// Why the items could not be read at one moment; an error where reading again is no use.
fn cancelled(table: &str, error: TransactGetItemsError) -> Result<Cause, Error> {
    let reasons = match error {
        TransactGetItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let mut cause = Cause::Contended;
    for reason in reasons {
        match reason.code.as_deref().unwrap_or("None") {
            "None" | "TransactionConflict" => {}
            "ProvisionedThroughputExceeded" | "ThrottlingError" => cause = Cause::Throttled,
            code => {
                let message = reason.message.unwrap_or_default();
                return Err(refused(table, code.to_owned(), message));
            }
        }
    }
    Ok(cause)
}

fn refused(table: &str, code: String, message: String) -> Error {
    let table = table.to_owned();
    Error::Service(Box::new(ServiceError { operation: OPERATION, table, code, message }))
}
