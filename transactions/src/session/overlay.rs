//! What a session knows: items that were read, own changes, parts of tables that were preloaded.

use dynamap_mapper::model::Layout;
use dynamap_mapper::{Database, Error, Item, Key, Known, Noted, Overlay, Reader, Region};

use super::Session;

/// What a [`Session`] was asked for, and what of it needed no request.
///
/// ```
/// # use dynamap::{Database, Model, Session, SessionCounts, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
/// let mut session = Session::of(&db);
/// for _ in 0..2 {
///     let mut account = Account::get(&session, 1).await?.expect("there");
///     account.balance += 1;
///     session.save(account)?;
///     assert!(Account::get(&session, 2).await?.is_none());
/// }
/// session.flush().await.into_result()?;
/// let SessionCounts { hits, negative_hits, misses, verbs, written, writes_saved, .. } = session.counts();
/// assert_eq!((hits, negative_hits, misses), (1, 1, 2));
/// assert_eq!((verbs, written, writes_saved), (2, 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionCounts {
    /// Items that were known, and queries and scans that were answered from memory.
    pub hits: usize,
    /// Items that were known to be absent.
    pub negative_hits: usize,
    /// Items, queries and scans that the store was asked for.
    pub misses: usize,
    /// Inserts, saves and deletes that the program asked for.
    pub verbs: usize,
    /// Items that were written.
    pub written: usize,
    /// Writes that are not necessary: of the verbs, those that changed nothing, or an item that is written anyway.
    pub writes_saved: usize,
}

impl Reader for Session {
    fn database(&self) -> &Database {
        self.tx.database()
    }

    async fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Item>, Error> {
        match self.find(&self.database().table_name(layout), key)? {
            Some(known) => Ok(known),
            None => self.tx.read_item(layout, key, consistent).await,
        }
    }

    fn overlay(&self) -> Option<&dyn Overlay> {
        Some(self)
    }
}

/// What its buffer knows; a preloaded part is known with all that is not there.
impl Overlay for Session {
    fn find(&self, table: &str, key: &Key) -> Result<Option<Option<Item>>, Error> {
        // First: a part that is preloaded meanwhile is known with its items before it is known as a part.
        let is_preloaded = self.state().preloaded.iter().any(|region| region.contains(table, key));
        let known = self.tx.find(table, key)?;
        let mut state = self.state();
        let known = known.or_else(|| is_preloaded.then_some(None));
        match &known {
            Some(Some(_)) => state.counts.hits += 1,
            Some(None) => state.counts.negative_hits += 1,
            None => state.counts.misses += 1,
        }
        Ok(known)
    }

    fn known(&self, table: &str, wanted: &dyn Fn(&Key) -> bool) -> Result<Known, Error> {
        Overlay::known(&self.tx, table, wanted)
    }

    fn covers(&self, region: &Region) -> bool {
        let mut state = self.state();
        let covers = state.preloaded.iter().any(|preloaded| preloaded.covers(region));
        let count = if covers { &mut state.counts.hits } else { &mut state.counts.misses };
        *count += 1;
        covers
    }

    fn note(
        &self,
        layout: &'static Layout,
        key: &Key,
        item: Option<&Item>,
    ) -> Result<Noted, Error> {
        self.tx.note(layout, key, item)
    }
}
