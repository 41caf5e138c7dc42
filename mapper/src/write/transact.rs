//! Several writes: one TransactWriteItems.
//!
//! One token for all attempts: the service applies a token once, and the same frozen request is sent until there is an
//! answer that says whether it was applied.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure::AllOld,
    TransactWriteItem, Update,
};

use super::apply::{Terms, Unapplied};
use super::plan::{Base, Write};
use super::render::{Action, Parts, Rendered};
use super::{judge, limits};
use crate::database::Database;
use crate::error::{Conflict, Error, Failure, Reason, ServiceError, Target};
use crate::item::Item;
use crate::retry::{Attempt, Attempts, Cause, tables};
use crate::schema::WRITE_ATTRIBUTE;

const OPERATION: &str = "TransactWriteItems";

/// What a cancelled transaction means.
enum Cancelled {
    /// Our own earlier attempt was applied.
    Applied,
    /// Nothing was decided about the data: send again. These items were in the way.
    Again(Cause, Vec<Failure>),
    /// Items were not as expected. `final` is false where a late copy of the request might still be applied.
    Failed { failures: Vec<Failure>, is_final: bool },
}

/// Sends the writes until there is an answer that says what is stored.
pub(super) async fn send(
    db: &Database,
    writes: &[Write],
    rendered: Vec<Rendered>,
    nonce: &str,
    terms: &Terms,
) -> Result<(), Unapplied> {
    let targets: Vec<Target> = writes.iter().map(|write| write.target.clone()).collect();
    let table = &tables(targets.iter());
    let actions: Vec<TransactWriteItem> = rendered
        .into_iter()
        .map(action)
        .collect::<Result<_, _>>()
        .map_err(|error| unbuilt(table, &error))?;
    let token = db.token();
    let mut attempts = Attempts::new(db, OPERATION, table.as_str()).until(terms.deadline);
    loop {
        let request = db
            .once()
            .transact_write_items()
            .set_transact_items(Some(actions.clone()))
            .client_request_token(&token)
            .set_return_consumed_capacity(db.asks_capacity());
        match attempts.send(request.send()).await {
            Attempt::Done(_) => return Ok(()),
            Attempt::Again(cause) => attempts.pause(cause, &targets).await?,
            Attempt::Failed(error) => return Err(attempts.failed(error, &targets).into()),
            Attempt::Rejected(error) => match estimated(&attempts, writes, *error, nonce) {
                Cancelled::Applied => return Ok(()),
                Cancelled::Again(cause, failures) => {
                    let throttled = |failure: &&Failure| *failure.reason() == Reason::Throttled;
                    let tables = failures.iter().filter(throttled).map(Failure::table);
                    attempts.were_throttled(tables, "ThrottlingError");
                    attempts.pause(cause, &targets).await.map_err(|error| busy(error, failures))?;
                }
                // A copy of an earlier attempt may still be under way, and what it requires may come true again.
                Cancelled::Failed { is_final: false, .. }
                    if attempts.ambiguous && !terms.decidable =>
                {
                    attempts.pause(Cause::Lost, &targets).await?;
                }
                Cancelled::Failed { failures, is_final } => {
                    let ambiguous = attempts.ambiguous && !is_final;
                    let error = Error::Conflict(Box::new(Conflict::new(failures)));
                    return Err(Unapplied { error, ambiguous, sent: None });
                }
            },
        }
    }
}

/// The error of giving up, with the items that were in the way.
fn busy(error: Error, failures: Vec<Failure>) -> Error {
    match error {
        Error::Busy(mut busy) => {
            busy.failures = failures;
            Error::Busy(busy)
        }
        error => error,
    }
}

fn action(rendered: Rendered) -> Result<TransactWriteItem, BuildError> {
    let Rendered { action, parts, after, .. } = rendered;
    let Parts { table, key, condition, names, values } = parts;
    let item = TransactWriteItem::builder();
    Ok(match action {
        Action::Put => item.put(
            Put::builder()
                .table_name(table)
                .set_item(after.map(Item::into_inner))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()?,
        ),
        Action::Update(update) => item.update(
            Update::builder()
                .table_name(table)
                .set_key(Some(key))
                .update_expression(update)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()?,
        ),
        Action::Delete => item.delete(
            Delete::builder()
                .table_name(table)
                .set_key(Some(key))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()?,
        ),
        Action::Check => item.condition_check(
            ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(AllOld)
                .build()?,
        ),
    }
    .build())
}

fn unbuilt(table: &str, error: &BuildError) -> Error {
    Error::Service(Box::new(ServiceError {
        operation: OPERATION,
        table: table.to_owned(),
        code: String::new(),
        message: error.to_string(),
    }))
}

/// Accounts for what a cancelled transaction cost, and tells what it means.
fn estimated(
    attempts: &Attempts<'_>,
    writes: &[Write],
    error: TransactWriteItemsError,
    nonce: &str,
) -> Cancelled {
    if let TransactWriteItemsError::TransactionCanceledException(cancelled) = &error {
        let reasons = cancelled.cancellation_reasons();
        // What was refused for lack of capacity took none.
        let is_throttled = |reason: &CancellationReason| {
            matches!(
                reason.code.as_deref(),
                Some("ThrottlingError" | "ProvisionedThroughputExceeded")
            )
        };
        let charged = if reasons.iter().any(is_throttled) { &[] } else { reasons };
        for (write, reason) in writes.iter().zip(charged) {
            // A transaction takes twice the units.
            let units = 2.0 * limits::write_units(reason.item.as_ref());
            attempts.estimate(&write.target.table, units);
        }
    }
    judge_all(writes, error, nonce)
}

/// Reads the reasons of a cancelled transaction; the n-th belongs to the n-th write.
fn judge_all(writes: &[Write], error: TransactWriteItemsError, nonce: &str) -> Cancelled {
    let reasons = match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let (mut failures, mut again, mut is_final) = (Vec::new(), None, false);
    let mut in_the_way = Vec::new();
    for (write, reason) in writes.iter().zip(reasons) {
        let CancellationReason { item, code, .. } = reason;
        let stored = item.filter(|item| !item.is_empty()).map(Item::from);
        match code.as_deref().unwrap_or("None") {
            "None" => {}
            "ConditionalCheckFailed" if judge::is_own(stored.as_ref(), nonce) => {
                return Cancelled::Applied;
            }
            "ConditionalCheckFailed" => {
                // Nonces never come back, so an item that was seen with one and is another now stays another.
                is_final |=
                    matches!(&write.base, Base::Stored(item) if item.contains(WRITE_ATTRIBUTE));
                failures.push(judge::failure(write, stored));
            }
            "TransactionConflict" => {
                again = again.or(Some(Cause::Contended));
                in_the_way.push(judge::refused(write, Reason::TransactionConflict, stored));
            }
            "ProvisionedThroughputExceeded" | "ThrottlingError" => {
                again = Some(Cause::Throttled);
                in_the_way.push(judge::refused(write, Reason::Throttled, stored));
            }
            "ItemCollectionSizeLimitExceeded" => {
                failures.push(judge::refused(write, Reason::CollectionFull, stored));
            }
            code => {
                failures.push(judge::refused(write, Reason::Refused(code.to_owned()), stored));
            }
        }
    }
    match again {
        _ if !failures.is_empty() => Cancelled::Failed { failures, is_final },
        Some(cause) => Cancelled::Again(cause, in_the_way),
        None => Cancelled::Again(Cause::Lost, in_the_way),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;
    use crate::codec::kind::ScalarKind;
    use crate::item::AttributeValue;
    use crate::key::{Key, KeyAttribute};
    use crate::layout::Layout;
    use crate::write::After;

    static LAYOUT: Layout = Layout::bare(
        "Account",
        "accounts",
        KeyAttribute { name: "id", kind: ScalarKind::N },
        Some("version"),
        &["id"],
    );

    fn item(nonce: &str) -> Item {
        let mut item = Item::new();
        item.insert("id", AttributeValue::N("1".into()));
        item.insert(WRITE_ATTRIBUTE, AttributeValue::S(nonce.into()));
        item
    }

    fn write(base: Base) -> Write {
        let key = Key::new(("id", AttributeValue::N("1".into())), None).expect("a key");
        Write::new(&LAYOUT, Target::new("accounts", &key), base, After::Gone)
    }

    /// What a cancellation with these reasons means to an insert and a change, in this order, with the nonce "mine".
    fn judged(reasons: [(&str, Option<&str>); 2]) -> String {
        let reasons = reasons.map(|(code, nonce)| {
            let stored = nonce.map(|nonce| item(nonce).into_inner());
            CancellationReason::builder().code(code).set_item(stored).build()
        });
        let cancelled = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.to_vec()))
            .build();
        let error = TransactWriteItemsError::TransactionCanceledException(cancelled);
        let writes = [write(Base::Absent), write(Base::Stored(item("seen")))];
        match judge_all(&writes, error, "mine") {
            Cancelled::Applied => "applied".to_owned(),
            Cancelled::Again(cause, failures) => {
                let reasons: Vec<_> = failures.iter().map(Failure::reason).collect();
                format!("again: {cause:?} {reasons:?}")
            }
            Cancelled::Failed { failures, is_final } => {
                let reasons: Vec<_> = failures.iter().map(Failure::reason).collect();
                format!("final {is_final}: {reasons:?}")
            }
        }
    }

    #[test]
    fn reasons_are_read_by_position_and_code() {
        const FAILED: &str = "ConditionalCheckFailed";
        let changed = "Changed { expected: None, actual: None }";
        for (reasons, meaning) in [
            // The service no longer knows the token, but the items carry the nonce: an earlier attempt was applied.
            ([(FAILED, Some("mine")), ("None", None)], "applied".to_owned()),
            ([(FAILED, Some("other")), (FAILED, Some("mine"))], "applied".to_owned()),
            ([(FAILED, Some("other")), ("None", None)], "final false: [AlreadyExists]".to_owned()),
            ([("None", None), (FAILED, Some("other"))], format!("final true: [{changed}]")),
            ([("None", None), (FAILED, None)], "final true: [Deleted]".to_owned()),
            (
                [("TransactionConflict", None), ("None", None)],
                "again: Contended [TransactionConflict]".to_owned(),
            ),
            (
                [("None", None), ("ThrottlingError", None)],
                "again: Throttled [Throttled]".to_owned(),
            ),
            (
                [("ThrottlingError", None), ("TransactionConflict", None)],
                "again: Throttled [Throttled, TransactionConflict]".to_owned(),
            ),
            (
                [("ItemCollectionSizeLimitExceeded", None), ("None", None)],
                "final false: [CollectionFull]".to_owned(),
            ),
            (
                [("ProvisionedThroughputExceeded", None), (FAILED, Some("other"))],
                format!("final true: [{changed}]"),
            ),
            (
                [("ValidationError", None), ("None", None)],
                "final false: [Refused(\"ValidationError\")]".to_owned(),
            ),
        ] {
            assert_eq!(judged(reasons), meaning, "{reasons:?}");
        }
    }
}
