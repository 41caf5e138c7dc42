//! Files that are there as a whole or not at all; work on them away from the tasks that wait for the network.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Does what blocks. If the future is dropped, it is done all the same.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// A file that is locked while a job is under way, and what the job has left under way. It stays: removing it would race
/// with the next job.
#[derive(Debug, Clone)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held")] Arc<Locked>);

#[derive(Debug)]
struct Locked(File);

impl Lock {
    /// Locks a file, which is made where it is missing and never written; `None` where another job has it.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        match regular(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(Arc::new(Locked(file))))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Does what blocks. If the future is dropped, it is done all the same, and the lock is held until then.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let lock = self.clone();
        let held = move || {
            let done = work();
            drop(lock);
            done
        };
        blocking(held).await
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing would do, but for a child process that is just being started and still holds a copy of the handle.
        self.0.unlock().ok();
    }
}

/// What is known of a file that may come from elsewhere: it is no link, and no device.
pub(crate) fn regular(path: &Path) -> io::Result<Metadata> {
    let found = fs::symlink_metadata(path)?;
    if found.is_file() {
        return Ok(found);
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file"))
}

/// What such a file holds; `None` where there is none.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match regular(path).and_then(|_| fs::read(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Puts a file in the place of what is there, at once: whoever reads it, also after a crash, finds the old one or the new
/// one. For whoever holds the lock: what stands beside it was left by a kill.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut file = create_anew(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    rename(&beside, path)
}

/// A new file of this name, whatever had it: a file is another one from here on for whoever still writes it, and what a
/// link leads to stays.
pub(crate) fn create_anew(path: &Path) -> io::Result<File> {
    remove_if_there(path)?;
    File::create_new(path)
}

/// Removes a file, for good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    remove_if_there(path)?;
    sync_folder(path)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Gives a file its name, for good.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// The name of a file that is not finished.
pub(crate) fn beside(path: &Path) -> PathBuf {
    with_end(path, ".part")
}

/// A path with more behind its name.
pub(crate) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// A renamed file is there after a crash once its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Folders cannot be opened here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn what_a_dropped_job_has_left_under_way_holds_the_lock_to_its_end() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lock");
        let lock = Lock::take(&path)?.expect("nobody has it");
        assert!(Lock::take(&path)?.is_none(), "this job has it");
        let (go, begun) = std::sync::mpsc::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let under_way = lock.blocking(move || {
            begun.recv().ok();
            Ok(())
        });
        // Polled once, and dropped.
        assert_eq!(runtime.block_on(async { under_way.now_or_never() }).map(drop), None);
        drop(lock);
        assert!(Lock::take(&path)?.is_none(), "what it began is under way");
        go.send(()).expect("it waits");
        drop(runtime); // waits for what is under way
        assert!(Lock::take(&path)?.is_some());
        Ok(())
    }

    #[test]
    fn nothing_is_written_through_a_link_and_a_lock_keeps_what_the_file_holds() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let [path, other] = ["file", "other"].map(|name| folder.path().join(name));
        fs::write(&other, "dear")?;
        drop(Lock::take(&other)?);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&other, beside(&path))?;
            std::os::unix::fs::symlink(&other, folder.path().join("link"))?;
            assert!(Lock::take(&folder.path().join("link")).is_err());
        }
        replace(&path, b"new")?;
        assert_eq!((fs::read(&path)?, fs::read(&other)?), (b"new".to_vec(), b"dear".to_vec()));
        Ok(())
    }
}
