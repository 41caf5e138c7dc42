//! `TransactGetItems`: many items, as many as one request takes at one moment.
//!
//! A single read would not do: it can see an item as it was before a transaction that is under way, where this request
//! waits for it.
//!
//! [AWS: TransactGetItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html)

use std::ops::Range;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_get_items::{
    TransactGetItemsError, TransactGetItemsOutput,
};
use aws_sdk_dynamodb::types::{Get, TransactGetItem};

use tokio::time::Instant;

use crate::database::Database;
use crate::error::{Error, ServiceError, Target};
use crate::item::Item;
use crate::retry::{Attempt, Attempts, Cause};

const OPERATION: &str = "TransactGetItems";

/// AWS: at most 100 items in one request.
const MAX_ITEMS: usize = 100;

/// How the service refuses items of more than 4 MB together, among other mistakes.
const TOO_LARGE: [&str; 2] = ["ValidationException", "ValidationError"];

/// Rounds of reading the same items: each round reads every item once, and those of one part at one moment.
///
/// An item with a nonce that is the same in two readings was so at every moment between them: nonces do not come back.
/// One without, an absent one above all, can have gone and come back; so those are read first, in one part: what they
/// are at its moment is proven, and what the others are by their readings before and after it.
pub(crate) struct Rounds<'a> {
    targets: &'a [Target],
    /// The positions of the targets, in the order in which they are read.
    order: Vec<usize>,
    /// How many at the beginning are without a nonce.
    first: usize,
    parts: Vec<Range<usize>>,
    /// One deadline for all rounds.
    attempts: Attempts<'a>,
}

impl<'a> Rounds<'a> {
    /// Each item may be named once.
    pub(crate) fn new(db: &'a Database, targets: &'a [Target], deadline: Option<Instant>) -> Self {
        let table = targets.first().map_or("", |target| target.table.as_str());
        let starts = (0..targets.len()).step_by(MAX_ITEMS);
        let parts = starts.map(|start| start..targets.len().min(start + MAX_ITEMS)).collect();
        let attempts = Attempts::new(db, OPERATION, table).until(deadline);
        Self { targets, order: (0..targets.len()).collect(), first: 0, parts, attempts }
    }

    /// Whether a round reads all items at one moment. A round can find out that it does not.
    pub(crate) fn is_one_moment(&self) -> bool {
        self.parts.len() <= 1
    }

    /// Reads the items first that were seen without a nonce, or not seen.
    pub(crate) fn put_first(&mut self, is_without: impl Fn(usize) -> bool) {
        self.order.sort_by_key(|position| !is_without(*position));
        self.first = self.order.iter().filter(|position| is_without(**position)).count();
    }

    /// Requires that the items that had to be first were read at one moment.
    ///
    /// # Errors
    /// [`Error::Limit`].
    pub(crate) fn require_proof(&self) -> Result<(), Error> {
        let together = self.parts.first().map_or(0, Range::len);
        let what =
            "items that are absent, or were never written by this library, read at one moment";
        if self.first > together {
            return Err(Error::Limit { what, limit: together, found: self.first, item: None });
        }
        Ok(())
    }

    /// Reads every item, in the order of the targets. A part that is too large is halved, for later rounds too.
    pub(crate) async fn read(&mut self) -> Result<Vec<Option<Item>>, Error> {
        let mut found = vec![None; self.targets.len()];
        let mut next = 0;
        while let Some(part) = self.parts.get(next).cloned() {
            let positions = &self.order[part.clone()];
            let targets: Vec<&Target> = positions.iter().map(|at| &self.targets[*at]).collect();
            match send(self.attempts.another(targets.iter().copied()), &targets).await? {
                Answer::Items(items) => {
                    for (position, item) in positions.iter().zip(items) {
                        found[*position] = item;
                    }
                    next += 1;
                }
                Answer::TooLarge => {
                    let middle = part.start + part.len() / 2;
                    self.parts.splice(next..=next, [part.start..middle, middle..part.end]);
                }
            }
        }
        Ok(found)
    }

    /// Waits before another round.
    ///
    /// # Errors
    /// [`Error::Busy`] where the deadline would pass.
    pub(crate) async fn pause(&mut self) -> Result<(), Error> {
        self.attempts.count();
        self.attempts.pause(Cause::Contended, &[]).await
    }
}

enum Answer {
    Items(Vec<Option<Item>>),
    /// Fewer items may be accepted.
    TooLarge,
}

/// Sends one request until it is answered.
async fn send(mut attempts: Attempts<'_>, targets: &[&Target]) -> Result<Answer, Error> {
    let table = targets.first().map_or("", |target| target.table.as_str());
    let gets: Vec<TransactGetItem> = targets
        .iter()
        .map(|target| get(target))
        .collect::<Result<_, _>>()
        .map_err(|error| refused(table, String::new(), error.to_string()))?;
    // A single item is never too large: what the service says of it is about something else.
    let can_halve = targets.len() > 1;
    loop {
        let client = attempts.database().once();
        let request = client.transact_get_items().set_transact_items(Some(gets.clone()));
        let request = request.set_return_consumed_capacity(attempts.database().asks_capacity());
        match attempts.send(request.send()).await {
            Attempt::Done(answer) => return Ok(Answer::Items(items(answer, targets.len()))),
            Attempt::Again(cause) => attempts.pause(cause, &[]).await?,
            Attempt::Failed(error) if can_halve && is_too_large(&error.code) => {
                return Ok(Answer::TooLarge);
            }
            Attempt::Failed(error) => return Err(attempts.failed(error, &[])),
            Attempt::Rejected(error) => match cancelled(table, *error) {
                Ok(cause) => attempts.pause(cause, &[]).await?,
                Err(error) if can_halve && is_too_large(&error.code) => {
                    return Ok(Answer::TooLarge);
                }
                Err(error) => return Err(error.into()),
            },
        }
    }
}

fn is_too_large(code: &str) -> bool {
    TOO_LARGE.contains(&code)
}

fn items(answer: TransactGetItemsOutput, count: usize) -> Vec<Option<Item>> {
    let found = answer.responses.unwrap_or_default().into_iter();
    let mut items: Vec<_> =
        found.map(|found| found.item.filter(|item| !item.is_empty()).map(Item::from)).collect();
    items.resize(count, None);
    items
}

fn get(target: &Target) -> Result<TransactGetItem, BuildError> {
    let key = target.key.to_item().into_inner();
    let get = Get::builder().table_name(&target.table).set_key(Some(key)).build()?;
    Ok(TransactGetItem::builder().get(get).build())
}

/// Why the items could not be read at one moment; an error where reading again is no use.
fn cancelled(table: &str, error: TransactGetItemsError) -> Result<Cause, Box<ServiceError>> {
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
                return Err(Box::new(service_error(table, code.to_owned(), message)));
            }
        }
    }
    Ok(cause)
}

fn refused(table: &str, code: String, message: String) -> Error {
    Error::Service(Box::new(service_error(table, code, message)))
}

fn service_error(table: &str, code: String, message: String) -> ServiceError {
    ServiceError { operation: OPERATION, table: table.to_owned(), code, message }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    #[test]
    fn a_cancelled_read_is_judged_by_its_codes() {
        for (codes, meaning) in [
            (&["None", "TransactionConflict"][..], "again: Contended"),
            (&[], "again: Contended"),
            (&["TransactionConflict", "ThrottlingError"], "again: Throttled"),
            (&["ProvisionedThroughputExceeded", "None"], "again: Throttled"),
            (&["None", "ValidationError"], "too large: true"),
            (&["TransactionConflict", "AccessDenied"], "too large: false"),
        ] {
            let reasons =
                codes.iter().map(|code| CancellationReason::builder().code(*code).build());
            let cancelled_for = TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons.collect()))
                .build();
            let error = TransactGetItemsError::TransactionCanceledException(cancelled_for);
            let judged = match cancelled("accounts", error) {
                Ok(cause) => format!("again: {cause:?}"),
                Err(error) => format!("too large: {}", is_too_large(&error.code)),
            };
            assert_eq!(judged, meaning, "{codes:?}");
        }
    }
}
