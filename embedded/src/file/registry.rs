//! One store per file and process: the files this process has open, by their absolute path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use crate::store::Store;

static SLOTS: Mutex<BTreeMap<PathBuf, Slot>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();

#[derive(Debug)]
enum Slot {
    /// Somebody is at it.
    Opening,
    /// Open; or, when nobody holds the store any more, about to be closed.
    Open(Weak<Store>),
}

/// What [`claim`] found.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The file is open.
    Open(Arc<Store>),
    /// The file is for the caller to open. Dropping the registration gives it back.
    Mine(Registration),
}

/// The right of this process's one store to a file. It is dropped last of all that belongs to the store.
#[derive(Debug)]
pub(crate) struct Registration {
    file: PathBuf,
}

impl Drop for Registration {
    fn drop(&mut self) {
        slots().remove(&self.file);
        CHANGED.notify_all();
    }
}

/// The open store of `file`, or the right to open it. Waits while another thread opens or closes it.
pub(crate) fn claim(file: &Path) -> Claim {
    let mut slots = slots();
    loop {
        match slots.get(file) {
            None => {
                slots.insert(file.to_owned(), Slot::Opening);
                return Claim::Mine(Registration { file: file.to_owned() });
            }
            Some(Slot::Open(store)) => {
                if let Some(store) = store.upgrade() {
                    return Claim::Open(store);
                }
            }
            Some(Slot::Opening) => {}
        }
        slots = CHANGED.wait(slots).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Makes a store that the holder of the registration has opened known to the others.
pub(crate) fn publish(file: &Path, store: &Arc<Store>) {
    slots().insert(file.to_owned(), Slot::Open(Arc::downgrade(store)));
    CHANGED.notify_all();
}

fn slots() -> MutexGuard<'static, BTreeMap<PathBuf, Slot>> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}
