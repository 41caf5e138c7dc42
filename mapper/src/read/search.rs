//! What a query and a scan share: rendering, paging, decoding.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;

use super::cursor::{Cursor, Position};
use super::known::{KnownResults, Order};
use super::lane::Request;
use super::part::Region;
use super::request::{Rendered, Segment};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::Error;
use crate::expr::Node;
use crate::index::IndexLayout;
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::layout::Layout;
use crate::projection::Output;
use crate::reader::{Noted, Overlay, Reader};

pub(crate) struct Search<'a> {
    pub(super) db: &'a Database,
    /// What a transaction knows; it counts more than what the store says.
    pub(super) overlay: Option<&'a dyn Overlay>,
    pub(super) layout: &'static Layout,
    pub(super) index: Option<&'static IndexLayout>,
    /// The models whose items are wanted, where it is not this one alone.
    pub(super) members: Option<Vec<&'static Layout>>,
    pub(super) source: Source,
    pub(super) filter: Node,
    pub(super) skip_expired: bool,
    /// How many results are wanted.
    pub(super) limit: Option<usize>,
    /// How many items one request reads at most.
    pub(super) page_size: Option<usize>,
    /// In how many parts a scan is read at the same time; `None` for one after the other.
    pub(super) segments: Option<usize>,
    /// The one of them that is read, where it is not all.
    pub(super) only: Option<usize>,
    /// Whether a whole table is read on purpose, also where scans are forbidden.
    pub(super) is_job: bool,
    /// The items that the filter is meant for.
    pub(super) filter_for: Shape,
    pub(super) consistent: bool,
}

/// The shape of items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// That of the model.
    Model,
    /// Whichever they are stored in.
    Stored,
}

pub(super) enum Source {
    Query { hash: Hash, range: Vec<Node>, reverse: bool },
    Scan,
}

/// The attributes of a hash key, with their values.
type Hash = Result<Vec<(&'static str, AttributeValue)>, EncodeError>;

/// How far a search has come.
pub(crate) struct Progress {
    pub(crate) position: Position,
    /// The segment that it is about, where there are several.
    pub(super) segment: Option<Segment>,
    /// How many results are still wanted.
    pub(super) left: usize,
    /// What a transaction knows and was not returned yet.
    known: KnownResults,
    /// Whether that is all there is.
    is_all_known: bool,
}

impl Progress {
    /// Whether there is a next page, and it is wanted.
    pub(super) fn is_more(&self) -> bool {
        self.left > 0 && self.position != Position::End
    }
}

impl Source {
    pub(super) fn query(hash: Hash) -> Self {
        Self::Query { hash, range: Vec::new(), reverse: false }
    }
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
            overlay: None,
            layout,
            index,
            members: None,
            source,
            filter,
            skip_expired: false,
            limit: None,
            page_size: None,
            segments: None,
            only: None,
            is_job: false,
            filter_for: Shape::Model,
            consistent: false,
        }
    }

    /// A search of a model's table, as a transaction sees it where `reader` is one.
    pub(super) fn through<R: Reader>(
        reader: &'a R,
        layout: &'static Layout,
        source: Source,
    ) -> Self {
        let overlay = reader.overlay();
        let consistent = overlay.is_some();
        Self { overlay, consistent, ..Self::new(reader.database(), layout, None, source) }
    }

    /// The same as part of a job, which scans on purpose.
    pub(crate) fn for_job(self) -> Self {
        Self { is_job: true, ..self }
    }

    /// A search of a whole table, for a job.
    pub(crate) fn of_table(
        db: &'a Database,
        layout: &'static Layout,
        segments: usize,
        page_size: Option<usize>,
        consistent: bool,
    ) -> Self {
        let search = Self::new(db, layout, None, Source::Scan).for_job();
        Self { segments: Some(segments), page_size, consistent, ..search }
    }

    /// A search of the items of one hash key, of the table or of an index.
    pub(crate) fn of_query(
        db: &'a Database,
        layout: &'static Layout,
        index: Option<&'static IndexLayout>,
        hash: Vec<(&'static str, AttributeValue)>,
        range: Option<Node>,
    ) -> Self {
        let range = range.into_iter().collect();
        let source = Source::Query { hash: Ok(hash), range, reverse: false };
        Self { filter_for: Shape::Stored, ..Self::new(db, layout, index, source) }
    }

    /// The last ones first, so many at most, consistent or not.
    pub(crate) fn on_terms(self, reverse: bool, limit: Option<usize>, consistent: bool) -> Self {
        let source = match self.source {
            Source::Query { hash, range, .. } => Source::Query { hash, range, reverse },
            Source::Scan => Source::Scan,
        };
        Self { source, limit, consistent, ..self }
    }

    /// The same, of one segment.
    pub(crate) fn of_segment(self, number: usize) -> Self {
        Self { only: Some(number), ..self }
    }

    /// What a sweep asks for, and the progress of its segments.
    pub(crate) fn into_request<M: 'static, O: Output<M>>(
        self,
        cursor: Option<&Cursor>,
    ) -> Result<(Request<'a>, Vec<Progress>), Error> {
        if self.limit.is_some() {
            return Err(Error::Usage(
                "a sweep visits every item: write the scan without `.limit(…)`",
            ));
        }
        if self.overlay.is_some() {
            return Err(Error::Usage(
                "a sweep outlives a transaction or session: write the scan with `&db`",
            ));
        }
        let rendered = self.rendered::<M, O>()?;
        let progress = self.begin_all(&rendered, cursor)?;
        Ok((Request { search: self, rendered }, progress))
    }

    /// The table's name, with the prefix.
    pub(super) fn table(&self) -> String {
        self.db.table_name(self.layout)
    }

    /// Every item as it is stored, page after page.
    pub(super) async fn items(&self) -> Result<Vec<Item>, Error> {
        let rendered = self.render(None)?;
        let mut progress = self.begin(&rendered)?;
        let mut found = Vec::new();
        while let Some(items) = self.page(&rendered, &mut progress).await? {
            found.extend(items);
        }
        Ok(found)
    }

    pub(super) fn begin(&self, rendered: &Rendered) -> Result<Progress, Error> {
        let (mut known, mut is_all_known) = (KnownResults::default(), false);
        if let Some(overlay) = self.overlay {
            let key = rendered.conditions.key.as_ref();
            let in_range = |wanted: &Key| key.is_none_or(|key| key.holds(&wanted.to_item()));
            // First: what becomes known meanwhile is known with all of its items by then.
            is_all_known = overlay.covers(&Region::new(rendered));
            let all = overlay.known(&rendered.table, &in_range)?;
            known = KnownResults::new(all, self.order(), |item| self.is_result(rendered, item));
        }
        let (position, left) = (Position::Start, self.limit.unwrap_or(usize::MAX));
        Ok(Progress { position, segment: None, left, known, is_all_known })
    }

    /// The progress of every segment, from the start or from where a cursor stands; of the whole where there are none.
    pub(super) fn begin_all(
        &self,
        rendered: &Rendered,
        cursor: Option<&Cursor>,
    ) -> Result<Vec<Progress>, Error> {
        if cursor.is_some() && self.overlay.is_some() {
            return Err(Error::Usage(
                "a transaction or session reads from the start: what it knows ends with it, and a cursor does not",
            ));
        }
        let count = self.segments.unwrap_or(1);
        let positions = match cursor {
            Some(cursor) => {
                let shape = self.shape(rendered)?;
                cursor.open(self.db.cursor_secret(), &shape, count, rendered.place_names.len())?
            }
            None => vec![Position::Start; count],
        };
        let of = i32::try_from(count).unwrap_or(i32::MAX);
        let segment = |number| self.segments.map(|_| Segment { number, of });
        let all = (0..of).zip(positions);
        let is_read =
            |number: i32| self.only.is_none_or(|only| usize::try_from(number) == Ok(only));
        all.filter(|(number, _)| is_read(*number))
            .map(|(number, position)| {
                let segment = segment(number);
                Ok(Progress { position, segment, ..self.begin(rendered)? })
            })
            .collect()
    }

    /// A cursor of this search, behind what was taken.
    pub(super) fn cursor(
        &self,
        rendered: &Rendered,
        positions: &[Position],
    ) -> Result<Cursor, Error> {
        Cursor::new(self.db.cursor_secret(), &self.shape(rendered)?, positions)
    }

    /// The wanted items of the next page; `None` after the last one.
    pub(super) async fn page(
        &self,
        rendered: &Rendered,
        progress: &mut Progress,
    ) -> Result<Option<Vec<Item>>, Error> {
        if !progress.is_more() {
            return Ok(None);
        }
        if progress.is_all_known {
            let mut items = progress.known.take_all();
            items.truncate(progress.left);
            progress.position = Position::End;
            return Ok(Some(items));
        }
        let size = self.items_per_request(rendered, progress);
        let (position, segment) = (&progress.position, progress.segment);
        let page = rendered.fetch(self.db, position, segment, size).await?;
        let mut items = Vec::new();
        // Where fewer results are wanted than the page has: the last item that was taken.
        let mut behind = None;
        let mut rest = page.items.into_iter().map(Item::from).peekable();
        while let Some(item) = rest.next() {
            items.extend(progress.known.take_before(&item));
            // What is not returned is not taken note of.
            if items.len() >= progress.left {
                break;
            }
            // This item can be the last that is wanted.
            let is_last = items.len() + 1 >= progress.left;
            let position = rest.peek().filter(|_| is_last).map(|_| rendered.behind(&item));
            items.extend(self.found(rendered, &progress.known, item)?);
            if items.len() >= progress.left && position.is_some() {
                behind = position;
                break;
            }
        }
        match &page.next {
            _ if behind.is_some() => {}
            Some(last) => items.extend(progress.known.take_before(last)),
            None => items.extend(progress.known.take_all()),
        }
        items.truncate(progress.left);
        progress.left -= items.len();
        let next = page.next.map(|last| rendered.behind(&last));
        progress.position = behind.or(next).unwrap_or(Position::End);
        Ok(Some(items))
    }

    /// How many items one request reads, where the service is told.
    pub(super) fn items_per_request(
        &self,
        rendered: &Rendered,
        progress: &Progress,
    ) -> Option<i32> {
        // Where no filter drops items, the service need not read more than is asked for and may be left out.
        let enough = progress.left.saturating_add(progress.known.count());
        let enough = (rendered.filter.is_none() && self.limit.is_some()).then_some(enough);
        let size = enough.into_iter().chain(self.page_size).min()?;
        Some(i32::try_from(size).unwrap_or(i32::MAX))
    }

    /// The attributes that a place is made of: the keys of what is searched, then those of the table.
    pub(super) fn place_names(&self) -> Vec<&'static str> {
        let (mut names, range) = self.keys();
        let table = std::iter::once(self.layout.hash_key).chain(self.layout.range_key);
        for name in range.into_iter().chain(table.map(|key| key.name)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What an item that the service found is to the reader; `None` where it is no result.
    fn found(
        &self,
        rendered: &Rendered,
        known: &KnownResults,
        item: Item,
    ) -> Result<Option<Item>, Error> {
        let Some(layout) = self.owner(&item) else { return Ok(None) };
        if !rendered.conditions.client_hold(&item) {
            return Ok(None);
        }
        let Some(overlay) = self.overlay else { return Ok(Some(item)) };
        let key = self.key(&item)?;
        if known.contains(&key) {
            return Ok(None);
        }
        Ok(match overlay.note(layout, &key, Some(&item))? {
            Noted::First => Some(item),
            // Read or written by the same transaction while this search was under way.
            Noted::Before(now) => now.filter(|now| self.is_result(rendered, now)),
        })
    }

    /// Whether an item with a wanted key is a result.
    fn is_result(&self, rendered: &Rendered, item: &Item) -> bool {
        self.owner(item).is_some() && rendered.conditions.hold(item)
    }

    pub(super) fn key(&self, item: &Item) -> Result<Key, Error> {
        Key::of(self.layout, item).map_err(|error| Error::encode(self.layout, error))
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
        if self.segments.is_some() {
            return Err(Error::Usage(
                "a request is of one segment: write `.segment(…)` and `.total_segments(…)` of the SDK's builder",
            ));
        }
        Ok(self.render(wanted)?.scan(self.db.client()))
    }

    /// The result of one item; `None` where the item was deleted before all of it could be read.
    pub(super) async fn output<M: 'static, O: Output<M>>(
        &self,
        table: &str,
        item: Item,
    ) -> Result<Option<O::Yield>, Error> {
        let key = self.key(&item)?;
        if self.overlay.is_some() {
            return O::read_whole(table, &key, item).map(Some);
        }
        if let Some(output) = O::read(table, &key, item)? {
            return Ok(Some(O::written_back(self.db, output).await));
        }
        let whole = self.db.read_item(self.layout, &key, self.consistent).await?;
        whole.map(|item| O::read_whole(table, &key, item)).transpose()
    }

    /// The order of the results; `None` where there is none.
    fn order(&self) -> Option<Order> {
        match &self.source {
            Source::Scan => None,
            Source::Query { reverse, .. } => {
                let range = self.layout.range_key.map(|key| key.name);
                Some(Order { range, reverse: *reverse })
            }
        }
    }

    /// The key attributes of what is searched: hash, then range.
    pub(super) fn keys(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let names = |keys: &[KeyAttribute]| keys.iter().map(|key| key.name).collect();
        match self.index {
            Some(index) => (names(index.hash_key), names(index.range_key)),
            None => (names(&[self.layout.hash_key]), names(self.layout.range_key.as_slice())),
        }
    }

    /// The wanted model of an item, as far as its keys tell: two kinds of keys can begin alike.
    fn owner(&self, item: &Item) -> Option<&'static Layout> {
        if let Some(members) = &self.members {
            return members.iter().copied().find(|member| member.owns(item));
        }
        let named = self.layout.discriminator.is_some_and(|(name, _)| item.contains(name));
        (named || self.layout.fits_key(item)).then_some(self.layout)
    }
}
