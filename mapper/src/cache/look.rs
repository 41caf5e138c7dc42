//! What reads find in a cache: nothing that was put there longer ago than they take.

use std::time::Duration;

use tokio::time::Instant;

use super::entry::{Entry, Known, is_older, millis};
use super::{CacheError, CacheOutcome, Cached, Caches};
use crate::database::Database;
use crate::error::{Error, Target};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::reader::Reader;

/// Whether a read may be answered by the cache.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Kept {
    /// As is set for the model.
    #[default]
    AsSet,
    For(Duration),
    Not,
}

impl Kept {
    /// How long the items of a model are kept for this read, where they are.
    pub(crate) fn live(self, db: &Database, layout: &'static Layout) -> Option<Duration> {
        match self {
            Self::AsSet => db.caches()?.settings.live(layout),
            Self::For(live) => Some(live),
            Self::Not => None,
        }
    }
}

/// What a read asks for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) layout: &'static Layout,
    pub(super) target: &'a Target,
    /// How long ago the answer may have been put, and how long it is kept.
    pub(super) live: Duration,
}

/// What a read found: the item, or that there is none.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) item: Option<Item>,
    /// When it was put into the cache; `None` where the store said so.
    put: Option<u64>,
}

/// What the cache says to a question.
pub(super) enum Seen {
    Hit(Found),
    /// Nothing that the read takes; what is put must replace this.
    Miss(Option<Cached>),
    /// Nothing may be put.
    Closed,
}

impl Caches {
    /// Asks about items, each with its name.
    pub(super) async fn look(
        &self,
        db: &Database,
        asked: &[Question<'_>],
        names: &[String],
    ) -> Vec<Seen> {
        if self.is_resting() {
            return asked.iter().map(|_| Seen::Closed).collect();
        }
        let found = self.in_time(self.settings.cache.get(names)).await.and_then(|found| {
            let is_whole = found.len() == names.len();
            if is_whole { Ok(found) } else { Err(CacheError::new("an answer about other keys")) }
        });
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.rest();
                let failed = |asked: &Question<'_>| {
                    self.tell(&asked.target.table, CacheOutcome::Failed(&error));
                    Seen::Closed
                };
                return asked.iter().map(failed).collect();
            }
        };
        let seen = |((asked, name), found): ((&Question<'_>, &String), Option<Cached>)| {
            let (seen, outcome) = self.seen(db, asked, name, found);
            self.tell(&asked.target.table, outcome);
            seen
        };
        asked.iter().zip(names).zip(found).map(seen).collect()
    }

    fn seen(
        &self,
        db: &Database,
        asked: &Question<'_>,
        name: &str,
        there: Option<Cached>,
    ) -> (Seen, CacheOutcome<'static>) {
        let Some(cached) = &there else { return (Seen::Miss(None), CacheOutcome::Miss) };
        let (put, item) = match Entry::of_bytes(name, &cached.value) {
            None => return (Seen::Miss(there), CacheOutcome::Unreadable),
            Some(Entry { known: Known::Buried, .. }) => return (Seen::Closed, CacheOutcome::Miss),
            Some(Entry { put, known: Known::Absent }) => (put, None),
            Some(Entry { put, known: Known::Item(item) }) => (put, Some(item)),
        };
        let found = Found { item, put: Some(put) };
        if self.takes(db, asked, &found) {
            (Seen::Hit(found), CacheOutcome::Hit)
        } else {
            (Seen::Miss(there), CacheOutcome::Miss)
        }
    }

    /// Whether this is an answer, as old as it is.
    fn takes(&self, db: &Database, asked: &Question<'_>, found: &Found) -> bool {
        let most = self.settings.bound(found.item.is_some(), asked.live);
        found.put.is_none_or(|put| !is_older(put, most, millis(db)))
    }
}

/// The item with this key, from the cache or from the reader, and then put into the cache.
pub(crate) async fn read_through(
    reader: &impl Reader,
    layout: &'static Layout,
    key: &Key,
    live: Duration,
) -> Result<Option<Item>, Error> {
    let db: &Database = reader.database();
    let Some(caches) = db.caches() else {
        return reader.read_item(layout, key, false).await;
    };
    let target = Target { table: db.table_name(layout), key: key.clone() };
    let name = caches.name(&target);
    let asked = Question { layout, target: &target, live };
    let read = async {
        let began = Instant::now();
        let seen = caches.look(db, &[asked], std::slice::from_ref(&name)).await.pop();
        if let Some(Seen::Hit(found)) = seen {
            return Ok(found);
        }
        let item = reader.read_item(layout, key, false).await?;
        if let Some(Seen::Miss(seen)) = seen {
            caches.fill(db, asked, &name, seen, item.as_ref(), began).await;
        }
        Ok(Found { item, put: None })
    };
    let takes = |found: &Found| caches.takes(db, &asked, found);
    // Boxed: the futures of requests are large.
    Ok(caches.flights.share(&name, Box::pin(read), takes).await?.item)
}
