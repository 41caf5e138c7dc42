//! The request of a query or a scan: rendered once, sent for every page.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::Select;

use crate::database::Database;
use crate::error::Error;
use crate::expr::Node;
use crate::item::{AttributeValue, Item};
use crate::retry::Attempts;

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// A request without its start key: rendered once, sent for every page.
pub(super) struct Rendered {
    pub(super) table: String,
    pub(super) index: Option<String>,
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

/// What the service answers at once.
pub(super) struct Answer {
    pub(super) items: Vec<Attributes>,
    pub(super) next: Option<Attributes>,
    /// How many items passed the filter; they are not among `items` where only a count was asked for.
    pub(super) count: usize,
}

impl Rendered {
    pub(super) fn query(&self, client: &Client) -> QueryFluentBuilder {
        client
            .query()
            .table_name(&self.table)
            .set_index_name(self.index.clone())
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
            .set_index_name(self.index.clone())
            .set_projection_expression(self.projection.clone())
            .set_select(self.select.clone())
            .set_filter_expression(self.filter.clone())
            .set_expression_attribute_names(self.names.clone())
            .set_expression_attribute_values(self.values.clone())
            .consistent_read(self.consistent)
    }

    pub(super) async fn fetch(
        &self,
        db: &Database,
        start: Option<Attributes>,
        limit: Option<i32>,
    ) -> Result<Answer, Error> {
        let client = db.once();
        let index = self.index.as_deref().map(|name| (name, self.is_local));
        let attempts =
            |operation| Attempts::reading(db, operation, &self.table, index, self.consistent);
        if self.key_condition.is_some() {
            let request = self.query(client).set_exclusive_start_key(start).set_limit(limit);
            let request = request.set_return_consumed_capacity(db.asks_capacity());
            let answer = attempts("Query").repeat(|| request.clone().send()).await?;
            return Ok(Answer::new(answer.items, answer.last_evaluated_key, answer.count));
        }
        let request = self.scan(client).set_exclusive_start_key(start).set_limit(limit);
        let request = request.set_return_consumed_capacity(db.asks_capacity());
        let answer = attempts("Scan").repeat(|| request.clone().send()).await?;
        Ok(Answer::new(answer.items, answer.last_evaluated_key, answer.count))
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
        let next = next.filter(|key| !key.is_empty());
        let count = usize::try_from(count).unwrap_or_default();
        Self { items: items.unwrap_or_default(), next, count }
    }
}
