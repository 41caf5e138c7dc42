//! Query and Scan: the same vocabulary over one hash key, or over everything, of a table or an index.

use std::fmt;
use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;

use super::cursor::{Cursor, Page};
use super::search::{Search, Shape, Source};
use super::stream::Results;
use crate::codec::EncodeError;
use crate::error::Error;
use crate::expr::{IntoCondition, IntoKeyCondition, role};
use crate::index::Consistent;
use crate::item::AttributeValue;
use crate::loaded::Loaded;
use crate::model::{Expires, Model};
use crate::projection::{Output, Plain, Raw, Whole, Within};
use crate::reader::Reader;

/// The model, what is queried, what comes back.
type Types<M, I, O> = PhantomData<fn() -> (M, I, O)>;

/// The items of one hash key; from [`Model::query`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for map in 1..=9 {
///     DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?;
/// }
/// let last = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(5)).reverse().limit(2).try_collect().await?;
/// assert_eq!(last.iter().map(|m| m.map).collect::<Vec<_>>(), [9, 8]);
/// # Ok(())
/// # }
/// ```
///
/// `count`, `first` and `one` ask for less than all:
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?; }
/// let maps = || DoomMap::query(&db, 1);
/// assert_eq!(maps().filter(DoomMap::NAME.gt("E1M5")).count().await?, 4);
/// let first = maps().filter(DoomMap::NAME.gt("E1M5")).first().await?;
/// assert_eq!(first.map(|found| found.map), Some(6));
/// assert_eq!(maps().filter(DoomMap::NAME.eq("E1M5")).one().await?.map, 5);
/// let error = maps().one().await.expect_err("there are nine");
/// assert!(matches!(error, Error::NotOne { several: true, .. }));
/// # Ok(())
/// # }
/// ```
///
/// Results come as pages, as a stream, as some of their attributes:
///
/// ```
/// # use dynamap::{Database, Model, Projection, Table, Ttl};
/// # #[derive(Debug, Clone, Model)] #[model(table = "sessions", validate = false)]
/// # struct Session { #[model(hash_key)] user: u32, #[model(range_key)] number: u32, #[model(ttl)] until: Ttl }
/// # #[derive(Debug, PartialEq, Projection)] #[model(of = Session)] struct Number { number: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Session>::create(&db).await?;
/// # let until = |number| Ttl::from_epoch_seconds(if number == 9 { 1 } else { 1 << 40 });
/// # for number in 1..=9 { Session { user: 1, number, until: until(number) }.insert(&db).await?; }
/// let sessions = || Session::query(&db, 1).skip_expired(); // the time of the ninth is over
/// let page = sessions().page_size(4).page(None).await?;
/// assert_eq!(page.items.len(), 4);
/// let next = sessions().resume(page.cursor).next().await.transpose()?;
/// assert_eq!(next.map(|session| session.number), Some(5));
///
/// let (metered, meter) = db.metered();
/// let mut numbers = Session::query(&metered, 1).consistent().select::<Number>().stream();
/// assert_eq!(numbers.next().await.transpose()?, Some(Number { number: 1 }));
/// assert_eq!(meter.capacity().total().read, 1.0); // half of it where nothing is said
/// assert_eq!(Session::query(&db, 1).into_sdk()?.send().await?.count(), 9);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)
///
/// `I` is what is queried: the table ([`role::Primary`]) or an [index](super::Index); `O` is what comes back.
#[must_use = "a query does nothing until its results are asked for"]
pub struct Query<'a, M, I = role::Primary, O = Loaded<M>> {
    search: Search<'a>,
    types: Types<M, I, O>,
}

/// The items of a whole table or index; from [`Model::scan`] and [`Index::scan`](super::Index::scan).
///
/// ```
/// # use dynamap::{Database, Error, Model, Projection, Table, Ttl};
/// # #[derive(Debug, Clone, Model)] #[model(table = "sessions", validate = false)]
/// # struct Session { #[model(hash_key)] user: u32, #[model(range_key)] number: u32, #[model(ttl)] until: Ttl }
/// # #[derive(Debug, PartialEq, Projection)] #[model(of = Session)] struct Number { number: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Session>::create(&db).await?;
/// # let until = |number| Ttl::from_epoch_seconds(if number == 9 { 1 } else { 1 << 40 });
/// # for number in 1..=9 { Session { user: 1, number, until: until(number) }.insert(&db).await?; }
/// let sessions = || Session::scan(&db).consistent().skip_expired(); // the time of the ninth is over
/// assert_eq!(sessions().count().await?, 8);
/// assert_eq!(sessions().limit(3).try_collect().await?.len(), 3);
/// assert!(sessions().select::<Number>().first().await?.is_some());
/// assert_eq!(sessions().filter(Session::NUMBER.eq(5)).one().await?.number, 5);
/// let over = sessions().filter(Session::NUMBER.eq(9)).one().await;
/// assert!(matches!(over, Err(Error::NotOne { several: false, .. })));
///
/// let page = sessions().page_size(5).page(None).await?;
/// let (mut rest, mut left) = (sessions().resume(page.cursor), 0);
/// while let Some(session) = rest.next().await {
///     left += usize::from(session?.user == 1);
/// }
/// assert_eq!(page.items.len() + left, 8);
/// assert!(sessions().stream().next().await.is_some());
///
/// let swept = sessions().sweep().run(|session| { let db = &db; async move { session.delete(db).await.map(drop) } });
/// assert_eq!(swept.await?.progress.items, 8);
/// assert_eq!(Session::scan(&db).into_sdk()?.send().await?.count(), 1); // as the service has it
/// # Ok(())
/// # }
/// ```
///
/// [AWS: Scan](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html)
#[must_use = "a scan does nothing until its results are asked for"]
pub struct Scan<'a, M, I = role::Primary, O = Loaded<M>> {
    search: Search<'a>,
    types: Types<M, I, O>,
}

impl<'a, M: Model> Query<'a, M> {
    pub(crate) fn table<R: Reader>(
        reader: &'a R,
        hash_key: Result<(&'static str, AttributeValue), EncodeError>,
    ) -> Self {
        let source = Source::query(hash_key.map(|hash| vec![hash]));
        Self::of(Search::through(reader, M::layout(), source))
    }
}

impl<'a, M: Model> Scan<'a, M> {
    pub(crate) fn table<R: Reader>(reader: &'a R) -> Self {
        Self::of(Search::through(reader, M::layout(), Source::Scan))
    }
}

impl<M: Model, I, O> Query<'_, M, I, O> {
    /// Only the items whose range key fulfils the condition; nothing else is read or billed.
    ///
    /// An index with several range attributes takes several conditions: from the first attribute on, all but the last
    /// one `eq`.
    pub fn range(mut self, condition: impl IntoKeyCondition<M, I>) -> Self {
        if let Source::Query { range, .. } = &mut self.search.source {
            range.push(condition.into_key_node());
        }
        self
    }

    /// From the highest range key down.
    pub fn reverse(mut self) -> Self {
        if let Source::Query { reverse, .. } = &mut self.search.source {
            *reverse = true;
        }
        self
    }
}

impl<M: Model, I, O> Scan<'_, M, I, O> {
    /// Reads so many parts of the table at the same time, each with requests of its own: a parallel scan. Its results
    /// have no order, and one page of each segment is in memory.
    ///
    /// All else keeps its meaning; [`first`](Self::first) is any result. Its [`stream`](Self::stream) can be
    /// [resumed](Self::resume) with the same number of segments. Not in a transaction. Of 0 segments, or more than
    /// 1,000,000, it is an error before anything is sent.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// for map in 1..=9 {
    ///     DoomMap { episode: map % 3, map }.insert(&db).await?;
    /// }
    /// assert_eq!(DoomMap::scan(&db).segments(4).try_collect().await?.len(), 9);
    /// let none = DoomMap::scan(&db).segments(0).count().await;
    /// assert!(matches!(none, Err(Error::Usage(_))));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [AWS: parallel scan](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan)
    pub fn segments(mut self, segments: usize) -> Self {
        self.search.segments = Some(segments);
        self
    }
}

impl<M: Model, I, O: Output<M>> Query<'_, M, I, O> {
    /// The request as a builder of the SDK, for its first page, to be changed and sent by the program; items are read by
    /// [`Model::decode`]. A `limit` is not in it: AWS limits what is read, and not what is found. What a transaction has
    /// written is not in it either.
    ///
    /// # Errors
    /// `Encode`, `Usage`: what is found before anything is sent.
    pub fn into_sdk(self) -> Result<QueryFluentBuilder, Error> {
        self.search.into_query(O::wanted().as_deref())
    }
}

impl<M: Model, I, O: Output<M>> Scan<'_, M, I, O> {
    /// The request as a builder of the SDK; see [`Query::into_sdk`].
    ///
    /// # Errors
    /// `Encode`, `Usage`: what is found before anything is sent; a scan in [`segments`](Self::segments) is several requests.
    pub fn into_sdk(self) -> Result<ScanFluentBuilder, Error> {
        self.search.into_scan(O::wanted().as_deref())
    }
}

macro_rules! common {
    ($($ty:ident)*) => { $(
        impl<'a, M: Model, I, O> $ty<'a, M, I, O> {
            pub(super) fn of(search: Search<'a>) -> Self {
                Self { search, types: PhantomData }
            }

            pub(super) fn search(&self) -> &Search<'a> {
                &self.search
            }

            pub(crate) fn into_search(self) -> Search<'a> {
                self.search
            }

            /// Reads a [`Projection`](crate::Projection) in place of whole models: less is sent, the same is billed. A
            /// transaction reads whole items all the same: it compares them at commit.
            pub fn select<P: Within<I, Of = M>>(self) -> $ty<'a, M, I, P> {
                $ty::of(self.search)
            }

            /// Yields the models themselves, without the stored items that a save compares with: for reading in bulk.
            /// What is read and billed is the same, and items of an older schema are upgraded all the same.
            ///
            /// ```
            /// # use dynamap::{Database, Model, Table};
            /// # #[derive(Debug, Clone, PartialEq, Model)]
            /// # #[model(table = "maps", validate = false)]
            /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// # let db = Database::new(dynamap::embedded::memory()?);
            /// # Table::<DoomMap>::create(&db).await?;
            /// # DoomMap { episode: 1, map: 8 }.insert(&db).await?;
            /// let maps: Vec<DoomMap> = DoomMap::query(&db, 1).plain().try_collect().await?;
            /// assert_eq!(maps, [DoomMap { episode: 1, map: 8 }]);
            /// assert_eq!(DoomMap::scan(&db).plain().try_collect().await?, maps);
            /// # Ok(())
            /// # }
            /// ```
            pub fn plain(self) -> $ty<'a, M, I, Plain>
            where
                O: Whole<M>,
            {
                $ty::of(self.search)
            }

            /// Yields the items as they are stored, whether or not they can be read as models, and not upgraded: for
            /// copies and repairs. A filter sees them so, too.
            ///
            /// ```
            /// # use dynamap::{AttributeValue, Database, Model, Table};
            /// # #[derive(Debug, Clone, PartialEq, Model)]
            /// # #[model(table = "maps", validate = false)]
            /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// # let db = Database::new(dynamap::embedded::memory()?);
            /// # Table::<DoomMap>::create(&db).await?;
            /// # DoomMap { episode: 1, map: 8 }.insert(&db).await?;
            /// let item = DoomMap::query(&db, 1).raw().one().await?;
            /// assert_eq!(item.get("map"), Some(&AttributeValue::N("8".into())));
            /// # Ok(())
            /// # }
            /// ```
            pub fn raw(self) -> $ty<'a, M, I, Raw>
            where
                O: Whole<M>,
            {
                $ty::of(self.search).stored_shape()
            }

            /// Returns only items that fulfil the condition; several must all hold. Items that it drops are read and
            /// billed.
            ///
            /// The service runs it on the items as they are stored. So one on an attribute that a migration reshapes would
            /// miss items of older schemas without a word: it is refused with
            /// [`Error::StoredShape`](crate::Error::StoredShape), until this program knows that there are none
            /// (`Backfill::verify`, `recall`), or unless it says [`stored_shape`](Self::stored_shape).
            pub fn filter(mut self, condition: impl IntoCondition<M>) -> Self {
                let condition = condition.into_condition().into_node();
                self.search.filter = self.search.filter.and(condition);
                self
            }

            /// The filter sees items as they are stored, and is meant so: of the older ones, whose shape is another, it
            /// finds those that fulfil it as they are.
            ///
            /// ```
            /// # use dynamap::{AttributeValue, Database, Error, Item, Migrations, Model, Step, StepError, Table};
            /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
            ///     item.rename("mail", "email");
            ///     Ok(())
            /// }
            ///
            /// static USER: Migrations = Migrations::new(&[
            ///     Step::new("1.0.0", "2.0.0", mail_becomes_email).reshapes(&["mail", "email"]),
            /// ]);
            ///
            /// #[derive(Debug, Clone, Model)]
            /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
            /// struct User { #[model(hash_key)] id: u64, email: String, visits: u64 }
            ///
            /// # #[tokio::main(flavor = "current_thread")]
            /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// # let db = Database::new(dynamap::embedded::memory()?);
            /// # Table::<User>::create(&db).await?;
            /// # let put = db.client().put_item().table_name("users").item("id", AttributeValue::N("1".into()));
            /// # let put = put.item("visits", AttributeValue::N("7".into()));
            /// # put.item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
            /// // In the table is Ann, as she was stored under schema 1.0.0: with `mail`.
            /// let anns = || User::scan(&db).filter(User::EMAIL.eq("ann@example.org"));
            /// assert!(matches!(anns().count().await, Err(Error::StoredShape { attribute, .. }) if &*attribute == "email"));
            /// assert_eq!(anns().stored_shape().count().await?, 0);
            /// // No step reshapes `visits`.
            /// assert_eq!(User::scan(&db).filter(User::VISITS.gt(5)).count().await?, 1);
            /// # Ok(())
            /// # }
            /// ```
            pub fn stored_shape(mut self) -> Self {
                self.search.filter_for = Shape::Stored;
                self
            }

            /// Leaves out items whose time to live is over, by the database's clock. The service deletes them up to
            /// days later; until then they are read and billed.
            pub fn skip_expired(mut self) -> Self
            where
                M: Expires,
            {
                self.search.skip_expired = true;
                self
            }

            /// At most so many results, and at least one: 0 is [`Error::Usage`]. Filtered items do not count.
            pub fn limit(mut self, results: usize) -> Self {
                self.search.limit = Some(results);
                self
            }

            /// At most so many items are read by one request (AWS calls that `Limit`), whether they are results or not;
            /// at least one: 0 is [`Error::Usage`]. Without it a request reads up to 1 MB.
            pub fn page_size(mut self, items: usize) -> Self {
                self.search.page_size = Some(items);
                self
            }

            /// Sees every write that was acknowledged before; costs twice as much. Reads in a transaction always do.
            pub fn consistent(mut self) -> Self
            where
                M: Consistent<I>,
            {
                self.search.consistent = true;
                self
            }

            /// All results, page after page, in memory.
            ///
            /// # Errors
            /// `Decode`, `SchemaTooNew`, `Upgrade` for an item that cannot be read, and what the service says.
            pub async fn try_collect(self) -> Result<Vec<O::Yield>, Error>
            where
                O: Output<M>,
            {
                // Boxed: the SDK's futures are large, and every caller's future would hold them.
                Box::pin(self.search.collect::<M, O>()).await
            }

            /// All results, one after the other, with one page in memory and one under way. In a transaction all pages
            /// are read at once, as [`try_collect`](Self::try_collect) does: the results are of one moment of its work.
            pub fn stream(self) -> Results<'a, O::Yield>
            where
                O: Output<M>,
            {
                Results::of::<M, O>(self.search, None)
            }

            /// As [`stream`](Self::stream), from where another one of the same search stood
            /// ([`Results::cursor`]), or where a [`page`](Self::page) ended; from the start where there is no cursor. A
            /// limit counts anew.
            ///
            /// The first result is [`Error::ForeignCursor`] for the cursor of another search, or of another number of
            /// segments; nothing is sent then.
            pub fn resume(self, cursor: impl Into<Option<Cursor>>) -> Results<'a, O::Yield>
            where
                O: Output<M>,
            {
                Results::of::<M, O>(self.search, cursor.into().as_ref())
            }

            /// One page of results, and a [`Cursor`] to go on with: the first page, or the one behind a cursor.
            ///
            /// A page is what one request finds, which with a filter can be nothing though more follows: read on until
            /// there is no cursor. With a [`limit`](Self::limit) it has so many results, as long as there are any.
            ///
            /// # Errors
            /// [`Error::ForeignCursor`] for the cursor of another query; [`Error::Usage`] of a scan in segments, and in a
            /// transaction: what it knows ends with it, and a cursor does not. Nothing was sent then. Otherwise as
            /// [`try_collect`](Self::try_collect); the cursor that was given can be used again.
            pub async fn page(self, cursor: Option<Cursor>) -> Result<Page<O::Yield>, Error>
            where
                O: Output<M>,
            {
                Box::pin(self.search.page_behind::<M, O>(cursor)).await
            }

            /// How many results there are. Nothing is sent back but numbers, and yet every item is read and billed;
            /// where something is decided in memory (keys composed of text, an expiry in a key, a transaction), the
            /// items come back too, a page at a time.
            ///
            /// # Errors
            /// What the service says.
            pub async fn count(self) -> Result<usize, Error>
            where
                O: Output<M>,
            {
                Box::pin(self.search.count::<M, O>()).await
            }

            /// The first result, with a filter the first one that passes it; `None` where there is none. Nothing is
            /// read behind the page that has it.
            ///
            /// # Errors
            /// As [`try_collect`](Self::try_collect).
            pub async fn first(self) -> Result<Option<O::Yield>, Error>
            where
                O: Output<M>,
            {
                Ok(Box::pin(self.search.at_most::<M, O>(1)).await?.pop())
            }

            /// The only result. Nothing is read behind the page that has a second one.
            ///
            /// # Errors
            /// [`Error::NotOne`] where there is none, or more than one; what [`try_collect`](Self::try_collect) says.
            pub async fn one(self) -> Result<O::Yield, Error>
            where
                O: Output<M>,
            {
                let table = self.search.table();
                let mut found = Box::pin(self.search.at_most::<M, O>(2)).await?;
                match (found.pop(), found.is_empty()) {
                    (Some(one), true) => Ok(one),
                    (one, _) => Err(Error::NotOne { table: table.into(), several: one.is_some() }),
                }
            }
        }

        impl<M, I, O> fmt::Debug for $ty<'_, M, I, O> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($ty)).field("table", &self.search.layout.table).finish_non_exhaustive()
            }
        }
    )* };
}

common!(Query Scan);
