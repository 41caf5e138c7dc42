//! `BatchGetItem`: items by key, 100 in one request.
//!
//! [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use tokio::time::Instant;

use super::AT_ONCE;
use super::drain::{Outcome, Request, drain, outcome};
use crate::cache::{Kept, Looked, fill_many, look_many};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::{Target, Undone};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::read::Asked;
use crate::retry::Attempts;

/// The item, if there is one.
type Answer = Option<Item>;

type Attributes = HashMap<String, AttributeValue>;

/// Reads of items by key.
pub(super) struct Keys {
    pub(super) consistent: bool,
}

/// Items from the cache, where they are kept, and the rest from the store.
pub(super) async fn read_cached(
    db: &Database,
    asked: Vec<Asked>,
    consistent: bool,
    kept: Kept,
) -> Vec<Result<Answer, Undone>> {
    let began = Instant::now();
    let live = |(_, layout): &Asked| kept.live(db, layout).filter(|_| !consistent);
    let looked = look_many(db, &asked, live).await;
    let (mut found, mut rest) = (Vec::new(), Vec::new());
    for (asked, looked) in asked.into_iter().zip(looked) {
        match looked {
            Looked::Hit(item) => found.push(Some(Ok(item))),
            Looked::Miss(place) => {
                rest.push((found.len(), asked, place));
                found.push(None);
            }
        }
    }
    let missed = rest.iter().map(|(_, asked, _)| asked.clone()).collect();
    let mut filled = Vec::new();
    for ((at, asked, place), item) in
        rest.into_iter().zip(drain(db, &Keys { consistent }, missed, AT_ONCE).await)
    {
        if let (Some(place), Ok(item)) = (place, &item) {
            filled.push((asked, place, item.clone()));
        }
        found[at] = Some(item);
    }
    fill_many(db, filled, began).await;
    found.into_iter().map(|found| found.expect("what is no hit was read")).collect()
}

impl Request for Keys {
    type Entry = Asked;
    type Answer = Answer;
    const OPERATION: &'static str = "BatchGetItem";
    const MOST: usize = 100;
    const WRITES: bool = false;

    fn target((target, _): &Asked) -> &Target {
        target
    }

    /// Keys have at most 3 KB.
    fn bytes(_: &Asked) -> usize {
        0
    }

    async fn send(
        &self,
        attempts: &mut Attempts<'_>,
        asked: &[&Asked],
    ) -> Outcome<Vec<Option<Answer>>> {
        let request = attempts.database().once().batch_get_item();
        let request = request
            .set_request_items(Some(requests(asked, self.consistent)))
            .set_return_consumed_capacity(attempts.database().asks_capacity());
        let attempt =
            attempts.send_judged(request.send(), |answer| left(answer) < asked.len()).await;
        outcome(attempts, attempt, |answer| answers(answer, asked))
    }
}

/// How many keys were left unprocessed.
fn left(answer: &BatchGetItemOutput) -> usize {
    let left = answer.unprocessed_keys.iter().flat_map(HashMap::values);
    left.map(|keys| keys.keys.len()).sum()
}

/// The keys by table, as the service takes them.
fn requests(asked: &[&Asked], consistent: bool) -> HashMap<String, KeysAndAttributes> {
    let mut tables: HashMap<String, Vec<Attributes>> = HashMap::new();
    for (target, _) in asked {
        tables.entry(target.table.clone()).or_default().push(target.key.to_item().into_inner());
    }
    let request = |keys| {
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent);
        request.build().expect("the keys, all that is required, are set")
    };
    tables.into_iter().map(|(table, keys)| (table, request(keys))).collect()
}

/// What was found of each item: `None` where it was left unprocessed.
fn answers(
    answer: BatchGetItemOutput,
    asked: &[&Asked],
) -> Result<Vec<Option<Answer>>, EncodeError> {
    let layouts: HashMap<&str, &Layout> =
        asked.iter().map(|(target, layout)| (target.table.as_str(), *layout)).collect();
    let key = |table: &str, item: &Item| {
        let layout = layouts.get(table).ok_or_else(|| EncodeError::new("an unknown table"))?;
        Key::of(layout, item)
    };
    // By table, so that a table's name is not copied for each item.
    let mut found: HashMap<String, HashMap<Key, Item>> = HashMap::new();
    for (table, items) in answer.responses.unwrap_or_default() {
        let items = items.into_iter().map(Item::from);
        let items = items.map(|item| Ok((key(&table, &item)?, item)));
        let items = items.collect::<Result<_, EncodeError>>()?;
        found.insert(table, items);
    }
    let mut left: HashMap<String, HashSet<Key>> = HashMap::new();
    for (table, keys) in answer.unprocessed_keys.unwrap_or_default() {
        let keys = keys.keys.into_iter().map(|item| key(&table, &Item::from(item)));
        let keys = keys.collect::<Result<_, _>>()?;
        left.insert(table, keys);
    }
    let answer = |(target, _): &&Asked| {
        let Target { table, key } = target;
        let is_left = left.get(table).is_some_and(|left| left.contains(key));
        (!is_left).then(|| found.get_mut(table)?.remove(key))
    };
    Ok(asked.iter().map(answer).collect())
}
