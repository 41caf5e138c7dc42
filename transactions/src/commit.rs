//! Committing the outermost transaction: reads and writes become one request.

use std::collections::HashMap;

use dynamap_mapper::error::{Busy, BusyCause, Failure, Target};
use dynamap_mapper::schema::WRITE_ATTRIBUTE;
use dynamap_mapper::write::{
    Base, Planned, Sent, Terms, Unapplied, Write, apply_on, check_count, evict,
};
use dynamap_mapper::{Database, Error, Item, Loaded, Reader as _, sequence};
use tokio::time::Instant;

use crate::buffer::Buffer;
use crate::options::Isolation;
use crate::receipt::Receipt;
use crate::record::{Marker, Outcome, TransactionRecord, TransactionStatus};
use crate::transaction::Transaction;

/// How often a commit meets items of yet another shape before it gives up.
const ROUNDS: usize = 4;

/// What a commit found.
pub(crate) enum Committed {
    Now(Receipt),
    /// An attempt before this one, perhaps of another process, was committed, with this record.
    Before(Box<Loaded<TransactionRecord>>),
}

/// An attempt that was not committed, as far as is known.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether it may have been applied, or may still be.
    pub(crate) ambiguous: bool,
    /// Its nonce, and what it leaves if it was.
    sent: Option<Box<(String, Receipt)>>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, ambiguous: false, sent: None }
    }
}

/// The writes of a transaction, ready to be sent.
struct Plan {
    writes: Vec<Write>,
    inserted: HashMap<usize, Target>,
    /// Those of the writes that are made of whatever item is there.
    by_key: Vec<Planned>,
}

impl Plan {
    /// Makes the writes by key that met an item of another shape of that item; `false` where there is none.
    fn reshape(&mut self, error: &Error) -> Result<bool, Error> {
        let Error::Conflict(conflict) = error else { return Ok(false) };
        let mut any = false;
        for failure in conflict.failures() {
            let of_failure =
                |target: &Target| target.table == failure.table() && target.key == *failure.key();
            let planned = self.by_key.iter().position(|planned| of_failure(planned.target()));
            let (Some(planned), Some(image)) = (planned, failure.image()) else { continue };
            if !self.by_key[planned].misses(image) {
                continue;
            }
            let made = self.by_key.swap_remove(planned).on(Some(image.clone()))?.comparing_all();
            let write = self.writes.iter_mut().find(|write| of_failure(write.target()));
            if let Some(write) = write {
                *write = made.numbered(failure.target());
                any = true;
            }
        }
        Ok(any)
    }

    fn receipt(self, after: Vec<Option<Item>>) -> Receipt {
        let targets = self.writes.iter().map(|write| write.target().clone());
        Receipt { items: targets.zip(after).collect(), inserted: self.inserted, replay: false }
    }
}

impl Transaction {
    /// Sends what the transaction intends, and finds out what became of it.
    pub(crate) async fn send(&self, buffer: Buffer) -> Result<Receipt, Error> {
        let db = self.database();
        let record = self.options().record.as_ref();
        let marker = record.map(|record| Marker::new(db, record)).transpose()?;
        let replay = || Receipt { replay: true, ..Receipt::default() };
        match (self.attempt(buffer, marker.as_ref(), None).await, marker) {
            (Ok(Committed::Now(receipt)), _) => Ok(receipt),
            (Ok(Committed::Before(_)), _) => Ok(replay()),
            (Err(Failed { error, ambiguous: true, sent }), Some(marker)) => {
                let record = decide(db, &marker, error).await.map_err(|error| match error {
                    // Our own fence: the key cannot be committed by this form again.
                    Error::Busy(_) if marker.chosen => Error::Fenced(marker.id.as_str().into()),
                    error => error,
                })?;
                let nonce = record.image().text(WRITE_ATTRIBUTE);
                let own = sent.filter(|sent| nonce == Some(&sent.0));
                Ok(own.map_or_else(replay, |sent| sent.1))
            }
            (Err(failed), _) => Err(failed.error),
        }
    }

    /// Sends what the transaction intends once, with a check for everything that it only read, and its record.
    pub(crate) async fn attempt(
        &self,
        buffer: Buffer,
        marker: Option<&Marker>,
        result: Option<String>,
    ) -> Result<Committed, Failed> {
        let db = self.database();
        self.check_deadline()?;
        let mut plan = self.plan(buffer, usize::from(marker.is_some())).await?;
        let mut record = None;
        if let Some(marker) = marker {
            let write = marker.write(db, TransactionStatus::Committed, result)?;
            record = Some((marker, write.target().clone()));
            plan.writes.push(write);
        }
        let terms = Terms { deadline: self.deadline(), decidable: marker.is_some() };
        let mut rounds = 0;
        loop {
            self.check_deadline()?;
            let unapplied = match apply_on(db, &plan.writes, &terms).await {
                Ok(after) => return Ok(Committed::Now(plan.receipt(after))),
                Err(unapplied) => unapplied,
            };
            if let Some((marker, record)) = &record {
                match found(&unapplied.error, record) {
                    Ok(None) => {}
                    Ok(Some(record)) => return decided(marker, record),
                    Err(error) => return Err(failed(plan, Unapplied { error, ..unapplied })),
                }
            }
            rounds += 1;
            // An item of another shape than a write by key is made for: it is made of that item, now that it is known.
            if unapplied.ambiguous || rounds > ROUNDS || !plan.reshape(&unapplied.error)? {
                return Err(failed(plan, unapplied));
            }
        }
    }

    fn check_deadline(&self) -> Result<(), Error> {
        match (self.deadline(), self.options().time) {
            (Some(deadline), Some(time)) if Instant::now() >= deadline => {
                Err(Error::DeadlineExceeded(time))
            }
            _ => Ok(()),
        }
    }

    /// Whether the work saw items that were not so at one moment.
    pub(crate) async fn saw_no_moment(&self) -> bool {
        let checks = self.checks(&[]);
        if self.options().isolation != Isolation::Serializable || checks.len() < 2 {
            return false;
        }
        let terms = Terms { deadline: self.deadline(), decidable: false };
        let seen = apply_on(self.database(), &checks, &terms).await;
        seen.is_err_and(|unapplied| unapplied.error.is_conflict())
    }

    /// Requires that writes start from what was read: another task may have read it while it was written.
    fn require_reads(&self, writes: &[Write]) -> Result<(), Error> {
        let reads = self.reads();
        for write in writes {
            let Some(read) = reads.get(write.target()) else { continue };
            let same = match (write.base(), &read.item) {
                (Base::Stored(base), Some(read)) => base == read,
                (Base::Absent, None) | (Base::Any, _) => true,
                _ => false,
            };
            if !same {
                let conflict = write.conflict(read.item.clone());
                evict(self.database(), &conflict);
                return Err(conflict);
            }
        }
        Ok(())
    }

    /// The writes, with ids from counters, and what the isolation level asks for. `more` writes will join them.
    async fn plan(&self, mut buffer: Buffer, more: usize) -> Result<Plan, Error> {
        let db = self.database();
        let own_keys = buffer.take_own_keys();
        // What was read through another level since it was written by key.
        self.settle_all(&mut buffer)?;
        let (mut writes, drafts, by_key) = buffer.into_writes();
        let mut inserted = HashMap::new();
        self.require_reads(&writes)?;
        // Before ids are taken for what cannot be committed.
        let mut count = writes.len() + drafts.len() + more;
        if count > 0 && self.options().isolation == Isolation::Serializable {
            count += self.checks(&writes).len();
        }
        check_count(count)?;
        for (layout, key) in own_keys {
            sequence::raise(db, layout, &key).await?;
        }
        for mut draft in drafts {
            // Taken as late as possible; if the commit fails, the id is a gap.
            let id = sequence::next(db, draft.layout).await?;
            let write = (draft.finish)(db, id)?;
            inserted.insert(draft.number, write.target().clone());
            writes.push(write.numbered(draft.number));
        }
        if self.options().isolation == Isolation::Serializable {
            let checks = self.checks(&writes);
            writes = writes.into_iter().map(Write::comparing_all).collect();
            // One item that was only read was as it was at one moment: there is nothing to check it against.
            if !writes.is_empty() || checks.len() + more > 1 {
                writes.extend(checks);
            }
        }
        Ok(Plan { writes, inserted, by_key })
    }

    /// A check for each item that was read and is not written.
    fn checks(&self, writes: &[Write]) -> Vec<Write> {
        let reads = self.reads();
        let unwritten = |target: &&Target| writes.iter().all(|write| write.target() != *target);
        let mut targets: Vec<&Target> = reads.keys().filter(unwritten).collect();
        // In a fixed order, so that the same transaction is the same request.
        targets.sort_by_cached_key(ToString::to_string);
        let check = |target: &Target| Some(reads.get(target)?.check(target.clone()));
        targets.into_iter().filter_map(check).collect()
    }
}

fn failed(plan: Plan, unapplied: Unapplied) -> Failed {
    let Unapplied { error, ambiguous, sent } = unapplied;
    let sent = sent.map(|Sent { nonce, after }| Box::new((nonce, plan.receipt(after))));
    Failed { error, ambiguous, sent }
}

/// The record that was there already.
fn found(error: &Error, record: &Target) -> Result<Option<Loaded<TransactionRecord>>, Error> {
    let Error::Conflict(conflict) = error else { return Ok(None) };
    let of_record = |f: &&Failure| f.table() == record.table && *f.key() == record.key;
    let found = conflict.failures().iter().find(of_record);
    Ok(found.map(Failure::stored::<TransactionRecord>).transpose()?.flatten())
}

/// What a record that was there already means.
fn decided(marker: &Marker, record: Loaded<TransactionRecord>) -> Result<Committed, Failed> {
    match marker.judge(record)? {
        Outcome::Committed(record) => Ok(Committed::Before(record)),
        Outcome::Aborted => Err(Error::Fenced(marker.id.as_str().into()).into()),
    }
}

/// Finds out what became of attempts that may have been applied: the record of the one that was. Where none was, none
/// will be, and `error` is what is reported.
pub(crate) async fn decide(
    db: &Database,
    marker: &Marker,
    error: Error,
) -> Result<Box<Loaded<TransactionRecord>>, Error> {
    match marker.resolve(db).await {
        Ok(Outcome::Committed(record)) => Ok(record),
        Ok(Outcome::Aborted) => Err(definite(error)),
        Err(reused @ Error::KeyReused(_)) => Err(reused),
        // What is in the way now says less than what was sent.
        Err(_) => Err(marker.unknown(error)),
    }
}

/// The error of what turned out to have had no effect.
fn definite(error: Error) -> Error {
    let Error::OutcomeUnknown(unknown) = error else { return error };
    Error::Busy(Box::new(Busy {
        throttled: Vec::new(),
        operation: unknown.operation,
        table: unknown.targets.first().map(|target| target.table.clone()).unwrap_or_default(),
        attempts: unknown.attempts,
        cause: BusyCause::Unreachable,
        failures: Vec::new(),
    }))
}
