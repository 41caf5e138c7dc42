//! Why a job on a whole table did not run, or ended.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use dynamap_mapper::key::KeyAttribute;
use dynamap_mapper::raw::RawTable;
use dynamap_mapper::{Error, Key};
use serde::{Deserialize, Serialize};

use crate::BoxError;

/// Why a job on a whole table did not run, or ended. It names tables, keys, files and lines, and never an attribute's
/// value.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::{Transfer as _, TransferError};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map }.insert(&db).await?; }
/// # let folder = tempfile::tempdir()?;
/// let maps = db.table("maps");
/// match maps.copy_to(db.table("maps")).run().await {
///     Err(TransferError::OntoItself { table }) => assert_eq!(table, "maps"),
///     Err(TransferError::Running(file)) => panic!("{} is in use: wait", file.display()),
///     other => panic!("{other:?}"),
/// }
/// let error = maps.import_from(folder.path()).run().await.expect_err("an empty folder");
/// assert!(matches!(error, TransferError::NoFiles(path) if path == folder.path()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// Source and target are one table. Nothing was written.
    #[error("table {table} cannot be copied onto itself: nothing was written")]
    OntoItself {
        /// The table's full name.
        table: String,
    },
    /// The target has other keys than the items. Nothing was written. Create the target with the same keys, or give the
    /// copy a transform that makes items with the target's.
    #[error(
        "table {target} has the keys {has}, and the items of {origin} have {items}: nothing was written"
    )]
    OtherKeys {
        /// Where the items come from: a table, or files.
        origin: String,
        /// The target's full name.
        target: String,
        /// The keys of the items, with their kinds.
        items: String,
        /// The keys of the target.
        has: String,
    },
    /// A checkpoint is one of another job, or was changed. Nothing was written.
    #[error("the checkpoint is not one of {job}: nothing was written; begin without it")]
    ForeignCheckpoint {
        /// This job.
        job: String,
    },
    /// A checkpoint could not be stored. What is behind the last one was done, and is done again by a job that is resumed.
    #[error("a checkpoint could not be stored: resume from the one before")]
    Checkpoint(#[source] BoxError),
    /// A file could not be read or written. What that leaves, the job says in its documentation: what was finished stays,
    /// and running the job again goes on.
    #[error("{} could not be {}: {error}: what is finished stays, run the job again to go on", path.display(), doing)]
    File {
        /// The file or folder.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A folder holds an export that is complete. Nothing was written; export into another one.
    #[error("{} holds a complete export: nothing was written, export into another folder", .0.display())]
    Complete(PathBuf),
    /// A folder holds files, and they are not those of this export. Nothing was written; export into another one.
    #[error("{} holds other files: nothing was written, export into another folder", .0.display())]
    Occupied(PathBuf),
    /// Another job with the same folder or checkpoint file is under way, or the last step of one that was dropped. Nothing
    /// was done.
    #[error("another job with {} is under way: nothing was done", .0.display())]
    Running(PathBuf),
    /// A folder holds an export that did not end. Nothing was written; run the export again, it goes on.
    #[error("the export in {} is not complete: nothing was written, run the export again", .0.display())]
    Incomplete(PathBuf),
    /// There are no files to import. Nothing was written.
    #[error("{} holds no files to import: nothing was written", .0.display())]
    NoFiles(PathBuf),
    /// A file is not what its export has written, or its manifest cannot be read. What was imported before stays.
    #[error("{} is damaged: {what}: what was imported before stays", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// More lines could not be imported than one run tolerates. Those before were imported, and running the job again with
    /// its checkpoint goes on there.
    #[error(
        "{} lines were not imported into table {table}, {tolerated} are tolerated; the last one is {}",
        failed.len(), last(failed)
    )]
    Lines {
        /// The table's full name.
        table: String,
        /// How many are tolerated.
        tolerated: usize,
        /// The lines that this run did not import.
        failed: Vec<ImportFailure>,
    },
    /// The program's transform refused an item.
    #[error("item ({key}) of table {table} could not be transformed: {error}")]
    Transform {
        /// The table's full name.
        table: String,
        /// The key of the item, as it is stored.
        key: Box<Key>,
        /// What the transform said.
        error: BoxError,
    },
    /// What the store said, or the sweep over it: [`Error::Sweep`] lists the items that failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A line that was not imported.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::{Transfer as _, TransferError};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("maps.jsonl");
/// let good = r#"{"Item": {"episode": {"N": "1"}, "map": {"N": "1"}}}"#;
/// let bad = r#"{"Item": {"episode": {"N": "1"}}}"#;
/// std::fs::write(&file, [good, bad].join("\n"))?;
/// let error = db.table("maps").import_from(&file).run().await.expect_err("none is tolerated");
/// let TransferError::Lines { failed, .. } = error else { panic!("{error}") };
/// assert_eq!((failed[0].file.as_str(), failed[0].line), ("maps.jsonl", 2));
/// assert!(failed[0].why.contains("`map`"), "{}", failed[0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportFailure {
    /// The file, as a path inside the folder.
    pub file: String,
    /// The line; the first one is 1.
    pub line: u64,
    /// What is wrong with it, never with a value.
    pub why: String,
}

impl fmt::Display for ImportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

fn last(failed: &[ImportFailure]) -> String {
    failed.last().map_or_else(String::new, ToString::to_string)
}

impl TransferError {
    pub(crate) fn transform(table: &RawTable, key: &Key, error: BoxError) -> Self {
        Self::Transform { table: table.full_name(), key: Box::new(key.clone()), error }
    }

    /// A function that makes the error of a file that could not be read.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |error| Self::File { path, doing: "read", error }
    }

    /// A function that makes the error of a file that could not be written.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |error| Self::File { path, doing: "written", error }
    }
}

/// Keys as they are told to people: `id (N), day (S)`.
pub(crate) fn keys(keys: &[KeyAttribute]) -> String {
    let named = keys.iter().map(|key| format!("{} ({:?})", key.name, key.kind));
    named.collect::<Vec<_>>().join(", ")
}
