//! Reads of one item that are made at the same time: one of them reads, the others wait for what it found.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::look::Found;
use crate::error::Error;

/// How long one waits for the read of another.
const PATIENCE: Duration = Duration::from_secs(1);

/// What those who wait are told: what was found, or that it could not be read.
type Landed = Result<Found, ()>;

/// Those who wait for one read.
type Waiting = Arc<Mutex<Vec<oneshot::Sender<Landed>>>>;

/// The reads that are under way, by the name of the item.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, Waiting>>);

/// Whoever reads. Dropped without an answer it lets the others go, and the first of them reads.
struct Leader<'a> {
    flights: &'a Flights,
    name: &'a str,
    waiting: Waiting,
}

enum Seat<'a> {
    Leader(Leader<'a>),
    Follower(oneshot::Receiver<Landed>),
}

impl Flights {
    /// Reads, or waits for whoever reads the same item already. After an error each reads for itself: an error belongs
    /// to one caller. So does who does not take what was found, since it is too old for him.
    pub(super) async fn share(
        &self,
        name: &str,
        read: impl Future<Output = Result<Found, Error>> + Send,
        takes: impl Fn(&Found) -> bool + Send,
    ) -> Result<Found, Error> {
        loop {
            match self.board(name) {
                Seat::Leader(leader) => {
                    let found = read.await;
                    leader.land(&found);
                    return found;
                }
                Seat::Follower(landed) => match timeout(PATIENCE, landed).await {
                    Ok(Ok(Ok(found))) if takes(&found) => return Ok(found),
                    // The one that read was dropped.
                    Ok(Err(_)) => {}
                    // It failed, or found what is too old; or it is a future of the same task, maybe, which nobody drives while this one waits.
                    Ok(Ok(_)) | Err(_) => return read.await,
                },
            }
        }
    }

    /// Lets nobody join the read that is under way: what is read from now on must see what was just written.
    pub(super) fn forget(&self, name: &str) {
        self.open().remove(name);
    }

    fn board<'a>(&'a self, name: &'a str) -> Seat<'a> {
        let mut open = self.open();
        if let Some(waiting) = open.get(name) {
            let (tell, landed) = oneshot::channel();
            lock(waiting).push(tell);
            return Seat::Follower(landed);
        }
        let waiting = Waiting::default();
        open.insert(name.to_owned(), Arc::clone(&waiting));
        Seat::Leader(Leader { flights: self, name, waiting })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        lock(&self.0)
    }
}

impl Leader<'_> {
    fn land(self, found: &Result<Found, Error>) {
        self.close();
        for waiting in lock(&self.waiting).drain(..) {
            // Whoever went away wants no answer.
            let _ = waiting.send(found.as_ref().map_err(|_| ()).cloned());
        }
    }

    /// Lets nobody join any more, where it was not forgotten before.
    fn close(&self) {
        let mut open = self.flights.open();
        if open.get(self.name).is_some_and(|waiting| Arc::ptr_eq(waiting, &self.waiting)) {
            open.remove(self.name);
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
