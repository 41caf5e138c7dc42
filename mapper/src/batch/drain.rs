//! Many entries by requests that take some of them: what a request leaves unprocessed joins what still waits.
//!
//! Leftovers are normal: one answer holds at most 16 MB. So they are asked for again at once, together with others, and
//! only a request that gets nowhere pauses and pays from the budget for repetitions.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::{BusyCause, Error, ServiceError, Target, Undone};
use crate::read::BoxFuture;
use crate::retry::{Attempt, Attempts, Cause, tables};

/// AWS: at most 16 MB in one request.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How the service refuses a whole request for one of its entries.
const FOR_ONE: [&str; 2] = ["ValidationException", "ItemCollectionSizeLimitExceededException"];

/// A kind of batch.
pub(super) trait Request: Send + Sync {
    /// What is asked for, about one item.
    type Entry: Send + Sync;
    /// What is answered about it.
    type Answer: Send;
    const OPERATION: &'static str;
    /// How many entries one request takes.
    const MOST: usize;
    /// Whether a request without an answer may have had an effect.
    const WRITES: bool;

    /// Which item an entry is about.
    fn target(entry: &Self::Entry) -> &Target;

    /// How many bytes an entry takes in a request.
    fn bytes(entry: &Self::Entry) -> usize;

    /// Sends one request; `None` for an entry that was left unprocessed.
    fn send(
        &self,
        attempts: &mut Attempts<'_>,
        entries: &[&Self::Entry],
    ) -> impl Future<Output = Outcome<Vec<Option<Self::Answer>>>> + Send;
}

/// What one request brought: no condition can reject it.
pub(super) type Outcome<T> = Attempt<T, Infallible>;

/// What a request brought; an answer that cannot be read is a refusal.
pub(super) fn outcome<T, U, E: ProvideErrorMetadata>(
    attempts: &Attempts<'_>,
    attempt: Attempt<T, E>,
    read: impl FnOnce(T) -> Result<U, EncodeError>,
) -> Outcome<U> {
    let refused =
        |code: &str, message: String| Attempt::Failed(Box::new(attempts.refused(code, message)));
    match attempt {
        Attempt::Done(answer) => match read(answer) {
            Ok(read) => Attempt::Done(read),
            Err(error) => refused("", format!("the answer cannot be read: {error}")),
        },
        Attempt::Again(cause) => Attempt::Again(cause),
        Attempt::Failed(error) => Attempt::Failed(error),
        // A batch has no condition, and is no transaction.
        Attempt::Rejected(error) => {
            let message = error.message().unwrap_or_default().to_owned();
            refused(error.code().unwrap_or_default(), message)
        }
    }
}

/// An entry with its place among the results.
struct Waiting<E> {
    place: usize,
    entry: E,
    /// Whether a request with it got no answer.
    ambiguous: bool,
}

/// One request: its entries, and how often they were sent.
struct Round<'a, E> {
    attempts: Attempts<'a>,
    entries: Vec<Waiting<E>>,
}

enum Event<'a, R: Request> {
    Sent(Round<'a, R::Entry>, Outcome<Vec<Option<R::Answer>>>),
    Rested(Round<'a, R::Entry>, Cause, Result<(), Error>),
}

/// Sends entries about different items until each has an answer, or none comes until the deadline; the results are in
/// the order of the entries. So many requests are under way at once.
///
/// Entries that were not sent yet go out at once. Leftovers wait for more of them while other requests are under way, so
/// that a request is full or the last one.
pub(super) async fn drain<R: Request>(
    db: &Database,
    request: &R,
    entries: Vec<R::Entry>,
    at_once: usize,
) -> Vec<Result<R::Answer, Undone>> {
    let mut drain = Drain::<R>::new(db, entries);
    let mut events: FuturesUnordered<BoxFuture<'_, Event<'_, R>>> = FuturesUnordered::new();
    loop {
        // One that pauses keeps its place: a table that refuses is not sent the rest meanwhile.
        while events.len() < at_once {
            let Some(round) = drain.next(events.is_empty()) else { break };
            events.push(Box::pin(send(request, round)));
        }
        match events.next().await {
            Some(Event::Sent(round, outcome)) => {
                if let Some((round, cause)) = drain.sent(round, outcome) {
                    events.push(Box::pin(rest(round, cause)));
                }
            }
            Some(Event::Rested(round, cause, result)) => drain.rested(round, cause, result),
            None => break,
        }
    }
    drop(events);
    drain.results()
}

async fn send<'a, R: Request>(request: &R, mut round: Round<'a, R::Entry>) -> Event<'a, R> {
    let entries: Vec<&R::Entry> = round.entries.iter().map(|waiting| &waiting.entry).collect();
    // Whether this request got no answer is about its entries, and not about those of earlier ones.
    round.attempts.ambiguous = false;
    // Boxed: the SDK's futures are large, and there are several.
    let outcome = Box::pin(request.send(&mut round.attempts, &entries)).await;
    for waiting in &mut round.entries {
        waiting.ambiguous |= round.attempts.ambiguous;
    }
    round.attempts.ambiguous = round.entries.iter().any(|waiting| waiting.ambiguous);
    Event::Sent(round, outcome)
}

async fn rest<R: Request>(round: Round<'_, R::Entry>, cause: Cause) -> Event<'_, R> {
    // Of a read nobody needs to know whether it was made.
    let written = round.entries.iter().filter(|_| R::WRITES);
    let targets: Vec<Target> = written.map(|waiting| R::target(&waiting.entry).clone()).collect();
    let result = round.attempts.pause(cause, &targets).await;
    Event::Rested(round, cause, result)
}

/// What waits, and what was answered.
struct Drain<'a, R: Request> {
    db: &'a Database,
    waiting: VecDeque<Waiting<R::Entry>>,
    /// How many of the first ones were never sent.
    fresh: usize,
    /// Requests that are to be sent as they are.
    rounds: VecDeque<Round<'a, R::Entry>>,
    results: Vec<Option<Result<R::Answer, Undone>>>,
}

impl<'a, R: Request> Drain<'a, R> {
    fn new(db: &'a Database, entries: Vec<R::Entry>) -> Self {
        let results = entries.iter().map(|_| None).collect();
        let waiting = |(place, entry)| Waiting { place, entry, ambiguous: false };
        let waiting: VecDeque<_> = entries.into_iter().enumerate().map(waiting).collect();
        let fresh = waiting.len();
        Self { db, waiting, fresh, rounds: VecDeque::new(), results }
    }

    /// The next request; `None` where there is none, or where it is worth waiting for more leftovers.
    fn next(&mut self, is_last: bool) -> Option<Round<'a, R::Entry>> {
        if let Some(round) = self.rounds.pop_front() {
            return Some(round);
        }
        let count = fitting(self.waiting.iter().map(|waiting| R::bytes(&waiting.entry)), R::MOST);
        let is_full = count == R::MOST || count < self.waiting.len();
        if count == 0 || !(is_full || is_last || self.fresh > 0) {
            return None;
        }
        self.fresh = self.fresh.saturating_sub(count);
        let entries = self.waiting.drain(..count).collect();
        Some(self.round(entries))
    }

    fn round(&self, entries: Vec<Waiting<R::Entry>>) -> Round<'a, R::Entry> {
        let targets = entries.iter().map(|waiting| R::target(&waiting.entry));
        Round { attempts: Attempts::new(self.db, R::OPERATION, tables(targets)), entries }
    }

    /// Takes what a request brought; returns it where it has to pause.
    fn sent(
        &mut self,
        round: Round<'a, R::Entry>,
        outcome: Outcome<Vec<Option<R::Answer>>>,
    ) -> Option<(Round<'a, R::Entry>, Cause)> {
        let answers = match outcome {
            Attempt::Done(answers) => answers,
            Attempt::Again(cause) => return Some((round, cause)),
            Attempt::Failed(error) => {
                self.refused(round, &error);
                return None;
            }
            Attempt::Rejected(never) => match *never {},
        };
        if answers.iter().all(Option::is_none) {
            return Some((round, Cause::Throttled));
        }
        let mut left = Vec::new();
        for (waiting, answer) in round.entries.into_iter().zip(answers) {
            match answer {
                Some(answer) => self.results[waiting.place] = Some(Ok(answer)),
                None => left.push(waiting),
            }
        }
        let targets = left.iter().map(|waiting| R::target(&waiting.entry));
        round.attempts.left_over(&tables(targets));
        self.waiting.extend(left);
        None
    }

    fn rested(&mut self, round: Round<'a, R::Entry>, cause: Cause, result: Result<(), Error>) {
        let Err(given_up) = result else {
            self.rounds.push_back(round);
            return;
        };
        let throttled = match given_up {
            Error::Busy(busy) => busy.throttled,
            _ => Vec::new(),
        };
        let cause = BusyCause::from(cause);
        let (operation, attempts) = (R::OPERATION, round.attempts.number());
        self.give_up(round, &Undone::Busy { operation, attempts, cause, throttled });
    }

    /// One entry that the service refuses must not fail the others: they are sent without it.
    fn refused(&mut self, round: Round<'a, R::Entry>, error: &ServiceError) {
        let table = |waiting: &Waiting<R::Entry>| R::target(&waiting.entry).table.clone();
        let Round { attempts, entries } = round;
        let first = entries.first().map(table);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for waiting in entries {
            let is_first = Some(&R::target(&waiting.entry).table) == first.as_ref();
            if is_first { &mut one } else { &mut other }.push(waiting);
        }
        if other.is_empty() && one.len() > 1 && FOR_ONE.contains(&error.code.as_str()) {
            other = one.split_off(one.len() / 2);
        }
        if other.is_empty() {
            let round = Round { attempts, entries: one };
            self.give_up(round, &Undone::Refused(Box::new(error.clone())));
        } else {
            for entries in [one, other] {
                let round = self.round(entries);
                self.rounds.push_back(round);
            }
        }
    }

    fn give_up(&mut self, round: Round<'a, R::Entry>, why: &Undone) {
        let (operation, attempts) = (R::OPERATION, round.attempts.number());
        for waiting in round.entries {
            let is_open = R::WRITES && waiting.ambiguous;
            let undone =
                if is_open { Undone::Unknown { operation, attempts } } else { why.clone() };
            self.results[waiting.place] = Some(Err(undone));
        }
    }

    fn results(self) -> Vec<Result<R::Answer, Undone>> {
        let answered = |result: Option<_>| result.expect("no entry waits and no request is open");
        self.results.into_iter().map(answered).collect()
    }
}

/// How many of the next entries one request takes: at least one, if there is one.
fn fitting(bytes: impl Iterator<Item = usize>, most: usize) -> usize {
    let mut total = 0;
    let fits = |bytes: &usize| {
        let is_first = total == 0;
        total += bytes;
        is_first || total <= MOST_BYTES
    };
    bytes.take(most).take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_cut_where_it_would_be_too_long_or_too_large() {
        let mb = 1024 * 1024;
        for (bytes, count) in [
            (vec![], 0),
            (vec![1; 24], 24),
            (vec![1; 26], 25),
            (vec![4 * mb; 5], 4),
            (vec![4 * mb - 1; 5], 4),
            (vec![17 * mb, 1], 1),
            (vec![0, 16 * mb, 1], 2),
        ] {
            assert_eq!(fitting(bytes.iter().copied(), 25), count, "{} entries", bytes.len());
        }
    }
}
