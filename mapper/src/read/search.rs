//! What a query and a scan share: rendering, paging, decoding.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::Select;

use super::expired::unexpired;
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::Error;
use crate::expr::{Node, Placeholders};
use crate::index::{Holds, IndexLayout};
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::model::{Layout, Model};
use crate::projection::Output;
use crate::reader::Reader as _;
use crate::retry::repeat;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};

type Attributes = HashMap<String, AttributeValue>;

pub(super) struct Search<'a> {
    db: &'a Database,
    pub(super) layout: &'static Layout,
    index: Option<&'static IndexLayout>,
    /// Whether the items of all models of the table are wanted.
    pub(super) any_model: bool,
    pub(super) source: Source,
    pub(super) filter: Node,
    pub(super) skip_expired: bool,
    pub(super) limit: Option<usize>,
    pub(super) consistent: bool,
}

pub(super) enum Source {
    Query { hash: Hash, range: Vec<Node>, reverse: bool },
    Scan,
}

/// The attributes of a hash key, with their values.
type Hash = Result<Vec<(&'static str, AttributeValue)>, EncodeError>;

/// A request without its start key: rendered once, sent for every page.
struct Rendered {
    table: String,
    index: Option<String>,
    key_condition: Option<String>,
    reverse: bool,
    filter: Option<String>,
    projection: Option<String>,
    select: Option<Select>,
    names: Option<HashMap<String, String>>,
    values: Option<Attributes>,
    consistent: bool,
    /// What the service cannot decide: that an item whose time to live is a key is not expired.
    client_filter: Option<Node>,
}

struct Page {
    items: Vec<Attributes>,
    next: Option<Attributes>,
}

/// How far a search has come.
struct Progress {
    /// Where the next page begins; `None` for the first one.
    start: Option<Attributes>,
    /// How many results are still wanted; none after the last page.
    left: usize,
}

impl Source {
    pub(super) fn query(hash: Hash) -> Self {
        Self::Query { hash, range: Vec::new(), reverse: false }
    }
}

/// The items of one page of a model's table as they are stored, and where the next page begins.
pub(crate) async fn scan_page(
    db: &Database,
    layout: &'static Layout,
    start: Option<Attributes>,
) -> Result<(Vec<Item>, Option<Attributes>), Error> {
    let search = Search::new(db, layout, None, Source::Scan);
    let mut progress = Progress { start, left: usize::MAX };
    let items = search.page(&search.render(None)?, &mut progress).await?;
    Ok((items.unwrap_or_default(), progress.start))
}

impl<'a> Search<'a> {
    pub(super) fn new(
        db: &'a Database,
        layout: &'static Layout,
        index: Option<&'static IndexLayout>,
        source: Source,
    ) -> Self {
        let filter = Node::all(Vec::new());
        Self {
            db,
            layout,
            index,
            any_model: false,
            source,
            filter,
            skip_expired: false,
            limit: None,
            consistent: false,
        }
    }

    /// The table's name, with the prefix.
    pub(super) fn table(&self) -> String {
        self.db.table_name(self.layout)
    }

    /// Every result, page after page.
    pub(super) async fn collect<M: Model, O: Output<M>>(self) -> Result<Vec<O>, Error> {
        let rendered = self.render(O::wanted().as_deref())?;
        let mut progress = self.begin();
        let mut found = Vec::new();
        while let Some(items) = self.page(&rendered, &mut progress).await? {
            for item in items {
                found.extend(self.output::<M, O>(&rendered.table, item).await?);
            }
        }
        Ok(found)
    }

    /// Every item as it is stored, page after page.
    pub(super) async fn items(&self) -> Result<Vec<Item>, Error> {
        let rendered = self.render(None)?;
        let mut progress = self.begin();
        let mut found = Vec::new();
        while let Some(items) = self.page(&rendered, &mut progress).await? {
            found.extend(items);
        }
        Ok(found)
    }

    fn begin(&self) -> Progress {
        Progress { start: None, left: self.limit.unwrap_or(usize::MAX) }
    }

    /// The wanted items of the next page; `None` after the last one.
    async fn page(
        &self,
        rendered: &Rendered,
        progress: &mut Progress,
    ) -> Result<Option<Vec<Item>>, Error> {
        if progress.left == 0 {
            return Ok(None);
        }
        let start = progress.start.take();
        // Where no filter drops items, the service need not read more than is asked for.
        let page_size = (rendered.filter.is_none() && self.limit.is_some())
            .then(|| i32::try_from(progress.left).unwrap_or(i32::MAX));
        let page = rendered.fetch(self.db, start, page_size).await?;
        progress.start = page.next;
        let live = |item: &Item| rendered.client_filter.as_ref().is_none_or(|f| f.holds(item));
        let items = page.items.into_iter().map(Item::from);
        let items = items.filter(|item| self.is_own(item) && live(item)).take(progress.left);
        let items: Vec<Item> = items.collect();
        progress.left -= items.len();
        if progress.start.is_none() {
            progress.left = 0;
        }
        Ok(Some(items))
    }

    /// The request of a query, for a program that sends it itself.
    pub(super) fn into_query(
        self,
        wanted: Option<&[&'static str]>,
    ) -> Result<QueryFluentBuilder, Error> {
        Ok(self.render(wanted)?.query(self.db.client()))
    }

    /// The request of a scan, for a program that sends it itself.
    pub(super) fn into_scan(
        self,
        wanted: Option<&[&'static str]>,
    ) -> Result<ScanFluentBuilder, Error> {
        Ok(self.render(wanted)?.scan(self.db.client()))
    }

    /// The result of one item; `None` where the item was deleted before all of it could be read.
    async fn output<M: Model, O: Output<M>>(
        &self,
        table: &str,
        item: Item,
    ) -> Result<Option<O>, Error> {
        let key = Key::of(self.layout, &item).map_err(|error| Error::encode(self.layout, error))?;
        if let Some(output) = O::read(table, &key, item)? {
            return Ok(Some(output));
        }
        let whole = self.db.read_item(self.layout, &key, self.consistent).await?;
        whole.map(|item| O::read_whole(table, &key, item)).transpose()
    }

    fn render(&self, wanted: Option<&[&'static str]>) -> Result<Rendered, Error> {
        let encode = |error| Error::encode(self.layout, error);
        let mut placeholders = Placeholders::default();
        let (key_condition, reverse) = match &self.source {
            Source::Scan => (None, false),
            Source::Query { hash, range, reverse } => {
                let key = self.key_condition(hash.clone().map_err(encode)?, range)?;
                (key.render(&mut placeholders).map_err(encode)?, *reverse)
            }
        };
        let mut filter = self.own_items().and(self.filter.clone());
        let (hash, range) = self.keys();
        let is_key = |name: &str| hash.contains(&name) || range.contains(&name);
        let selects = matches!(self.source, Source::Query { .. });
        if selects && filter.places().iter().any(|place| is_key(&place.name)) {
            return Err(Error::Usage(
                "AWS refuses a filter about the keys that are queried: write `.range(…)`, or a scan",
            ));
        }
        let mut client_filter = None;
        if self.skip_expired {
            let unexpired = unexpired(self.db, self.layout);
            if selects && self.layout.ttl.is_some_and(is_key) {
                client_filter = Some(unexpired);
            } else {
                filter = filter.and(unexpired);
            }
        }
        let filter = filter.render(&mut placeholders).map_err(encode)?;
        // An index that does not hold whole items has little more than what is selected from it.
        let whole = self.index.is_none_or(|index| index.holds == Holds::All);
        let projection = wanted.filter(|_| whole).map(|wanted| {
            let names = self.projection(wanted);
            names.iter().map(|name| placeholders.name(name)).collect::<Vec<_>>().join(", ")
        });
        let select = (wanted.is_none() && !whole).then_some(Select::AllAttributes);
        let (names, values) = placeholders.into_maps();
        Ok(Rendered {
            table: self.table(),
            index: self.index.map(|index| index.name.to_owned()),
            key_condition,
            reverse,
            filter,
            projection,
            select,
            names,
            values,
            consistent: self.consistent,
            client_filter,
        })
    }

    /// The key attributes of what is searched: hash, then range.
    fn keys(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let names = |keys: &[KeyAttribute]| keys.iter().map(|key| key.name).collect();
        match self.index {
            Some(index) => (names(index.hash_key), names(index.range_key)),
            None => (names(&[self.layout.hash_key]), names(self.layout.range_key.as_slice())),
        }
    }

    /// The hash key, and the range as AWS takes it: from the first range attribute on, all but the last by equality.
    fn key_condition(
        &self,
        hash: Vec<(&'static str, AttributeValue)>,
        range: &[Node],
    ) -> Result<Node, Error> {
        let (_, mut attributes) = self.keys();
        let hash = hash.into_iter().map(|(name, value)| Node::equals(name, value));
        let mut all = Node::all(hash.collect());
        let mut range: Vec<Node> = range.iter().filter(|node| !node.is_empty()).cloned().collect();
        if range.is_empty() {
            range.extend(self.own_range());
        }
        let position = |node: &Node| attributes.iter().position(|name| node.is_about(name));
        range.sort_by_key(position);
        attributes.truncate(range.len());
        let in_order = range.iter().zip(&attributes).all(|(node, name)| node.is_about(name));
        let equal = range.iter().rev().skip(1).all(Node::is_equality);
        if !in_order || !equal || range.len() > attributes.len() {
            return Err(Error::Usage(
                "`range` takes one condition for each range attribute, from the first one on, all but the last `eq`: for \
                 two bounds of one attribute write `between`",
            ));
        }
        for node in range {
            all = all.and(node);
        }
        Ok(all)
    }

    /// The range of a table that is shared with other models, where the range key tells them apart.
    fn own_range(&self) -> Option<Node> {
        let template = self.layout.template(self.layout.range_key?.name)?;
        let literal = template.literal();
        if self.index.is_some() || self.any_model || literal.is_empty() {
            return None;
        }
        Some(if template.is_constant() {
            Node::equals(template.name, AttributeValue::S(literal.to_owned()))
        } else {
            Node::begins_with(template.name, literal)
        })
    }

    /// Whether a found item is one of the model, as far as its keys tell: two kinds of keys can begin alike.
    fn is_own(&self, item: &Item) -> bool {
        let named = self.layout.discriminator.is_some_and(|(name, _)| item.contains(name));
        self.any_model || named || self.layout.fits_key(item)
    }

    /// The filter of a table that is shared with other models.
    fn own_items(&self) -> Node {
        if self.any_model {
            return Node::all(Vec::new());
        }
        if let Some((name, value)) = self.layout.discriminator {
            let own = Node::equals(name, AttributeValue::S(value.to_owned()));
            if self.layout.baseline() == self.layout.schema {
                return own;
            }
            // An older item can be from before the discriminator.
            let current = Node::equals(SCHEMA_ATTRIBUTE, schema_text(&self.layout.schema));
            return own.or(Node::not_exists(name).and(current.negate()));
        }
        let (hash, range) = self.keys();
        // AWS: the filter of a query is not about the keys that it selects by.
        let selects = matches!(self.source, Source::Query { .. });
        let told = self.layout.key_templates().filter(|template| {
            let is_key = hash.contains(&template.name) || range.contains(&template.name);
            let in_filter = !selects || !is_key;
            in_filter && !template.literal().is_empty()
        });
        Node::all(told.map(|t| Node::begins_with(t.name, t.literal())).collect())
    }

    /// The attributes that a projection needs: its own, by every name, and what reading an item takes.
    fn projection(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        let layout = self.layout;
        let keys = std::iter::once(layout.hash_key).chain(layout.range_key).map(|key| key.name);
        let mut names: Vec<_> = keys.chain([SCHEMA_ATTRIBUTE]).collect();
        // For what is decided here: whether it is expired, whose it is.
        names.extend(layout.ttl.filter(|_| self.skip_expired));
        names.extend(layout.discriminator.map(|(name, _)| name));
        for name in wanted {
            names.push(name);
            names.extend(layout.aliases.iter().filter(|(own, _)| own == name).map(|(_, a)| a));
        }
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }
}

impl Rendered {
    fn query(&self, client: &Client) -> QueryFluentBuilder {
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

    fn scan(&self, client: &Client) -> ScanFluentBuilder {
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

    async fn fetch(
        &self,
        db: &Database,
        start: Option<Attributes>,
        limit: Option<i32>,
    ) -> Result<Page, Error> {
        let client = db.once();
        if self.key_condition.is_some() {
            let request = self.query(client).set_exclusive_start_key(start).set_limit(limit);
            let answer = repeat(db, "Query", &self.table, || request.clone().send()).await?;
            return Ok(Page::new(answer.items, answer.last_evaluated_key));
        }
        let request = self.scan(client).set_exclusive_start_key(start).set_limit(limit);
        let answer = repeat(db, "Scan", &self.table, || request.clone().send()).await?;
        Ok(Page::new(answer.items, answer.last_evaluated_key))
    }
}

impl Page {
    fn new(items: Option<Vec<Attributes>>, next: Option<Attributes>) -> Self {
        Self { items: items.unwrap_or_default(), next: next.filter(|key| !key.is_empty()) }
    }
}
