//! The rows of a view for items that are there already: made, replaced after a change of the view, and verified.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use crate::database::Database;
use crate::error::{Error, FailedItem, Target};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::model::Model as _;
use crate::projection::Raw;
use crate::read::Search;
use crate::reader::Reader as _;
use crate::retry::Again;
use crate::schema::VIEW_ATTRIBUTE;
use crate::sweep::Sweep;
use crate::view::{View, ViewLayout};
use crate::write::{After, Base, Expected, Write, apply, marks};

/// Takes every item of a view's source into the view, while programs go on writing them.
///
/// For a view that is declared on a table with items, and for one whose [`GENERATION`](View::GENERATION) was raised. An
/// item that is part of the view already costs no write, so it can be ended and run again at any time; each item is taken
/// in once, by this or by a write of a program. Programs that write the source must all know the view, in this
/// generation, before it is run: adding a view is a change of the model that old programs must not miss, so raise the
/// model's `schema` to another major.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Rebuild, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByCountry, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, country: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users_by_country", validate = false)]
/// # struct CountryRow { #[model(hash_key)] country: String, #[model(default)] users: u64 }
/// # struct ByCountry;
/// # impl View for ByCountry {
/// #     type Source = User;
/// #     type Row = CountryRow;
/// #     const NAME: &'static str = "by_country";
/// #     fn add(user: &User, rows: &mut Rows<CountryRow>) { rows.add(&user.country, CountryRow::USERS, 1); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// // Items from before the view:
/// # for id in 1..=3 {
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// #     put.item("country", AttributeValue::S("CH".into())).send().await?;
/// # }
/// let rebuild = Rebuild::<ByCountry>::of(&db).segments(2).at_once(8).tolerate(0);
/// assert!(!rebuild.verify().await?.is_exact());
/// assert_eq!(rebuild.run().await?.taken_in, 3);
/// assert!(rebuild.verify().await?.is_exact());
/// assert_eq!(CountryRow::get(&db, "CH").await?.expect("there").users, 3);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is rebuilt until it is run"]
pub struct Rebuild<'a, V = ()> {
    db: &'a Database,
    source: &'static Layout,
    /// The view, as its source declares it.
    name: &'static str,
    segments: usize,
    at_once: usize,
    tolerated: usize,
    view: PhantomData<fn() -> V>,
}

/// What a [`Rebuild`] did.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Rebuild, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByCountry, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, country: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users_by_country", validate = false)]
/// # struct CountryRow { #[model(hash_key)] country: String, #[model(default)] users: u64 }
/// # struct ByCountry;
/// # impl View for ByCountry {
/// #     type Source = User;
/// #     type Row = CountryRow;
/// #     const NAME: &'static str = "by_country";
/// #     fn add(user: &User, rows: &mut Rows<CountryRow>) { rows.add(&user.country, CountryRow::USERS, 1); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// # let put = db.client().put_item().table_name("users").item("id", AttributeValue::N("1".into()));
/// # put.item("country", AttributeValue::S("CH".into())).send().await?;
/// // User 1 is from before the view, user 2 is written with it.
/// User { id: 2, country: "CH".into() }.insert(&db).await?;
/// let rebuilt = Rebuild::<ByCountry>::of(&db).run().await?;
/// assert_eq!((rebuilt.items, rebuilt.taken_in, rebuilt.removed), (2, 1, 0));
/// assert!(rebuilt.failed.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Rebuilt {
    /// How many items were seen.
    pub items: u64,
    /// How many were taken in.
    pub taken_in: u64,
    /// How many rows of older generations were removed, after all items were taken in.
    pub removed: u64,
    /// The items that could not be taken in, and why; they are not part of the view.
    pub failed: Vec<FailedItem>,
}

/// How a view differs from what its source says.
///
/// ```
/// # use dynamap::{Database, Model, Rebuild, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByCountry, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, country: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users_by_country", validate = false)]
/// # struct CountryRow { #[model(hash_key)] country: String, #[model(default)] users: u64 }
/// # struct ByCountry;
/// # impl View for ByCountry {
/// #     type Source = User;
/// #     type Row = CountryRow;
/// #     const NAME: &'static str = "by_country";
/// #     fn add(user: &User, rows: &mut Rows<CountryRow>) { rows.add(&user.country, CountryRow::USERS, 1); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<CountryRow>::create(&db).await?;
/// User { id: 1, country: "CH".into() }.insert(&db).await?;
/// CountryRow::update(&db, "CH").add(CountryRow::USERS, 5).await?; // by hand
/// let drift = Rebuild::<ByCountry>::of(&db).verify().await?;
/// assert!(!drift.is_exact());
/// assert_eq!((drift.items, drift.left_out, drift.rows), (1, 0, 1));
/// assert_eq!(drift.wrong[0].table, "users_by_country");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewDrift {
    /// How many items the source has.
    pub items: u64,
    /// How many of them are not part of the view.
    pub left_out: u64,
    /// How many rows there should be.
    pub rows: u64,
    /// The rows that are wrong, missing, or too many.
    pub wrong: Vec<Target>,
}

impl ViewDrift {
    /// Whether the view is what its source says.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.left_out == 0 && self.wrong.is_empty()
    }
}

impl<'a, V: View> Rebuild<'a, V> {
    /// The view in this database.
    pub fn of(db: &'a Database) -> Self {
        Self::by_name(db, V::Source::layout(), V::NAME)
    }
}

impl<'a, V> Rebuild<'a, V> {
    /// A view of a model that is known by its layout.
    ///
    /// Not public: for the crates beside this one.
    #[doc(hidden)]
    pub fn by_name(db: &'a Database, source: &'static Layout, name: &'static str) -> Self {
        Self { db, source, name, segments: 4, at_once: 16, tolerated: 100, view: PhantomData }
    }

    /// In how many segments the tables are scanned side by side; default 4, at least 1: of 0 the run is [`Error::Usage`].
    pub fn segments(mut self, segments: usize) -> Self {
        self.segments = segments;
        self
    }

    /// How many items are taken in at once; default 16, at least 1.
    pub fn at_once(mut self, items: usize) -> Self {
        self.at_once = items;
        self
    }

    /// How many items may fail before it ends with an error; default 100.
    pub fn tolerate(mut self, failures: usize) -> Self {
        self.tolerated = failures;
        self
    }

    /// Takes in every item that is not part of the view, and removes the rows of older generations then; where items
    /// failed, those rows stay.
    ///
    /// If the future is dropped half-way, some items are taken in, each with all of its rows; run it again.
    ///
    /// # Errors
    /// [`Error::Usage`] where the source does not declare the view; [`Error::Sweep`] where more items failed than are
    /// tolerated; what the service says.
    pub async fn run(&self) -> Result<Rebuilt, Error> {
        let (layout, view) = (self.source, self.declared()?);
        let taken_in = Mutex::new(0);
        let (db, counted) = (self.db, &taken_in);
        let include = |item: Item| async move {
            if take_in(db, layout, view, item).await? {
                *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            }
            Ok::<_, Error>(())
        };
        let sweep = self.sweep(layout).at_once(self.at_once).tolerate(self.tolerated);
        let swept = sweep.run(include).await?;
        let items = u64::try_from(swept.progress.items).unwrap_or(u64::MAX);
        let taken_in = taken_in.into_inner().unwrap_or_else(PoisonError::into_inner);
        let removed = if swept.failed.is_empty() { self.remove_old_rows(view).await? } else { 0 };
        Ok(Rebuilt { items, taken_in, removed, failed: swept.failed })
    }

    /// Compares the rows with what all items add to them. Reads both tables, one after the other: what is written
    /// meanwhile may show as a difference. Holds one entry for each row in memory.
    ///
    /// # Errors
    /// As [`run`](Self::run), and for items that cannot be read.
    pub async fn verify(&self) -> Result<ViewDrift, Error> {
        let (layout, view) = (self.source, self.declared()?);
        let found = Mutex::new((Expected::default(), ViewDrift::default()));
        let (db, noted) = (self.db, &found);
        let note = |item: Item| async move {
            let key = key(layout, &item)?;
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            let (expected, drift) = &mut *noted;
            drift.items += 1;
            let is_part = marks(&item).get(view.name) == Some(&view.generation);
            drift.left_out += u64::from(!is_part);
            expected.add(db, view, &db.table_name(layout), &key, &item)
        };
        self.sweep(layout).run(note).await?;
        let compare = |row: Item| async move {
            let key = key((view.row)(), &row)?;
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            let (expected, drift) = &mut *noted;
            drift.wrong.extend(expected.compare(db, view, key, &row));
            Ok::<_, Error>(())
        };
        self.sweep((view.row)()).run(compare).await?;
        let (expected, mut drift) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        drift.rows = expected.rows();
        drift.wrong.extend(expected.missing());
        Ok(drift)
    }

    /// The view as its source declares it.
    fn declared(&self) -> Result<&'static ViewLayout, Error> {
        self.source.views.iter().find(|view| view.name == self.name).ok_or(Error::Usage(
            "the source does not declare this view: write `#[model(view = …)]` on it",
        ))
    }

    /// A job over every item of a model, as it is stored.
    fn sweep(&self, layout: &'static Layout) -> Sweep<'_, (), Raw> {
        Sweep::of(Search::of_table(self.db, layout, self.segments, None, true))
    }

    async fn remove_old_rows(&self, view: &'static ViewLayout) -> Result<u64, Error> {
        let removed = Mutex::new(0);
        let (db, counted) = (self.db, &removed);
        let remove = |row: Item| async move {
            let layout = (view.row)();
            let generation = row.text(VIEW_ATTRIBUTE).and_then(|stamp| view.generation_of(stamp));
            if generation.is_none_or(|generation| generation >= view.generation) {
                return Ok(());
            }
            let write = at(db, layout, key(layout, &row)?, row, After::Gone);
            match apply(db, &[write.comparing_all()]).await {
                Ok(_) => *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1,
                // A program has just made it one of this generation.
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
            Ok::<_, Error>(())
        };
        self.sweep((view.row)()).run(remove).await?;
        Ok(removed.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes an item part of the view, as it is stored; whether it was not.
async fn take_in(
    db: &Database,
    layout: &'static Layout,
    view: &ViewLayout,
    item: Item,
) -> Result<bool, Error> {
    let key = key(layout, &item)?;
    let mut again = Again::new(db);
    let mut seen = Some(item);
    while let Some(item) = seen {
        if marks(&item).get(view.name) == Some(&view.generation) {
            return Ok(false);
        }
        let write = at(db, layout, key.clone(), item.clone(), After::Changed(item));
        let Err(error) = apply(db, &[write.comparing_all().keeping_version()]).await else {
            return Ok(true);
        };
        // Without an answer: the item tells.
        let is_late = error.is_conflict() && error.is_retryable() || error.is_outcome_unknown();
        if !is_late || !again.pause().await {
            return Err(error);
        }
        seen = db.read_item(layout, &key, true).await?;
    }
    Ok(false)
}

fn at(db: &Database, layout: &'static Layout, key: Key, item: Item, after: After) -> Write {
    let target = Target { table: db.table_name(layout), key };
    Write::new(layout, target, Base::Stored(item), after)
}

fn key(layout: &Layout, item: &Item) -> Result<Key, Error> {
    Key::of(layout, item).map_err(|error| Error::encode(layout, error))
}

impl<V> fmt::Debug for Rebuild<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuild").field("view", &self.name).finish_non_exhaustive()
    }
}
