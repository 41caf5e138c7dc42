//! Counters behind auto-increment hash keys.
//!
//! A counter is an item of its own table, `{prefix}dynamap_counters`, one per model table. An id is taken with one
//! atomic add, so ids are unique under any concurrency and never given out twice; an id whose insert fails, or whose
//! answer is lost, is a gap.
//!
//! [AWS: atomic counters](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.AtomicCounters)

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnValue;

use crate::codec::Attribute as _;
use crate::database::Database;
use crate::error::{Error, ServiceError};
use crate::expr::{Node, Placeholders};
use crate::item::AttributeValue;
use crate::key::Key;
use crate::layout::Layout;
use crate::retry::repeat;

/// The table of counters, without the prefix.
pub(crate) const COUNTERS: &str = "dynamap_counters";
/// Its hash key: the full name of the table that the counter is for.
pub(crate) const NAME: &str = "name";
const VALUE: &str = "value";

/// Takes the next id of a model's counter.
///
/// # Errors
/// `NoSuchTable` where the counters table was not created, and what the service says. A retry after a lost answer takes
/// another id: the first is a gap.
pub async fn next(db: &Database, layout: &Layout) -> Result<u64, Error> {
    let table = db.prefixed(COUNTERS);
    let answer = repeat(db, "UpdateItem", &table, || {
        db.once()
            .update_item()
            .table_name(&table)
            .set_key(Some(counter(db, layout)))
            .update_expression("ADD #0 :0")
            .expression_attribute_names("#0", VALUE)
            .expression_attribute_values(":0", AttributeValue::N("1".into()))
            .return_values(ReturnValue::UpdatedNew)
            .set_return_consumed_capacity(db.asks_capacity())
            .send()
    });
    let attributes = answer.await?.attributes.unwrap_or_default();
    attributes.get(VALUE).and_then(|value| u64::decode(value).ok()).ok_or_else(|| {
        Error::Service(Box::new(ServiceError {
            operation: "UpdateItem",
            table: table.clone(),
            code: String::new(),
            message: format!("the counter of table {} is no u64", db.table_name(layout)),
        }))
    })
}

/// Raises a model's counter to a key that was given explicitly, so that it never gives that key out.
///
/// # Errors
/// As [`next`].
pub async fn raise(db: &Database, layout: &Layout, key: &Key) -> Result<(), Error> {
    let table = db.prefixed(COUNTERS);
    let Some(given) = key.to_item().remove(layout.hash_key.name) else { return Ok(()) };
    let mut placeholders = Placeholders::default();
    let lower = Node::any(vec![Node::not_exists(VALUE), Node::less(VALUE, given.clone())]);
    let condition = lower.render(&mut placeholders).map_err(|e| Error::encode(layout, e))?;
    let update = format!("SET {} = {}", placeholders.name(VALUE), placeholders.value(given));
    let (names, values) = placeholders.into_maps();
    let answer = repeat(db, "UpdateItem", &table, || {
        db.once()
            .update_item()
            .table_name(&table)
            .set_key(Some(counter(db, layout)))
            .update_expression(&update)
            .set_condition_expression(condition.clone())
            .set_expression_attribute_names(names.clone())
            .set_expression_attribute_values(values.clone())
            .set_return_consumed_capacity(db.asks_capacity())
            .send()
    });
    match answer.await {
        // The counter is there already.
        Err(Error::Service(error)) if error.code == "ConditionalCheckFailedException" => Ok(()),
        other => other.map(drop),
    }
}

fn counter(db: &Database, layout: &Layout) -> HashMap<String, AttributeValue> {
    HashMap::from([(NAME.to_owned(), AttributeValue::S(db.table_name(layout)))])
}
