//! Many items at once: one question about all of them.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::{Cached, Seen};
use crate::database::Database;
use crate::item::Item;
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

/// Asks the cache about those items that are kept; the others are misses that are not put.
pub(crate) async fn look_many(
    db: &Database,
    asked: &[Asked],
    live: impl Fn(&Asked) -> Option<Duration>,
) -> Vec<Looked> {
    let mut looked: Vec<_> = asked.iter().map(|_| Looked::Miss(None)).collect();
    let Some(caches) = db.caches() else { return looked };
    let kept: Vec<_> = asked
        .iter()
        .enumerate()
        .filter_map(|(at, asked)| Some((at, &asked.0, live(asked)?)))
        .collect();
    if kept.is_empty() {
        return looked;
    }
    let targets: Vec<_> = kept.iter().map(|(_, target, _)| *target).collect();
    let names: Vec<_> = targets.iter().map(|target| caches.name(target)).collect();
    let chunks = targets.chunks(MOST).zip(names.chunks(MOST));
    let questions: Vec<_> = chunks.map(|(targets, names)| caches.look(targets, names)).collect();
    let seen: Vec<Vec<Seen>> = stream::iter(questions).buffered(AT_ONCE).collect().await;
    for ((at, _, live), seen) in kept.into_iter().zip(seen.into_iter().flatten()) {
        looked[at] = match seen {
            Seen::Hit(item) => Looked::Hit(item),
            Seen::Miss(seen) => Looked::Miss(Some(Place { seen, live })),
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
        let name = caches.name(&target);
        caches.fill(layout, &target, &name, seen, item.as_ref(), (live, began)).await;
    };
    stream::iter(read).for_each_concurrent(AT_ONCE, fill).await;
}
