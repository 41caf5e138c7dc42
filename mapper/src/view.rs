//! Views: rows that are kept with the items that they are made of.

use std::fmt;
use std::marker::PhantomData;

use crate::codec::{Attribute, EncodeError, kind};
use crate::decode::decode;
use crate::error::Error;
use crate::expr::{Path, role};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::model::Model;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};

/// Rows that follow from the items of a model: counts, sums, look-ups under another key, lists by rank. Declared on the
/// model by `#[model(view = …)]`.
///
/// Every write of an item changes its rows in the same transaction, whatever the verb, so that the rows are always what
/// the items say. Nothing has to be undone by hand: what an item added is taken back by the library when the item changes
/// or goes. A write that changes no row is sent alone, at half the price.
///
/// ```
/// use dynamap::{Database, Model, Rows, Table, View};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", view = ByCountry, validate = false)]
/// struct User { #[model(hash_key)] id: u64, country: String, posts: u64, #[model(version)] version: u64 }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users_by_country", validate = false)]
/// struct CountryRow {
///     #[model(hash_key)]
///     country: String,
///     #[model(default)]
///     users: u64,
///     #[model(default)]
///     posts: u64,
/// }
///
/// struct ByCountry;
///
/// impl View for ByCountry {
///     type Source = User;
///     type Row = CountryRow;
///     const NAME: &'static str = "by_country";
///
///     fn add(user: &User, rows: &mut Rows<CountryRow>) {
///         rows.add(&user.country, CountryRow::USERS, 1);
///         rows.add(&user.country, CountryRow::POSTS, user.posts);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// let user = |id, country: &str| User { id, country: country.into(), posts: 2, version: 0 };
/// let mut ann = user(1, "CH").insert(&db).await?;
/// user(2, "CH").insert(&db).await?;
/// ann.country = "AT".into();
/// ann.save(&db).await?;
/// User::update(&db, 2).add(User::POSTS, 5).await?;
/// let swiss = CountryRow::get(&db, "CH").await?.expect("there");
/// assert_eq!((swiss.users, swiss.posts), (1, 7));
/// # Ok(())
/// # }
/// ```
///
/// What it costs: a transaction instead of a single request where rows change; a read before a write by key. Writes of
/// one busy row wait for each other. At most 100 items and rows are written together.
///
/// [AWS: design patterns for aggregation](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-gsi-aggregation.html)
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no view",
    note = "write `impl View for {Self}` with the model as its `Source`"
)]
pub trait View: Send + Sync + 'static {
    /// The model whose items it is made of.
    type Source: Model;
    /// The model of its rows. Attributes that the view does not add to are absent in its rows: give them a default.
    type Row: Model;
    /// Its name, as it is stored. Never changes.
    const NAME: &'static str;
    /// Raise it when [`add`](View::add) changes, or a migration step changes what it reads or moves items, and
    /// [rebuild](crate::Rebuild): what is taken back is what `add` says of the item as it was, in today's shape.
    /// Rows of an older generation are replaced,
    /// programs of an older generation refused.
    const GENERATION: u32 = 1;

    /// The rows of one item. Depends on the item only, and on nothing that the library fills in when it writes, as its
    /// version.
    fn add(source: &Self::Source, rows: &mut Rows<Self::Row>);
}

/// What one item adds to the rows of a [`View`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Error, Rows, View};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", view = ByNickname, view = ByCountry, validate = false)]
/// struct User { #[model(hash_key)] id: u64, nickname: String, country: String }
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "nicknames", validate = false)]
/// # struct Nickname { #[model(hash_key)] nickname: String, id: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users_by_country", validate = false)]
/// # struct CountryRow { #[model(hash_key)] country: String, #[model(default)] users: u64 }
/// # struct ByNickname;
/// impl View for ByNickname {
///     type Source = User;
///     type Row = Nickname;
///     const NAME: &'static str = "by_nickname";
///
///     fn add(user: &User, rows: &mut Rows<Nickname>) {
///         rows.put(Nickname { nickname: user.nickname.clone(), id: user.id });
///     }
/// }
///
/// # struct ByCountry;
/// impl View for ByCountry {
///     type Source = User;
///     type Row = CountryRow;
///     const NAME: &'static str = "by_country";
///
///     fn add(user: &User, rows: &mut Rows<CountryRow>) {
///         rows.add(&user.country, CountryRow::USERS, 1);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<Nickname>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// let user = |id| User { id, nickname: "ann".into(), country: "CH".into() };
/// user(7).insert(&db).await?;
/// assert_eq!(Nickname::get(&db, "ann").await?.expect("there").id, 7);
/// let refused = user(8).insert(&db).await.expect_err("7 has the nickname");
/// assert!(matches!(refused, Error::View(_)));
/// assert_eq!(CountryRow::get(&db, "CH").await?.expect("there").users, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Rows<R> {
    ops: Vec<Op>,
    error: Option<Error>,
    row: PhantomData<fn() -> R>,
}

/// What one item adds to one row.
#[derive(Debug, Clone)]
pub(crate) struct Op {
    pub(crate) key: Key,
    pub(crate) effect: Effect,
}

#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// To a number, from 0 on.
    Add(String, String),
    /// The whole row, which no other item may add.
    Put(Item),
}

impl<R: Model> Rows<R> {
    /// Adds to a number of a row, from 0 where there is none. A row whose numbers are back at 0 stays.
    pub fn add<T: Attribute<Kind = kind::N>, P: role::Changeable>(
        &mut self,
        key: R::KeyRef<'_>,
        path: Path<R, T, P>,
        value: T::Operand<'_>,
    ) {
        let place = path.into_place();
        let added = R::encode_key(key).and_then(|key| match T::encode_operand(value)? {
            AttributeValue::N(number) if place.inner.is_empty() => {
                Ok(Op { key, effect: Effect::Add(place.name.to_string(), number) })
            }
            _ => {
                let reason = "a view adds to numbers that are attributes of their own";
                Err(EncodeError::new(reason).at(&place.to_string()))
            }
        });
        self.push(added.map_err(|error| Error::encode(R::layout(), error)));
    }

    /// Puts a row that belongs to this item alone: a look-up under another key, a place in a list that is sorted by its
    /// range key. Where another item has the row, the write of this one is refused
    /// ([`ViewError::Taken`](crate::error::ViewError::Taken)), and nothing is written.
    pub fn put(&mut self, mut row: R) {
        let layout = R::layout();
        let encode = |error| Error::encode(layout, error);
        row.normalize();
        let put = row.check().map_err(|report| Error::invalid(layout, report)).and_then(|()| {
            let key = row.key().map_err(encode)?;
            let mut item = row.to_attributes().map_err(encode)?;
            item.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
            Ok(Op { key, effect: Effect::Put(item) })
        });
        self.push(put);
    }

    fn push(&mut self, op: Result<Op, Error>) {
        match op {
            Ok(op) => self.ops.push(op),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
    }
}

/// A view as the library knows it, written down by the derive.
pub struct ViewLayout {
    /// Its name, as it is stored.
    pub(crate) name: &'static str,
    pub(crate) generation: u32,
    pub(crate) row: fn() -> &'static Layout,
    /// What an item of today's shape, or one that can be brought there, adds.
    pub(crate) ops: fn(&str, &Key, &Item) -> Result<Vec<Op>, Error>,
}

impl Layout {
    /// The models of all rows that follow from items, those of rows included.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    #[must_use]
    pub fn rows(&self) -> Vec<&'static Self> {
        let mut rows: Vec<&'static Self> = self.views.iter().map(|view| (view.row)()).collect();
        let mut at = 0;
        while let Some(row) = rows.get(at) {
            for view in row.views {
                let next = (view.row)();
                if !rows.iter().any(|known| std::ptr::eq(*known, next)) {
                    rows.push(next);
                }
            }
            at += 1;
        }
        rows
    }
}

impl ViewLayout {
    /// The view of a model.
    #[must_use]
    pub const fn of<M: Model, V: View<Source = M>>() -> Self {
        Self {
            name: V::NAME,
            generation: V::GENERATION,
            row: <V::Row as Model>::layout,
            ops: ops::<V>,
        }
    }

    /// Its name, as it is stored.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What tells its rows from others: name and generation.
    pub(crate) fn stamp(&self) -> AttributeValue {
        AttributeValue::S(format!("{} {}", self.name, self.generation))
    }

    /// The generation of a stamp of this view.
    pub(crate) fn generation_of(&self, stamp: &str) -> Option<u32> {
        stamp.strip_prefix(self.name)?.strip_prefix(' ')?.parse().ok()
    }
}

impl fmt::Debug for ViewLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewLayout")
            .field("name", &self.name)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

fn ops<V: View>(table: &str, key: &Key, item: &Item) -> Result<Vec<Op>, Error> {
    let source = decode::<V::Source>(table, key, item.clone())?;
    let mut rows = Rows { ops: Vec::new(), error: None, row: PhantomData };
    V::add(&source, &mut rows);
    rows.error.map_or(Ok(rows.ops), Err)
}
