//! Doing work again that starts from what is stored, where somebody else has written that first.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Cause, tables};
use crate::database::Database;
use crate::error::{Busy, BusyCause, Error, Failure, Target};

/// How often such work is done.
const ROUNDS: u32 = 16;

/// The rounds of work that reads, and writes what follows from that, until nobody is in between.
///
/// A round after somebody was faster costs what repeating a request costs, and waits as after a conflict with a
/// transaction. There are 16 in all, none after the deadline, and none where the budget for repetitions is spent.
///
/// Not public: for the crates beside this one.
#[derive(Debug)]
pub struct Again<'a> {
    db: &'a Database,
    deadline: Option<Instant>,
    /// How many rounds have ended.
    ended: u32,
}

impl<'a> Again<'a> {
    /// The first round.
    #[must_use]
    pub fn new(db: &'a Database) -> Self {
        Self { db, deadline: None, ended: 0 }
    }

    /// Gives up at this time.
    pub(crate) fn until(self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self }
    }

    /// Ends a round, and waits before the next one; `false` where there is none.
    pub async fn pause(&mut self) -> bool {
        self.at_once() && wait(self.db, self.ended, self.deadline).await
    }

    /// Ends a round in which nobody was faster: what is stored was not known to be as it is, and now it is known. The next
    /// one begins at once; `false` where there is none.
    pub(crate) fn at_once(&mut self) -> bool {
        self.ended += 1;
        self.ended < ROUNDS
    }

    /// Whether no round has ended.
    pub(crate) fn is_first(&self) -> bool {
        self.ended == 0
    }

    /// What the reads of a round bring, unless the deadline comes first.
    ///
    /// # Errors
    /// [`Error::Busy`] at the deadline; those of the reads.
    pub(crate) async fn in_time<T>(
        &self,
        reads: impl Future<Output = Result<T, Error>>,
        of: impl Iterator<Item = &Target>,
    ) -> Result<T, Error> {
        let Some(deadline) = self.deadline else { return reads.await };
        match timeout_at(deadline, reads).await {
            Ok(read) => read,
            Err(_elapsed) => {
                Err(busy("GetItem", of, self.ended + 1, BusyCause::Unreachable, Vec::new()))
            }
        }
    }

    /// The error where the last round has ended: these items were others each time.
    pub(crate) fn busy<'t>(
        &self,
        operation: &'static str,
        targets: impl Iterator<Item = &'t Target>,
        failures: Vec<Failure>,
    ) -> Error {
        busy(operation, targets, self.ended, BusyCause::Contended, failures)
    }
}

fn busy<'t>(
    operation: &'static str,
    targets: impl Iterator<Item = &'t Target>,
    attempts: u32,
    cause: BusyCause,
    failures: Vec<Failure>,
) -> Error {
    let (table, throttled) = (tables(targets), Vec::new());
    Error::Busy(Box::new(Busy { operation, table, attempts, cause, throttled, failures }))
}

/// Waits before work that met a conflict is done again: `again` is 1 before the second time. `false`, without waiting,
/// where the budget for repetitions is spent.
///
/// Not public: for the crates beside this one.
pub async fn back_off(db: &Database, again: u32) -> bool {
    wait(db, again, None).await
}

async fn wait(db: &Database, again: u32, deadline: Option<Instant>) -> bool {
    let bound = db.retry().bound(Cause::Contended, again);
    let pause = Duration::from_millis(db.jitter(bound));
    let is_late = deadline.is_some_and(|deadline| Instant::now() + pause >= deadline);
    if is_late || !db.budget().pay() {
        return false;
    }
    tokio::time::sleep(pause).await;
    true
}
