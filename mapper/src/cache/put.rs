//! Entries that are put into a cache: none replaces a newer one.

use std::cmp::Ordering;
use std::sync::atomic::{self, AtomicBool};
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{Entry, Known, is_older, millis};
use super::look::Question;
use super::many::Left;
use super::{CacheError, CacheOutcome, Cached, Caches, Late};
use crate::database::Database;
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

/// An entry on its way into the cache.
struct Arrival<'a> {
    layout: &'static Layout,
    target: &'a Target,
    name: &'a str,
    entry: Entry,
    bytes: Vec<u8>,
    live: Duration,
    /// Whether a write left it; else a read found it.
    is_written: bool,
    /// Whether a write left a new item: those begin with version 1, whatever there was before.
    is_new: bool,
}

/// Whether a cache that is told of several writes gave no answer to one of them: the others do not wait for it, too.
#[derive(Default)]
pub(super) struct Silence(AtomicBool);

/// What becomes of an entry when another one arrives.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Replace,
    Keep,
    /// Nobody can tell which one is newer: both go.
    Bury,
}

impl Arrival<'_> {
    /// What becomes of the entry that stands there.
    ///
    /// A version that is higher shows that the entry is newer, except where versions began anew, or where the entry is
    /// older than who puts this one takes. A place that is free stays so from the last write on.
    fn meets(&self, there: &Entry) -> Verdict {
        if self.is_written && there.known == Known::Buried {
            return Verdict::Bury;
        }
        let is_doubtful = self.is_new || is_older(there.put, self.live, self.entry.put);
        merge(self.layout, &there.known, &self.entry.known, is_doubtful)
    }
}

/// Which of two entries stands afterwards.
///
/// Of two items the higher version counts. Two of one version with different nonces, and different items without a
/// version, have no order. What stands there in doubt is confirmed, replaced by what is newer, or goes.
fn merge(layout: &Layout, there: &Known, arriving: &Known, is_doubtful: bool) -> Verdict {
    let unless_newer = if is_doubtful { Verdict::Bury } else { Verdict::Keep };
    match (there, arriving) {
        (_, Known::Buried) => Verdict::Bury,
        (Known::Absent, Known::Absent) if is_doubtful => Verdict::Replace,
        (Known::Buried, _) | (Known::Absent, Known::Absent) => Verdict::Keep,
        (Known::Item(_), Known::Absent) => unless_newer,
        (Known::Absent, Known::Item(_)) => Verdict::Replace,
        (Known::Item(there), Known::Item(arriving)) => {
            let order = match (version(layout, there), version(layout, arriving)) {
                (Some(there), Some(arriving)) => there.cmp(&arriving),
                _ => Ordering::Equal,
            };
            let is_same = || {
                there.text(WRITE_ATTRIBUTE) == arriving.text(WRITE_ATTRIBUTE) && there == arriving
            };
            match order {
                Ordering::Less => Verdict::Replace,
                Ordering::Greater => unless_newer,
                Ordering::Equal if is_same() && is_doubtful => Verdict::Replace,
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
        db: &Database,
        asked: Question<'_>,
        name: &str,
        seen: Option<Cached>,
        item: Option<&Item>,
        began: Instant,
    ) {
        let Question { layout, target, live } = asked;
        let live = self.settings.bound(item.is_some(), live);
        if live.is_zero() || self.is_resting() || !self.is_soon(began) {
            return;
        }
        let entry = Entry::new(millis(db), item.cloned().map_or(Known::Absent, Known::Item));
        let Some(bytes) = self.bytes(name, &entry) else {
            return self.tell(&target.table, CacheOutcome::Refused);
        };
        let arrival =
            Arrival { layout, target, name, entry, bytes, live, is_written: false, is_new: false };
        self.told(target, self.put(db, There::Known(seen), &arrival).await);
    }

    /// Takes note of what a write left, or of what it may have left where that is not known.
    pub(super) async fn written(
        &self,
        db: &Database,
        layout: &'static Layout,
        target: &Target,
        left: &Left,
        (began, silence): (Instant, &Silence),
    ) {
        let name = self.name(target);
        let told = if silence.0.load(atomic::Ordering::Relaxed) {
            Err(CacheError::new(Late))
        } else {
            match self.arrival(db, (layout, target, &name), left).filter(|_| self.is_soon(began)) {
                Some(arrival) => self.put(db, There::Unknown, &arrival).await,
                None => self.in_time(self.bury(db, &name)).await,
            }
        };
        if told.as_ref().is_err_and(CacheError::is_late) {
            silence.0.store(true, atomic::Ordering::Relaxed);
        }
        self.told(target, told);
        // Until now a read could find what stood there before; nobody who asks from now on may join it.
        self.flights.forget(&name);
    }

    /// What a write puts, where it can be ordered, is kept here, and the cache takes it.
    fn arrival<'a>(
        &self,
        db: &Database,
        (layout, target, name): (&'static Layout, &'a Target, &'a str),
        left: &Left,
    ) -> Option<Arrival<'a>> {
        let Left::Item(item) = left else { return None };
        let is_new = version(layout, item)? == 1;
        let live = self.settings.live(layout)?;
        let entry = Entry::new(millis(db), Known::Item(item.clone()));
        let bytes = self.bytes(name, &entry)?;
        Some(Arrival { layout, target, name, entry, bytes, live, is_written: true, is_new })
    }

    /// The entry as it is stored; `None` where it cannot be, or the cache does not take so much.
    fn bytes(&self, name: &str, entry: &Entry) -> Option<Vec<u8>> {
        let bytes = entry.to_bytes(name)?;
        let fits = self.settings.cache.largest().is_none_or(|largest| bytes.len() <= largest);
        fits.then_some(bytes)
    }

    /// Whether what began then may still be put: half of the time that places stay free is for the work, half for the
    /// cache.
    fn is_soon(&self, began: Instant) -> bool {
        began.elapsed() < self.settings.buried / 2
    }

    /// Puts an entry where it may stand. Where that fails, what stands there goes.
    async fn put(
        &self,
        db: &Database,
        there: There,
        arrival: &Arrival<'_>,
    ) -> Result<CacheOutcome<'static>, CacheError> {
        let put = async {
            let error = match self.try_put(db, there, arrival).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let Ok(evicted) = self.bury(db, arrival.name).await else { return Err(error) };
            self.tell(&arrival.target.table, CacheOutcome::Failed(&error));
            Ok(evicted)
        };
        let put = self.within(self.settings.buried / 2, put).await;
        if put.is_err() {
            self.rest();
        }
        put
    }

    async fn try_put(
        &self,
        db: &Database,
        mut there: There,
        arrival: &Arrival<'_>,
    ) -> Result<CacheOutcome<'static>, CacheError> {
        let (cache, name) = (&self.settings.cache, arrival.name);
        for _ in 0..ROUNDS {
            let seen = std::mem::replace(&mut there, There::Unknown);
            let there = match seen {
                There::Known(there) => there,
                There::Unknown => cache.get(&[name.to_owned()]).await?.pop().flatten(),
            };
            let known = there.as_ref().and_then(|there| Entry::of_bytes(name, &there.value));
            match known.map_or(Verdict::Replace, |there| arrival.meets(&there)) {
                Verdict::Keep => return Ok(CacheOutcome::Refused),
                Verdict::Bury => return self.bury(db, name).await,
                Verdict::Replace => {
                    // Those who read look at when it was put. For those who put later it is the trace of what is newer.
                    let live = arrival.live.max(self.settings.buried);
                    let bytes = arrival.bytes.clone();
                    if cache.compare_and_set(name, there.as_ref(), bytes, live).await? {
                        return Ok(CacheOutcome::Put);
                    }
                }
            }
        }
        self.bury(db, name).await
    }

    /// Lets nothing stand here for a while.
    async fn bury(&self, db: &Database, name: &str) -> Result<CacheOutcome<'static>, CacheError> {
        let grave = Entry::new(millis(db), Known::Buried);
        let bytes = grave.to_bytes(name).expect("a grave has no attributes");
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
