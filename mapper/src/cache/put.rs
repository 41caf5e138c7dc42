//! Entries that are put into a cache: none replaces a newer one.

use std::cmp::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::entry::Entry;
use super::{CacheError, CacheOutcome, Cached, Caches};
use crate::error::Target;
use crate::item::{AttributeValue, Item};
use crate::layout::Layout;
use crate::schema::WRITE_ATTRIBUTE;

/// How often an entry may change while another one is put in its place.
const ROUNDS: usize = 4;

/// What stands where an entry is to be put.
enum There {
    Unknown,
    Known(Option<Cached>),
}

/// What becomes of an entry when another one arrives.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Replace,
    Keep,
    /// Nobody can tell which one is newer: both go.
    Bury,
}

/// Which of two entries stands afterwards.
///
/// Of two items the higher version counts. Two of one version with different nonces, and different items without a
/// version, have no order.
fn merge(layout: &Layout, there: &Entry, arriving: &Entry) -> Verdict {
    match (there, arriving) {
        (_, Entry::Buried) => Verdict::Bury,
        (Entry::Buried, _) | (Entry::Item(_) | Entry::Absent, Entry::Absent) => Verdict::Keep,
        (Entry::Absent, Entry::Item(_)) => Verdict::Replace,
        (Entry::Item(there), Entry::Item(arriving)) => {
            let order = match (version(layout, there), version(layout, arriving)) {
                (Some(there), Some(arriving)) => there.cmp(&arriving),
                _ => Ordering::Equal,
            };
            let is_same = || {
                there.text(WRITE_ATTRIBUTE) == arriving.text(WRITE_ATTRIBUTE) && there == arriving
            };
            match order {
                Ordering::Less => Verdict::Replace,
                Ordering::Greater => Verdict::Keep,
                Ordering::Equal if is_same() => Verdict::Keep,
                Ordering::Equal => Verdict::Bury,
            }
        }
    }
}

/// The version of an item, where it has one.
fn version(layout: &Layout, item: &Item) -> Option<u64> {
    match item.get(layout.version?) {
        Some(AttributeValue::N(text)) => text.parse().ok(),
        _ => None,
    }
}

impl Caches {
    /// Puts what the store answered, where it did so soon: what was read for long may be from before a write whose trace
    /// in the cache is gone.
    pub(super) async fn fill(
        &self,
        layout: &'static Layout,
        target: &Target,
        name: &str,
        seen: Option<Cached>,
        item: Option<&Item>,
        (live, began): (Duration, Instant),
    ) {
        let (entry, live) = match (item, self.settings.absent) {
            (Some(item), _) => (Entry::Item(item.clone()), live),
            (None, Some(absent)) => (Entry::Absent, absent),
            (None, None) => return,
        };
        if began.elapsed() < self.settings.buried / 2 {
            self.put(layout, target, name, There::Known(seen), &entry, live).await;
        }
    }

    /// Takes note of what a write left, or of what it may have left where that is not known.
    pub(crate) async fn written(
        &self,
        layout: &'static Layout,
        target: &Target,
        left: Option<&Item>,
        began: Instant,
    ) {
        let name = self.name(target);
        let is_soon = began.elapsed() < self.settings.buried / 2;
        let ordered = left.filter(|item| is_soon && version(layout, item).is_some());
        if let (Some(item), Some(live)) = (ordered, self.settings.live(layout)) {
            let entry = Entry::Item(item.clone());
            self.put(layout, target, &name, There::Unknown, &entry, live).await;
        } else {
            let buried = self.in_time(self.bury(&name)).await;
            self.told(target, buried);
        }
        // Until now a read could find what stood there before; nobody who asks from now on may join it.
        self.flights.forget(&name);
    }

    /// Puts an entry where it may stand.
    async fn put(
        &self,
        layout: &'static Layout,
        target: &Target,
        name: &str,
        there: There,
        entry: &Entry,
        live: Duration,
    ) {
        let put = self.in_time(self.try_put(layout, name, there, entry, live)).await;
        if put.is_err() {
            self.rest();
        }
        self.told(target, put);
    }

    async fn try_put(
        &self,
        layout: &'static Layout,
        name: &str,
        mut there: There,
        entry: &Entry,
        live: Duration,
    ) -> Result<CacheOutcome<'static>, CacheError> {
        let Some(bytes) = entry.to_bytes(name) else { return self.bury(name).await };
        let cache = &self.settings.cache;
        for _ in 0..ROUNDS {
            let seen = std::mem::replace(&mut there, There::Unknown);
            let there = match seen {
                There::Known(there) => there,
                There::Unknown => cache.get(&[name.to_owned()]).await?.pop().flatten(),
            };
            let known = there.as_ref().and_then(|there| Entry::of_bytes(name, &there.value));
            match known.map_or(Verdict::Replace, |there| merge(layout, &there, entry)) {
                Verdict::Keep => return Ok(CacheOutcome::Refused),
                Verdict::Bury => return self.bury(name).await,
                Verdict::Replace => {
                    if cache.compare_and_set(name, there.as_ref(), bytes.clone(), live).await? {
                        return Ok(CacheOutcome::Put);
                    }
                }
            }
        }
        self.bury(name).await
    }

    /// Lets nothing stand here for a while.
    async fn bury(&self, name: &str) -> Result<CacheOutcome<'static>, CacheError> {
        let bytes = Entry::Buried.to_bytes(name).expect("a grave has no attributes");
        self.settings.cache.set(name, bytes, self.settings.buried).await?;
        Ok(CacheOutcome::Evicted)
    }

    fn told(&self, target: &Target, outcome: Result<CacheOutcome<'static>, CacheError>) {
        match outcome {
            Ok(outcome) => self.tell(&target.table, outcome),
            Err(error) => self.tell(&target.table, CacheOutcome::Failed(&error)),
        }
    }
}
