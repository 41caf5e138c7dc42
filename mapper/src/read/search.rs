//! What a query and a scan share: rendering, paging, decoding.

use std::collections::HashMap;

use super::expired::unexpired;
use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::expr::{Node, Placeholders};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::{Layout, Model};
use crate::retry::repeat;

type Attributes = HashMap<String, AttributeValue>;

pub(super) struct Search<'a> {
    db: &'a Database,
    pub(super) layout: &'static Layout,
    pub(super) source: Source,
    pub(super) filter: Option<Node>,
    pub(super) skip_expired: bool,
    pub(super) limit: Option<usize>,
    pub(super) consistent: bool,
}

pub(super) enum Source {
    Query { hash_key: Result<AttributeValue, EncodeError>, range: Option<Node>, reverse: bool },
    Scan,
}

/// A request without its start key: rendered once, sent for every page.
struct Rendered {
    table: String,
    key_condition: Option<String>,
    reverse: bool,
    filter: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<Attributes>,
    consistent: bool,
}

struct Page {
    items: Vec<Attributes>,
    next: Option<Attributes>,
}

impl<'a> Search<'a> {
    pub(super) fn new(db: &'a Database, layout: &'static Layout, source: Source) -> Self {
        Self {
            db,
            layout,
            source,
            filter: None,
            skip_expired: false,
            limit: None,
            consistent: false,
        }
    }

    pub(super) async fn collect<M: Model>(self) -> Result<Vec<Loaded<M>>, Error> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let rendered = self.render().map_err(|error| Error::encode(self.layout, error))?;
        let mut found = Vec::new();
        let mut start = None;
        while found.len() < limit {
            // Where no filter drops items, the service need not read more than is asked for.
            let wanted = (self.filter().is_none() && self.limit.is_some())
                .then(|| i32::try_from(limit - found.len()).unwrap_or(i32::MAX));
            let page = rendered.fetch(self.db, start, wanted).await?;
            for item in page.items.into_iter().take(limit - found.len()) {
                found.push(self.decode(&rendered.table, item.into())?);
            }
            start = page.next;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn decode<M: Model>(&self, table: &str, item: Item) -> Result<Loaded<M>, Error> {
        let key = Key::of(self.layout, &item).map_err(|error| Error::encode(self.layout, error))?;
        decode(table, &key, item)
    }

    /// The program's own filter, and that items are not expired.
    fn filter(&self) -> Option<Node> {
        let unexpired = self.skip_expired.then(|| unexpired(self.db, self.layout));
        match (self.filter.clone(), unexpired) {
            (Some(own), Some(unexpired)) => Some(own.and(unexpired)),
            (own, unexpired) => own.or(unexpired),
        }
    }

    fn render(&self) -> Result<Rendered, EncodeError> {
        let mut placeholders = Placeholders::default();
        let (key_condition, reverse) = match &self.source {
            Source::Scan => (None, false),
            Source::Query { hash_key, range, reverse } => {
                let hash = Node::equals(self.layout.hash_key.name, hash_key.clone()?);
                let all = match range {
                    Some(range) => hash.and(range.clone()),
                    None => hash,
                };
                (all.render(&mut placeholders)?, *reverse)
            }
        };
        let filter = match self.filter() {
            Some(filter) => filter.render(&mut placeholders)?,
            None => None,
        };
        let (names, values) = placeholders.into_maps();
        let table = self.db.table_name(self.layout);
        let consistent = self.consistent;
        Ok(Rendered { table, key_condition, reverse, filter, names, values, consistent })
    }
}

impl Rendered {
    async fn fetch(
        &self,
        db: &Database,
        start: Option<Attributes>,
        limit: Option<i32>,
    ) -> Result<Page, Error> {
        let client = db.once();
        if self.key_condition.is_some() {
            let answer = repeat(db, "Query", &self.table, || {
                client
                    .query()
                    .table_name(&self.table)
                    .set_key_condition_expression(self.key_condition.clone())
                    .set_filter_expression(self.filter.clone())
                    .set_expression_attribute_names(self.names.clone())
                    .set_expression_attribute_values(self.values.clone())
                    .set_exclusive_start_key(start.clone())
                    .scan_index_forward(!self.reverse)
                    .consistent_read(self.consistent)
                    .set_limit(limit)
                    .send()
            });
            let answer = answer.await?;
            return Ok(Page::new(answer.items, answer.last_evaluated_key));
        }
        let answer = repeat(db, "Scan", &self.table, || {
            client
                .scan()
                .table_name(&self.table)
                .set_filter_expression(self.filter.clone())
                .set_expression_attribute_names(self.names.clone())
                .set_expression_attribute_values(self.values.clone())
                .set_exclusive_start_key(start.clone())
                .consistent_read(self.consistent)
                .set_limit(limit)
                .send()
        });
        let answer = answer.await?;
        Ok(Page::new(answer.items, answer.last_evaluated_key))
    }
}

impl Page {
    fn new(items: Option<Vec<Attributes>>, next: Option<Attributes>) -> Self {
        Self { items: items.unwrap_or_default(), next: next.filter(|key| !key.is_empty()) }
    }
}
