//! Why a store could not be opened.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Why [`memory`](crate::memory) or [`open`](crate::open) gave no client. Every message names the file, what is wrong with
/// it and what to do; no message depends on the engine's wording.
///
/// After any of them the file holds what it held before, except after [`Repair`](OpenError::Repair), which may come after
/// some of a killed process's half-made tables have been removed.
///
/// ```
/// use dynamap_embedded::{OpenError, open};
///
/// # let directory = tempfile::tempdir().expect("a temporary directory");
/// # let path = directory.path().join("holiday.jpg");
/// # std::fs::write(&path, "not a database, but long enough to hold a header").expect("the directory is ours");
/// let error = open(&path).err();
/// assert!(matches!(error, Some(OpenError::NotADatabase { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory the file would be in is not there.
    #[error("cannot open {}: the directory {} does not exist; create it first", path.display(), directory.display())]
    MissingDirectory {
        /// The path given to `open`.
        path: PathBuf,
        /// The directory that is missing.
        directory: PathBuf,
    },

    /// The path names a directory.
    #[error("cannot open {}: it is a directory; give the path of a file, for example {}", path.display(), path.join("store.db").display())]
    IsDirectory {
        /// The path given to `open`.
        path: PathBuf,
    },

    /// The path is not text, which the engine needs.
    #[error("cannot open {}: the path is not valid UTF-8; choose another name", path.display())]
    NotUtf8 {
        /// The path, absolute.
        path: PathBuf,
    },

    /// This user may not read and write the file, or may not create it.
    #[error("cannot open {}: permission denied; a store is read and written, also in `open` itself, and needs its directory for side files", path.display())]
    Denied {
        /// The file, or the directory entry that was refused.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The operating system failed for another reason (disk full, too many open files, a file system without locks).
    #[error("cannot open {}: the operating system refused the file, its lock or its side files; see the cause", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The file has content that is not an SQLite database (or an encrypted one).
    #[error("cannot open {}: it holds something else than a database; give another path, or delete the file if it is not needed", path.display())]
    NotADatabase {
        /// The file, which is unchanged.
        path: PathBuf,
    },

    /// The file is the SQLite database of another program: it has tables, and not the engine's.
    #[error("cannot open {}: it is the SQLite database of another program; give another path, the store does not share a file", path.display())]
    Foreign {
        /// The file, which is unchanged.
        path: PathBuf,
    },

    /// The file was written by a newer version of the engine.
    #[error("cannot open {}: a newer engine wrote it (format {found}, this one reads up to {supported}); update this crate", path.display())]
    Newer {
        /// The file, which is unchanged.
        path: PathBuf,
        /// The format the file records.
        found: u32,
        /// The newest format this engine reads.
        supported: u32,
    },

    /// Another process has the file open.
    #[error("cannot open {}: another process has it open (the lock is {}); close that one, or give each process a file of its own", path.display(), lock.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// What the other process holds: the lock file, or the database itself if that program does not use one.
        lock: PathBuf,
    },

    /// This process has the file open with another throttle or control plane, or with none.
    #[error("cannot open {}: this process has it open with another throttle or control plane; open it with the same options, or drop its clients first", path.display())]
    OtherOptions {
        /// The file.
        path: PathBuf,
    },

    /// A table holds items, and one of its local indexes has lost its data. Such an index cannot be removed by itself.
    #[error("cannot open {}: local index {index} of table {table} has lost its data and every write to the table would fail; restore a copy of the file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
        /// The index.
        index: String,
    },

    /// What a killed process left half-made could not be removed. The next `open` tries again.
    #[error("cannot open {}: table {table} was left half-made by a process that was killed, and removing that failed; see the cause and try again", path.display())]
    Repair {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
        /// What the engine said.
        source: Box<dyn Error + Send + Sync>,
    },

    /// The engine did not start: SQLite is out of memory, or the database is corrupt.
    #[error("cannot open {}: the engine did not start; see the cause, and restore a copy of the file if it is corrupt", path.display())]
    Engine {
        /// The file, or `:memory:`.
        path: PathBuf,
        /// What the engine said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    /// What an operating system error about `path` means.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, source }
            }
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            _ => Self::Io { path, source },
        }
    }

    /// What an SQLite error about `path` means.
    pub(crate) fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Locked { lock: path.clone(), path }
            }
            _ => Self::Engine { path, source: Box::new(source) },
        }
    }

    /// What an error of the engine about `path` means.
    pub(crate) fn from_engine(path: &Path, source: dynoxide::DynoxideError) -> Self {
        match source {
            dynoxide::DynoxideError::SqliteError(source) => Self::from_sqlite(path, source),
            other => Self::Engine { path: path.to_owned(), source: Box::new(other) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_permission_is_told_from_other_failures_of_the_system() {
        let path = Path::new("bank.db");
        let denied = OpenError::from_io(path, io::ErrorKind::PermissionDenied.into());
        assert!(matches!(denied, OpenError::Denied { .. }), "{denied:?}");
        let full = OpenError::from_io(path, io::ErrorKind::StorageFull.into());
        assert!(matches!(full, OpenError::Io { .. }), "{full:?}");
    }

    #[test]
    fn every_message_names_the_file() {
        let text = OpenError::Foreign { path: "bank.db".into() }.to_string();
        assert!(text.contains("bank.db"), "{text}");
    }
}
