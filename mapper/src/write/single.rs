//! One write: PutItem, UpdateItem or DeleteItem, each conditional.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure::AllOld};
use tokio::time::Instant;

use super::plan::{After, Base, Returns, Stamp, Write};
use super::render::{Action, Parts, Rendered, render};
use super::{judge, limits};
use crate::database::Database;
use crate::error::Error;
use crate::item::{AttributeValue, Item};
use crate::reader::Reader as _;
use crate::retry::{Attempt, Attempts, Cause};

/// The item that an answer returns, or that a failed condition met.
type Met = Option<HashMap<String, AttributeValue>>;

/// Sends a write until it has an answer that says what is stored; returns the item that was asked for.
pub(super) async fn send(
    db: &Database,
    write: &Write,
    mut rendered: Rendered,
    nonce: &str,
    deadline: Option<Instant>,
) -> Result<Option<Item>, Error> {
    let targets = std::slice::from_ref(&write.target);
    let operation = match rendered.action {
        Action::Put => "PutItem",
        Action::Update(_) => "UpdateItem",
        Action::Delete => "DeleteItem",
        Action::Check => return Err(Error::Usage("a check alone is a transaction")),
    };
    let mut attempts = Attempts::new(db, operation, &write.target.table).until(deadline);
    let (mut parts, capacity) = (std::mem::take(&mut rendered.parts), db.asks_capacity());
    loop {
        let attempt = match &rendered.action {
            Action::Put => {
                let request = put_request(db.once(), rendered.item(), parts);
                put(request.set_return_consumed_capacity(capacity.clone()), &mut attempts).await
            }
            Action::Update(update) => {
                let request = update_request(db.once(), update, rendered.returns, parts);
                change(request.set_return_consumed_capacity(capacity.clone()), &mut attempts).await
            }
            Action::Delete => {
                let request = delete_request(db.once(), rendered.returns, parts);
                delete(request.set_return_consumed_capacity(capacity.clone()), &mut attempts).await
            }
            Action::Check => return Err(Error::Usage("a check alone is a transaction")),
        };
        match attempt {
            Attempt::Done(returned) => return Ok(returned.map(Item::from)),
            Attempt::Again(Cause::Lost) if !rendered.repeatable => {
                return recognise(db, write, &rendered, nonce, &attempts).await;
            }
            Attempt::Again(cause) => attempts.pause(cause, targets).await?,
            Attempt::Failed(error) => return Err(attempts.failed(error, targets)),
            Attempt::Rejected(met) => {
                attempts.estimate(&write.target.table, limits::write_units((*met).as_ref()));
                let stored = met.map(Item::from);
                // The nonce on the stored item is ours: an earlier attempt was applied and its answer lost. Of an item
                // that is put as it is, all is ours.
                let is_own = if write.stamp == Stamp::Nothing {
                    stored == rendered.after
                } else {
                    judge::is_own(stored.as_ref(), nonce)
                };
                if is_own {
                    return Ok(stored);
                }
                // An earlier attempt may have been applied and overwritten since: nobody can tell.
                if attempts.ambiguous && !settled(write, stored.as_ref()) {
                    return Err(attempts.unknown(targets));
                }
                return Err(judge::conflict(write, stored));
            }
        }
        // The same again: it is rendered of the same write and nonce.
        parts = render(db, write, nonce)?.parts;
    }
}

/// Whether the item that is stored now tells what became of this write, whatever became of earlier attempts: it is still
/// the one that the write started from, so that a condition of the program failed on it. Or the write puts an item as it
/// is where there is none: another one stays, and whether the own one was there before it concerns nobody.
fn settled(write: &Write, stored: Option<&Item>) -> bool {
    match (&write.base, stored) {
        (Base::Stored(base), Some(stored)) => base == stored,
        (Base::Absent, Some(_)) => write.stamp == Stamp::Nothing,
        _ => false,
    }
}

/// Finds out whether a write whose condition can come true again was made, after its answer was lost. It is not sent
/// again: where the first attempt was applied and somebody changed or deleted the item since, it would be made twice.
async fn recognise(
    db: &Database,
    write: &Write,
    rendered: &Rendered,
    nonce: &str,
    attempts: &Attempts<'_>,
) -> Result<Option<Item>, Error> {
    let stored = db.read_item(write.layout, &write.target.key, true).await;
    match stored {
        Ok(stored) if judge::is_own(stored.as_ref(), nonce) => {
            // The old item went with the answer.
            Ok(stored.filter(|_| rendered.returns == Returns::New))
        }
        // A delete that asks for nothing wants no item there, whoever deleted it.
        Ok(None) if matches!(write.after, After::Gone) && write.condition.is_none() => Ok(None),
        // Not applied, applied and overwritten, or still under way: nobody can tell.
        _ => Err(attempts.unknown(std::slice::from_ref(&write.target))),
    }
}

fn lift<T, E>(
    attempt: Attempt<T, E>,
    returned: impl FnOnce(T) -> Met,
    met: impl FnOnce(E) -> Met,
) -> Attempt<Met, Met> {
    match attempt {
        Attempt::Done(answer) => Attempt::Done(returned(answer)),
        Attempt::Again(cause) => Attempt::Again(cause),
        Attempt::Failed(error) => Attempt::Failed(error),
        Attempt::Rejected(error) => Attempt::Rejected(Box::new(met(*error))),
    }
}

/// The request of a put, for whichever client sends it.
pub(super) fn put_request(client: &Client, item: Met, parts: Parts) -> PutItemFluentBuilder {
    client
        .put_item()
        .table_name(parts.table)
        .set_item(item)
        .set_condition_expression(parts.condition)
        .set_expression_attribute_names(parts.names)
        .set_expression_attribute_values(parts.values)
        .return_values_on_condition_check_failure(AllOld)
}

/// The request of an update.
pub(super) fn update_request(
    client: &Client,
    update: &str,
    returns: Returns,
    parts: Parts,
) -> UpdateItemFluentBuilder {
    client
        .update_item()
        .table_name(parts.table)
        .set_key(Some(parts.key))
        .update_expression(update)
        .return_values(match returns {
            Returns::Nothing => ReturnValue::None,
            Returns::Old => ReturnValue::AllOld,
            Returns::New => ReturnValue::AllNew,
        })
        .set_condition_expression(parts.condition)
        .set_expression_attribute_names(parts.names)
        .set_expression_attribute_values(parts.values)
        .return_values_on_condition_check_failure(AllOld)
}

/// The request of a delete.
pub(super) fn delete_request(
    client: &Client,
    returns: Returns,
    parts: Parts,
) -> DeleteItemFluentBuilder {
    let old = (returns == Returns::Old).then_some(ReturnValue::AllOld);
    client
        .delete_item()
        .table_name(parts.table)
        .set_key(Some(parts.key))
        .set_return_values(old)
        .set_condition_expression(parts.condition)
        .set_expression_attribute_names(parts.names)
        .set_expression_attribute_values(parts.values)
        .return_values_on_condition_check_failure(AllOld)
}

async fn put(request: PutItemFluentBuilder, attempts: &mut Attempts<'_>) -> Attempt<Met, Met> {
    lift(
        attempts.send(request.send()).await,
        |_| None,
        |error| match error {
            PutItemError::ConditionalCheckFailedException(failed) => failed.item,
            _ => None,
        },
    )
}

async fn change(
    request: UpdateItemFluentBuilder,
    attempts: &mut Attempts<'_>,
) -> Attempt<Met, Met> {
    lift(
        attempts.send(request.send()).await,
        |answer| answer.attributes,
        |error| match error {
            UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
            _ => None,
        },
    )
}

async fn delete(
    request: DeleteItemFluentBuilder,
    attempts: &mut Attempts<'_>,
) -> Attempt<Met, Met> {
    lift(
        attempts.send(request.send()).await,
        |answer| answer.attributes,
        |error| match error {
            DeleteItemError::ConditionalCheckFailedException(failed) => failed.item,
            _ => None,
        },
    )
}
