//! Many items at once: one question about all of them, and a cache that hangs delays them once.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::Cached;
use super::look::{Question, Seen};
use super::put::Silence;
use crate::database::Database;
use crate::error::Target;
use crate::item::Item;
use crate::layout::Layout;
use crate::read::Asked;

/// How many questions are asked, and items put, at once.
const AT_ONCE: usize = 8;

/// How many items one question is about.
const MOST: usize = 100;

/// What the cache said of an item.
pub(crate) enum Looked {
    /// The item, or that there is none.
    Hit(Option<Item>),
    /// Nothing; whether what the store says may be put, and what it then replaces.
    Miss(Option<Place>),
}

/// Where an item that is read is to be put.
pub(crate) struct Place {
    seen: Option<Cached>,
    live: Duration,
}

/// What is in the store of an item after a write, as far as is known.
pub(crate) enum Left {
    /// What was there before.
    Same,
    /// This item.
    Item(Item),
    /// Nothing, or nobody knows.
    Unknown,
}

/// Asks the cache about those items that are kept; the others are misses that are not put.
pub(crate) async fn look_many(
    db: &Database,
    asked: &[Asked],
    live: impl Fn(&Asked) -> Option<Duration>,
) -> Vec<Looked> {
    let mut looked: Vec<_> = asked.iter().map(|_| Looked::Miss(None)).collect();
    let Some(caches) = db.caches() else { return looked };
    let question = |(at, asked)| {
        let (target, layout): &Asked = asked;
        Some((at, Question { layout, target, live: live(asked)? }))
    };
    let (places, kept): (Vec<usize>, Vec<_>) =
        asked.iter().enumerate().filter_map(question).unzip();
    if kept.is_empty() {
        return looked;
    }
    let names: Vec<_> = kept.iter().map(|asked| caches.name(asked.target)).collect();
    let chunks = kept.chunks(MOST).zip(names.chunks(MOST));
    let questions: Vec<_> = chunks.map(|(asked, names)| caches.look(db, asked, names)).collect();
    let seen: Vec<Vec<Seen>> = stream::iter(questions).buffered(AT_ONCE).collect().await;
    for ((at, asked), seen) in places.into_iter().zip(&kept).zip(seen.into_iter().flatten()) {
        looked[at] = match seen {
            Seen::Hit(found) => Looked::Hit(found.item),
            Seen::Miss(seen) => Looked::Miss(Some(Place { seen, live: asked.live })),
            Seen::Closed => Looked::Miss(None),
        };
    }
    looked
}

/// Puts what the store said into the places that were free.
pub(crate) async fn fill_many(
    db: &Database,
    read: Vec<(Asked, Place, Option<Item>)>,
    began: Instant,
) {
    let Some(caches) = db.caches() else { return };
    let fill = |((target, layout), Place { seen, live }, item): (Asked, Place, Option<Item>)| async move {
        let (asked, name) = (Question { layout, target: &target, live }, caches.name(&target));
        caches.fill(db, asked, &name, seen, item.as_ref(), began).await;
    };
    stream::iter(read).for_each_concurrent(AT_ONCE, fill).await;
}

/// Tells the cache what writes left of their items.
pub(crate) async fn tell_many(
    db: &Database,
    written: Vec<(&'static Layout, Target, Left)>,
    began: Instant,
) {
    let Some(caches) = db.caches() else { return };
    let silence = &Silence::default();
    let tell = |(layout, target, left): (&'static Layout, Target, Left)| async move {
        caches.written(db, layout, &target, &left, (began, silence)).await;
    };
    let changed = written.into_iter().filter(|(.., left)| !matches!(left, Left::Same));
    // Collected: the futures borrow what the stream must not.
    let told: Vec<_> = changed.map(tell).collect();
    stream::iter(told).for_each_concurrent(AT_ONCE, |told| told).await;
}
