//! One counter: an item of the table of counters, and the requests about it.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::types::ReturnValue;
use tokio::time::Instant;

use crate::codec::Attribute as _;
use crate::codec::kind::ScalarKind;
use crate::database::{Blocks, Database, NAMED};
use crate::error::{Error, ServiceError};
use crate::expr::{Change, Node, Place, Placeholders, change};
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::layout::{COUNTERS_TABLE, Layout};
use crate::reader::Reader as _;
use crate::retry::Attempts;
use crate::sequence::SequenceName;

/// Its hash key: the full name of the table that the counter is for, or a name with a slash.
const NAME: &str = "name";
/// The last id that was given out.
const VALUE: &str = "value";

/// How counters are stored.
pub(crate) static COUNTERS: Layout = Layout::bare(
    "Counter",
    COUNTERS_TABLE,
    KeyAttribute { name: NAME, kind: ScalarKind::S },
    None,
    &[NAME, VALUE],
);

/// The counter of a sequence.
#[derive(Clone)]
pub(super) struct Counter {
    key: Key,
    /// Where it is taken in blocks.
    pub(super) blocks: Option<Arc<Blocks>>,
}

impl Counter {
    /// The counter of a table's hash keys.
    pub(super) fn of_table(db: &Database, layout: &Layout) -> Self {
        Self::new(db.table_name(layout), db.blocks(layout.table))
    }

    /// The same, by the table's name without the prefix.
    pub(super) fn of_named_table(db: &Database, table: &str) -> Self {
        Self::new(db.prefixed(table), db.blocks(table))
    }

    /// The counter of a named sequence.
    pub(super) fn named(db: &Database, name: &str) -> Self {
        let name = format!("{NAMED}{name}");
        let blocks = db.blocks(&name);
        Self::new(name, blocks)
    }

    fn new(name: String, blocks: Option<Arc<Blocks>>) -> Self {
        let key = Key::new((NAME, AttributeValue::S(name)), None);
        Self { key: key.expect("no counter has an empty name"), blocks }
    }

    /// Counts on by `step`, and returns the last of the ids that are taken so. A retry after a lost answer takes others:
    /// the first ones are a gap. Nothing is sent again after `until`.
    pub(super) async fn add(
        &self,
        db: &Database,
        step: u64,
        until: Option<Instant>,
    ) -> Result<u64, Error> {
        let table = db.table_name(&COUNTERS);
        let mut attempts = Attempts::new(db, "UpdateItem", &table).until(until);
        let answer = attempts.repeat(|| {
            db.once()
                .update_item()
                .table_name(&table)
                .set_key(Some(self.key.to_item().into_inner()))
                .update_expression("ADD #0 :0")
                .expression_attribute_names("#0", VALUE)
                .expression_attribute_values(":0", AttributeValue::N(step.to_string()))
                .return_values(ReturnValue::UpdatedNew)
                .set_return_consumed_capacity(db.asks_capacity())
                .send()
        });
        let item = Item::from(answer.await?.attributes.unwrap_or_default());
        match self.value(db, "UpdateItem", &item)? {
            last if last >= step => Ok(last),
            _ => Err(self.no_number(db, "UpdateItem")),
        }
    }

    /// The last id that was taken; 0 where none was.
    pub(super) async fn peek(&self, db: &Database) -> Result<u64, Error> {
        match db.read_item(&COUNTERS, &self.key, true).await? {
            None => Ok(0),
            Some(item) => self.value(db, "GetItem", &item),
        }
    }

    /// Raises the counter to a number; `false` where it is there already. This database gives out no lower number then.
    pub(super) async fn raise(&self, db: &Database, number: u64) -> Result<bool, Error> {
        let raised = self.raise_stored(db, number, None).await?;
        if let Some(blocks) = &self.blocks {
            blocks.skip(number);
        }
        Ok(raised)
    }

    /// As [`raise`](Self::raise), in the store alone. Nothing is sent again after `until`.
    pub(super) async fn raise_stored(
        &self,
        db: &Database,
        number: u64,
        until: Option<Instant>,
    ) -> Result<bool, Error> {
        let to = AttributeValue::N(number.to_string());
        let table = db.table_name(&COUNTERS);
        let mut placeholders = Placeholders::default();
        let lower = Node::any(vec![Node::not_exists(VALUE), Node::less(VALUE, to.clone())]);
        let encode = |error| Error::encode(&COUNTERS, error);
        let condition = lower.render(&mut placeholders).map_err(encode)?;
        let set = [Change::set(Place::attribute(VALUE), to)];
        let update = change::render(&set, &mut placeholders).map_err(encode)?;
        let (names, values) = placeholders.into_maps();
        let mut attempts = Attempts::new(db, "UpdateItem", &table).until(until);
        let answer = attempts.repeat(|| {
            db.once()
                .update_item()
                .table_name(&table)
                .set_key(Some(self.key.to_item().into_inner()))
                .update_expression(&update)
                .set_condition_expression(condition.clone())
                .set_expression_attribute_names(names.clone())
                .set_expression_attribute_values(values.clone())
                .set_return_consumed_capacity(db.asks_capacity())
                .send()
        });
        match answer.await {
            Ok(_) => Ok(true),
            Err(Error::Service(error)) if error.code == "ConditionalCheckFailedException" => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn value(&self, db: &Database, operation: &'static str, item: &Item) -> Result<u64, Error> {
        let value = item.get(VALUE).and_then(|value| u64::decode(value).ok());
        value.ok_or_else(|| self.no_number(db, operation))
    }

    fn no_number(&self, db: &Database, operation: &'static str) -> Error {
        Error::Service(Box::new(ServiceError {
            operation,
            table: db.table_name(&COUNTERS),
            code: String::new(),
            message: format!("the counter with {} gave no id of 64 bits", self.key),
        }))
    }
}

/// The name and the value of a stored counter.
pub(super) fn listed(item: &Item) -> Option<(SequenceName, u64)> {
    let name = item.text(NAME)?;
    let name = match name.strip_prefix(NAMED) {
        Some(own) => SequenceName::Named(own.to_owned()),
        None => SequenceName::Table(name.to_owned()),
    };
    let value = item.get(VALUE).and_then(|value| u64::decode(value).ok())?;
    Some((name, value))
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counter({})", self.key)
    }
}
