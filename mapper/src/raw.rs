//! A table by its name, without a model: its items as they are stored.
//!
//! Not public: for the crates beside this one. It has no way of its own to the store: scans are those of models, sweeps
//! too, and what is written goes through the one renderer.

mod layout;
mod query;
mod valid;

use std::sync::Arc;

use aws_sdk_dynamodb::types::TableDescription;

pub use self::query::{QueryTerms, RangeTerms};
use crate::batch::write_each;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::key::{Key, KeyAttribute};
use crate::layout::Layout;
use crate::projection::Raw;
use crate::read::{Results, Search, check_segments, raw_items};
use crate::retry::repeat;
use crate::sweep::Sweep;
use crate::write::{Base, Write, apply};

/// A table that is named at run time.
#[derive(Debug, Clone)]
pub struct RawTable {
    db: Database,
    layout: &'static Layout,
    described: Arc<TableDescription>,
}

/// How a whole table is read.
#[derive(Debug, Clone, Copy)]
pub struct ScanTerms {
    /// In how many segments side by side.
    pub segments: usize,
    /// How many items one request reads; what 1 MB holds where that is not said.
    pub page_size: Option<usize>,
    /// Whether every write is seen that was acknowledged before, at twice the price.
    pub consistent: bool,
}

impl ScanTerms {
    /// Refuses a number of segments that no scan has, before anything is sent.
    ///
    /// # Errors
    /// [`Error::Usage`] and [`Error::Limit`].
    pub fn check(&self) -> Result<(), Error> {
        check_segments(self.segments)
    }
}

impl RawTable {
    /// The table of this name behind the database's prefix, with the keys that it has.
    ///
    /// # Errors
    /// [`Error::NoSuchTable`], and what the service says.
    ///
    /// [AWS: DescribeTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html)
    pub async fn of(db: &Database, name: &str) -> Result<Self, Error> {
        let table = db.prefixed(name);
        let answer = repeat(db, "DescribeTable", &table, || {
            db.once().describe_table().table_name(&table).send()
        });
        // Boxed: the SDK's futures are large.
        let described = Box::pin(answer).await?.table;
        let described = described.ok_or_else(|| Error::NoSuchTable(table.as_str().into()))?;
        let layout = layout::of(name, &described)
            .ok_or(Error::Usage("the table has a key that is no string, number or binary"))?;
        Ok(Self { db: db.clone(), layout, described: Arc::new(described) })
    }

    /// The handle to its store.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// The full name, with the prefix.
    #[must_use]
    pub fn full_name(&self) -> String {
        self.db.table_name(self.layout)
    }

    /// What the service calls this table and no other, also none of its name; `None` where a store does not say it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.described.table_id()
    }

    /// The hash key, then the range key.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyAttribute> {
        std::iter::once(self.layout.hash_key).chain(self.layout.range_key).collect()
    }

    /// About how many items it has: the service counts them about every six hours.
    #[must_use]
    pub fn estimated_items(&self) -> u64 {
        self.described.item_count().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    }

    /// Whether this is the same table of the same store, as far as that can be known.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_name = self.full_name() == other.full_name();
        let is_same_id = self.id().is_some() && self.id() == other.id();
        is_same_name && (self.db.is_same(&other.db) || is_same_id)
    }

    /// The key of an item.
    ///
    /// # Errors
    /// [`Error::Encode`] where the item lacks a key attribute, or has one of another kind.
    pub fn key(&self, item: &Item) -> Result<Key, Error> {
        valid::key(self.layout, item).map_err(|error| Error::encode(self.layout, error))
    }

    /// Whether the table can hold an item that came from elsewhere; its key.
    ///
    /// # Errors
    /// [`Error::Encode`] and [`Error::Limit`].
    pub fn check(&self, item: &Item) -> Result<Key, Error> {
        let key = self.key(item)?;
        valid::values(item).map_err(|error| Error::encode(self.layout, error))?;
        crate::write::check_item(item)?;
        Ok(key)
    }

    /// Every item.
    pub fn items(&self, terms: ScanTerms) -> Results<'_, Item> {
        raw_items(self.search(terms))
    }

    /// Every item of one segment.
    pub fn segment(&self, number: usize, terms: ScanTerms) -> Results<'_, Item> {
        raw_items(self.search(terms).of_segment(number))
    }

    /// A job over every item.
    pub fn sweep(&self, terms: ScanTerms) -> Sweep<'_, (), Raw> {
        Sweep::of(self.search(terms))
    }

    /// Stores an item as it is, where there is none with its key, or the same one.
    ///
    /// After a lost answer it is sent again, as often as it takes: an item that was stored and that somebody has deleted
    /// meanwhile is there again then.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there is another one, also where the lost attempt was applied and that one written over
    /// it; what the service says.
    pub async fn insert(&self, item: Item) -> Result<(), Error> {
        apply(&self.db, &[self.put(item, Base::Absent)?]).await.map(drop)
    }

    /// Stores items as they are, each in the place of whatever is there; a result for each.
    pub async fn replace(&self, items: Vec<Item>) -> Vec<Result<(), Error>> {
        let mut results = Vec::with_capacity(items.len());
        let mut writes = Vec::with_capacity(items.len());
        for item in items {
            let write = self.put(item, Base::Any);
            results.push(write.map(|write| writes.push(write)));
        }
        let mut written = write_each(&self.db, &writes).await.into_iter();
        for result in results.iter_mut().filter(|result| result.is_ok()) {
            *result = written.next().expect("one result for each write");
        }
        results
    }

    fn put(&self, item: Item, base: Base) -> Result<Write, Error> {
        let target = Target { table: self.full_name(), key: self.key(&item)? };
        Ok(Write::as_it_is(self.layout, target, base, item))
    }

    fn search(&self, terms: ScanTerms) -> Search<'_> {
        let ScanTerms { segments, page_size, consistent } = terms;
        Search::of_table(&self.db, self.layout, segments, page_size, consistent)
    }
}
