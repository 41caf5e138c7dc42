//! The request of a query or a scan: rendered once, sent for every page.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::Select;

use super::cursor::Position;
use crate::database::Database;
use crate::error::Error;
use crate::expr::Node;
use crate::item::{AttributeValue, Item};
use crate::retry::{Attempts, repeat};

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// A request without its start key: rendered once, sent for every page.
pub(super) struct Rendered {
    pub(super) table: String,
    pub(super) index: Option<&'static str>,
    /// Whether the index is a local one.
    pub(super) is_local: bool,
    pub(super) key_condition: Option<String>,
    pub(super) reverse: bool,
    pub(super) filter: Option<String>,
    pub(super) projection: Option<String>,
    pub(super) select: Option<Select>,
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<Attributes>,
    pub(super) consistent: bool,
    /// The attributes that selected items have; `None` for all.
    pub(super) wanted: Option<Vec<&'static str>>,
    /// The attributes that a place in the order is made of.
    pub(super) place_names: Vec<&'static str>,
    /// What is asked for, to be decided about items that the service was not asked about.
    pub(super) conditions: Conditions,
}

/// What a search asks for.
pub(super) struct Conditions {
    /// About the keys; `None` for a scan.
    pub(super) key: Option<Node>,
    pub(super) filter: Node,
    /// What the service cannot decide: that an item whose time to live is a key is not expired.
    pub(super) client_filter: Option<Node>,
}

/// One part of a scan in segments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) number: i32,
    pub(super) of: i32,
}

/// What the service answers at once.
pub(super) struct Answer {
    pub(super) items: Vec<Attributes>,
    /// The key behind which the next page begins; `None` after the last one.
    pub(super) next: Option<Item>,
    /// How many items passed the filter; they are not among `items` where only a count was asked for.
    pub(super) count: usize,
}

impl Rendered {
    pub(super) fn query(&self, client: &Client) -> QueryFluentBuilder {
        client
            .query()
            .table_name(&self.table)
            .set_index_name(self.index.map(str::to_owned))
            .set_projection_expression(self.projection.clone())
            .set_select(self.select.clone())
            .set_key_condition_expression(self.key_condition.clone())
            .set_filter_expression(self.filter.clone())
            .set_expression_attribute_names(self.names.clone())
            .set_expression_attribute_values(self.values.clone())
            .scan_index_forward(!self.reverse)
            .consistent_read(self.consistent)
    }

    pub(super) fn scan(&self, client: &Client) -> ScanFluentBuilder {
        client
            .scan()
            .table_name(&self.table)
            .set_index_name(self.index.map(str::to_owned))
            .set_projection_expression(self.projection.clone())
            .set_select(self.select.clone())
            .set_filter_expression(self.filter.clone())
            .set_expression_attribute_names(self.names.clone())
            .set_expression_attribute_values(self.values.clone())
            .consistent_read(self.consistent)
    }

    /// The next page of what has come so far, of a segment where it is one.
    pub(super) async fn fetch(
        &self,
        db: &Database,
        position: &Position,
        segment: Option<Segment>,
        limit: Option<i32>,
    ) -> Result<Answer, Error> {
        let (client, start) = (db.once(), self.start_key(position));
        let index = self.index.map(|name| (name, self.is_local));
        let attempts =
            |operation| Attempts::reading(db, operation, &self.table, index, self.consistent);
        let answer = if self.key_condition.is_some() {
            let request = || {
                self.query(client)
                    .set_exclusive_start_key(start.clone())
                    .set_limit(limit)
                    .set_return_consumed_capacity(db.asks_capacity())
            };
            let answer = attempts("Query").repeat(|| request().send()).await;
            answer.map(|answer| Answer::new(answer.items, answer.last_evaluated_key, answer.count))
        } else {
            let request = || {
                self.scan(client)
                    .set_exclusive_start_key(start.clone())
                    .set_limit(limit)
                    .set_segment(segment.map(|segment| segment.number))
                    .set_total_segments(segment.map(|segment| segment.of))
                    .set_return_consumed_capacity(db.asks_capacity())
            };
            let answer = attempts("Scan").repeat(|| request().send()).await;
            answer.map(|answer| Answer::new(answer.items, answer.last_evaluated_key, answer.count))
        };
        match (answer, self.index) {
            (Err(Error::Service(error)), Some(index))
                if error.code == "ValidationException"
                    && Box::pin(self.lacks_index(db, index)).await =>
            {
                Err(Error::NoSuchIndex { table: self.table.as_str().into(), index })
            }
            (answer, _) => answer,
        }
    }

    /// Whether the table has no such index: the service says that with a code that says nothing.
    async fn lacks_index(&self, db: &Database, index: &str) -> bool {
        let request = || db.once().describe_table().table_name(&self.table).send();
        let answer = repeat(db, "DescribeTable", &self.table, request).await;
        let Ok(Some(table)) = answer.map(|answer| answer.table) else { return false };
        let global = table.global_secondary_indexes().iter().filter_map(|index| index.index_name());
        let local = table.local_secondary_indexes().iter().filter_map(|index| index.index_name());
        !global.chain(local).any(|name| name == index)
    }

    pub(super) fn start_key(&self, position: &Position) -> Option<Attributes> {
        let Position::Behind(values) = position else { return None };
        let names = self.place_names.iter().map(|name| (*name).to_owned());
        Some(names.zip(values.iter().cloned()).collect())
    }

    /// The position behind an item, or behind the key where a page ended.
    pub(super) fn behind(&self, item: &Item) -> Position {
        let values = self.place_names.iter().filter_map(|name| item.get(name).cloned());
        Position::Behind(values.collect())
    }
}

impl Conditions {
    /// Whether an item with a wanted key is a result.
    pub(super) fn hold(&self, item: &Item) -> bool {
        self.filter.holds(item) && self.client_hold(item)
    }

    /// The part that the service leaves to us.
    pub(super) fn client_hold(&self, item: &Item) -> bool {
        self.client_filter.as_ref().is_none_or(|filter| filter.holds(item))
    }
}

impl Answer {
    fn new(items: Option<Vec<Attributes>>, next: Option<Attributes>, count: i32) -> Self {
        let next = next.filter(|key| !key.is_empty()).map(Item::from);
        let count = usize::try_from(count).unwrap_or_default();
        Self { items: items.unwrap_or_default(), next, count }
    }
}
