//! What a search asks the service for: checked, and rendered as expressions.

use aws_sdk_dynamodb::types::Select;

use super::expired::unexpired;
use super::request::{Conditions, Rendered};
use super::search::{Search, Shape, Source};
use crate::error::Error;
use crate::expr::{Node, Placeholders};
use crate::index::Holds;
use crate::item::AttributeValue;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};

/// AWS: `TotalSegments`.
const MOST_SEGMENTS: usize = 1_000_000;

/// Refuses a number of segments that no scan has.
pub(crate) fn check_segments(segments: usize) -> Result<(), Error> {
    if segments == 0 {
        return Err(Error::Usage("a scan has at least one segment: write `.segments(1)` or more"));
    }
    if segments > MOST_SEGMENTS {
        let what = "segments of a scan";
        return Err(Error::Limit { what, limit: MOST_SEGMENTS, found: segments, item: None });
    }
    Ok(())
}

impl Search<'_> {
    pub(super) fn render(&self, wanted: Option<&[&'static str]>) -> Result<Rendered, Error> {
        let encode = |error| Error::encode(self.layout, error);
        self.check()?;
        let mut placeholders = Placeholders::default();
        let conditions = self.conditions()?;
        let key_condition = match &conditions.key {
            Some(key) => key.render(&mut placeholders).map_err(encode)?,
            None => None,
        };
        let filter = conditions.filter.render(&mut placeholders).map_err(encode)?;
        // An index that does not hold whole items has little more than what is selected from it.
        let whole = self.index.is_none_or(|index| index.holds == Holds::All);
        let projection = wanted.filter(|_| whole).map(|wanted| {
            let mut text = String::new();
            for (i, name) in self.projection(wanted).into_iter().enumerate() {
                text.push_str(if i == 0 { "" } else { ", " });
                placeholders.name(&mut text, name);
            }
            text
        });
        let select = (wanted.is_none() && !whole).then_some(Select::AllAttributes);
        let (names, values) = placeholders.into_maps();
        Ok(Rendered {
            table: self.table(),
            index: self.index.map(|index| index.name),
            is_local: self.index.is_some_and(|index| index.local),
            key_condition,
            reverse: matches!(self.source, Source::Query { reverse: true, .. }),
            filter,
            projection,
            select,
            names,
            values,
            consistent: self.consistent,
            wanted: wanted.map(<[_]>::to_vec),
            place_names: self.place_names(),
            conditions,
        })
    }

    /// What can be said before anything is rendered.
    fn check(&self) -> Result<(), Error> {
        if self.page_size == Some(0) {
            return Err(Error::Usage(
                "a page has at least one item: write `.page_size(1)` or more",
            ));
        }
        if self.limit == Some(0) {
            return Err(Error::Usage(
                "a limit is of at least one result: write `.limit(1)` or more",
            ));
        }
        if matches!(self.source, Source::Scan) && self.db.forbids_scans() && !self.is_job {
            return Err(Error::ScanForbidden(self.table().into()));
        }
        if let Some(attribute) = self.reshaped() {
            return Err(Error::StoredShape { table: self.table().into(), attribute });
        }
        let Some(segments) = self.segments else { return Ok(()) };
        if self.overlay.is_some() {
            return Err(Error::Usage(
                "a transaction or session reads a table in one: write the scan without `.segments(…)`",
            ));
        }
        check_segments(segments)
    }

    /// An attribute of the program's filter that items of older schemas may hold in another shape, so that the filter
    /// would not find them.
    fn reshaped(&self) -> Option<Box<str>> {
        let is_known = || self.db.is_complete(self.layout);
        if self.filter.is_empty() || self.filter_for == Shape::Stored || is_known() {
            return None;
        }
        let steps = self.layout.upgrade.outline();
        let keys = std::iter::once(self.layout.hash_key).chain(self.layout.range_key);
        // Steps leave them as they are.
        let kept: Vec<_> = keys.map(|key| key.name).chain(self.layout.version).collect();
        let is_reshaped =
            |name: &str| !kept.contains(&name) && steps.iter().any(|step| step.may_reshape(name));
        let places = self.filter.places();
        let found = places.iter().find(|place| is_reshaped(&place.name));
        found.map(|place| (*place.name).into())
    }

    /// What is asked for.
    fn conditions(&self) -> Result<Conditions, Error> {
        let key = match &self.source {
            Source::Scan => None,
            Source::Query { hash, range, .. } => {
                let hash = hash.clone().map_err(|error| Error::encode(self.layout, error))?;
                Some(self.key_condition(hash, range)?)
            }
        };
        let mut filter = self.own_items().and(self.filter.clone());
        let (hash, range) = self.keys();
        let is_key = |name: &str| hash.contains(&name) || range.contains(&name);
        if key.is_some() && filter.places().iter().any(|place| is_key(&place.name)) {
            return Err(Error::Usage(
                "AWS refuses a filter about the keys that are queried: write `.range(…)`, or a scan",
            ));
        }
        let mut client_filter = None;
        if self.skip_expired {
            let unexpired = unexpired(self.db, self.layout);
            if key.is_some() && self.layout.ttl.is_some_and(is_key) {
                client_filter = Some(unexpired);
            } else {
                filter = filter.and(unexpired);
            }
        }
        Ok(Conditions { key, filter, client_filter })
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
        if self.index.is_some() || self.members.is_some() || literal.is_empty() {
            return None;
        }
        Some(if template.is_constant() {
            Node::equals(template.name, AttributeValue::S(literal.to_owned()))
        } else {
            Node::begins_with(template.name, literal)
        })
    }

    /// The filter of a table that is shared with other models.
    fn own_items(&self) -> Node {
        if self.members.is_some() {
            return Node::all(Vec::new());
        }
        if let Some((name, value)) = self.layout.discriminator {
            let own = Node::equals(name, AttributeValue::S(value.to_owned()));
            if self.layout.bare_is_current() {
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
        // Where an index goes on behind an item.
        names.extend(self.index.into_iter().flat_map(|_| self.place_names()));
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
