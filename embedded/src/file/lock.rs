//! The lock file `PATH.lock`: one process per file; and the intent of a change of the schema, which outlives a killed
//! process.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::schema::Intent;

/// The lock file, locked. The operating system lets go of the lock when the process ends, however that happens.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
}

impl LockFile {
    /// Locks `database` for this process. The lock file stays when it is let go: removing it would race with the next
    /// process.
    pub(crate) fn acquire(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| OpenError::from_io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                Err(OpenError::Locked { path: database.to_owned(), lock: path })
            }
            Err(TryLockError::Error(error)) => Err(OpenError::from_io(&path, error)),
        }
    }

    /// The intent a killed process left. One that is not wholly written was not begun.
    pub(crate) fn intent(&mut self) -> io::Result<Option<Intent>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok()))
    }

    /// Writes `intent` to the disc, over any older one.
    pub(crate) fn begin(&mut self, intent: &Intent) -> io::Result<()> {
        let mut line = serde_json::to_vec(intent)?;
        line.push(b'\n');
        self.end()?;
        self.file.write_all(&line)?;
        self.file.sync_all()
    }

    /// Erases the intent from the disc.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        if self.file.metadata()?.len() > 0 {
            self.file.set_len(0)?;
            self.file.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing would do, but for a child process that is just being started and still holds a copy of the handle.
        self.file.unlock().ok();
    }
}

/// `bank.db` → `bank.db.lock`.
fn beside(database: &Path) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(".lock");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_in(directory: &Path) -> Result<LockFile, OpenError> {
        LockFile::acquire(&directory.join("bank.db"))
    }

    #[test]
    fn an_intent_outlives_the_process_that_wrote_it() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let intent = Intent::CreateTable("orders".to_owned());
        let mut lock = lock_in(directory.path())?;
        lock.begin(&Intent::DeleteTable("a table with a longer name".to_owned()))?;
        lock.begin(&intent)?;
        drop(lock);
        let mut lock = lock_in(directory.path())?;
        assert_eq!(lock.intent()?, Some(intent));
        lock.end()?;
        assert_eq!(lock.intent()?, None);
        Ok(())
    }

    #[test]
    fn a_torn_intent_counts_as_none() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let whole = serde_json::to_string(&Intent::DeleteTable("orders".to_owned()))?;
        for torn in ["", "\n", &whole[..9], &whole] {
            std::fs::write(directory.path().join("bank.db.lock"), torn)?;
            assert_eq!(lock_in(directory.path())?.intent()?, None, "{torn:?}");
        }
        Ok(())
    }

    #[test]
    fn a_second_lock_on_one_file_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let directory = tempfile::tempdir()?;
        let _held = lock_in(directory.path())?;
        assert!(matches!(lock_in(directory.path()), Err(OpenError::Locked { .. })));
        Ok(())
    }
}
