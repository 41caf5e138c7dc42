//! `BatchWriteItem`: puts and deletes that expect nothing, 25 in one request.
//!
//! Each is a [`Write`] from the one renderer, with a nonce as every other; only such without a condition can be sent so.
//!
//! [AWS: BatchWriteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};

use super::AT_ONCE;
use super::drain::{Outcome, Request, drain, outcome};
use super::size::sent_size;
use crate::cache::Left;
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::{Error, Target, Undone};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::retry::Attempts;
use crate::write::{Action, Rendered, UnderWay, Write, render};

/// Writes as they are sent, each with the item that it leaves.
pub(super) struct Writes {
    nonce: String,
    entries: Vec<Entry>,
    after: Vec<Option<Item>>,
}

/// Refuses a second write of one item.
#[derive(Default)]
pub(super) struct Once(HashSet<Target>);

impl Once {
    /// # Errors
    /// [`Error::DuplicateKey`].
    pub(super) fn note(&mut self, write: &Write) -> Result<(), Error> {
        if self.0.insert(write.target().clone()) {
            return Ok(());
        }
        Err(Error::DuplicateKey(Box::new(write.target().clone())))
    }
}

impl Writes {
    /// No writes yet.
    pub(super) fn new(db: &Database) -> Self {
        Self { nonce: db.nonce(), entries: Vec::new(), after: Vec::new() }
    }

    /// Renders a write of another item.
    ///
    /// # Errors
    /// `Encode`, `Limit`.
    pub(super) fn add(&mut self, db: &Database, write: &Write) -> Result<(), Error> {
        let rendered = render(db, write, &self.nonce)?;
        let after = rendered.after.clone();
        self.entries.push(Entry::new(write, rendered)?);
        self.after.push(after);
        Ok(())
    }

    /// Renders writes of different items.
    ///
    /// # Errors
    /// As [`add`](Writes::add).
    pub(super) fn of(db: &Database, writes: &[Write]) -> Result<Self, Error> {
        let mut all = Self::new(db);
        writes.iter().try_for_each(|write| all.add(db, write))?;
        Ok(all)
    }

    /// Sends them all; the results are in their order, each the item that was left.
    pub(super) async fn send(
        self,
        db: &Database,
        at_once: usize,
    ) -> Vec<Result<Option<Item>, Undone>> {
        let targets = self.entries.iter().map(|entry| (entry.layout, &entry.target));
        let under_way = UnderWay::new(db, targets);
        let sent = drain(db, &BatchWrite, self.entries, at_once).await;
        let sent = sent.into_iter().zip(self.after).map(|(sent, after)| sent.map(|()| after));
        let sent: Vec<Result<Option<Item>, Undone>> = sent.collect();
        let left = |sent: &Result<Option<Item>, Undone>| {
            let item = sent.as_ref().ok().and_then(Clone::clone);
            item.map_or(Left::Unknown, Left::Item)
        };
        under_way.settle(sent.iter().map(left)).await;
        sent
    }
}

/// Sends puts and deletes that expect nothing; a result for each. One that is no use to send, as a second one of the same
/// item, fails alone.
pub(crate) async fn write_each(db: &Database, writes: &[Write]) -> Vec<Result<(), Error>> {
    let (mut ready, mut once) = (Writes::new(db), Once::default());
    let mut add = |write| once.note(write).and_then(|()| ready.add(db, write));
    let mut results: Vec<_> = writes.iter().map(&mut add).collect();
    let mut sent = ready.send(db, AT_ONCE).await.into_iter();
    for (result, write) in results.iter_mut().zip(writes).filter(|(result, _)| result.is_ok()) {
        let sent = sent.next().expect("one result for each write that was added");
        *result = sent.map(drop).map_err(|undone| undone.error(write.target()));
    }
    results
}

/// One put or delete.
pub(super) struct Entry {
    target: Target,
    layout: &'static Layout,
    /// The item to put; `None` for a delete.
    put: Option<Item>,
    bytes: usize,
}

impl Entry {
    fn new(write: &Write, rendered: Rendered) -> Result<Self, Error> {
        let layout = write.layout();
        let put = match (rendered.action, rendered.parts.condition) {
            (Action::Put, None) => Some(rendered.after.unwrap_or_default()),
            (Action::Delete, None) => None,
            _ => return Err(Error::Usage("a batch takes puts and deletes that expect nothing")),
        };
        let bytes =
            put.as_ref().map_or_else(|| sent_size(&write.target().key.to_item()), sent_size);
        Ok(Self { target: write.target().clone(), layout, put, bytes })
    }

    /// The request, whenever it is sent.
    fn request(&self) -> WriteRequest {
        let request = WriteRequest::builder();
        let request = if let Some(item) = &self.put {
            let put = PutRequest::builder().set_item(Some(item.clone().into_inner())).build();
            request.put_request(put.expect("the item, all that is required, is set"))
        } else {
            let key = self.target.key.to_item().into_inner();
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            request.delete_request(delete.expect("the key, all that is required, is set"))
        };
        request.build()
    }
}

struct BatchWrite;

impl Request for BatchWrite {
    type Entry = Entry;
    type Answer = ();
    const OPERATION: &'static str = "BatchWriteItem";
    const MOST: usize = 25;
    const WRITES: bool = true;

    fn target(entry: &Entry) -> &Target {
        &entry.target
    }

    fn bytes(entry: &Entry) -> usize {
        entry.bytes
    }

    async fn send(
        &self,
        attempts: &mut Attempts<'_>,
        entries: &[&Entry],
    ) -> Outcome<Vec<Option<()>>> {
        let mut tables: HashMap<String, Vec<WriteRequest>> = HashMap::new();
        for entry in entries {
            tables.entry(entry.target.table.clone()).or_default().push(entry.request());
        }
        let request = attempts.database().once().batch_write_item();
        let request = request
            .set_request_items(Some(tables))
            .set_return_consumed_capacity(attempts.database().asks_capacity());
        let attempt =
            attempts.send_judged(request.send(), |answer| left(answer) < entries.len()).await;
        outcome(attempts, attempt, |answer| answers(answer, entries))
    }
}

/// How many writes were left unprocessed.
fn left(answer: &BatchWriteItemOutput) -> usize {
    answer.unprocessed_items.iter().flat_map(HashMap::values).map(Vec::len).sum()
}

/// Which entries were processed.
fn answers(
    answer: BatchWriteItemOutput,
    entries: &[&Entry],
) -> Result<Vec<Option<()>>, EncodeError> {
    let layouts: HashMap<&str, &Layout> =
        entries.iter().map(|entry| (entry.target.table.as_str(), entry.layout)).collect();
    let mut left = HashSet::new();
    for (table, requests) in answer.unprocessed_items.unwrap_or_default() {
        let layout =
            layouts.get(table.as_str()).ok_or_else(|| EncodeError::new("an unknown table"))?;
        for request in requests {
            let put = request.put_request.map(|put| put.item);
            let item = put.or(request.delete_request.map(|delete| delete.key)).unwrap_or_default();
            let key = Key::of(layout, &Item::from(item))?;
            left.insert(Target { table: table.clone(), key });
        }
    }
    Ok(entries.iter().map(|entry| (!left.contains(&entry.target)).then_some(())).collect())
}
