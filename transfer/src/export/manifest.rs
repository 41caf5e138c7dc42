//! What a folder holds: written beside its name while the export is under way, under its name when it is complete.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dynamap_mapper::key::KeyAttribute;
use dynamap_mapper::raw::RawTable;
use serde::{Deserialize, Serialize};

use super::part::Finished;
use crate::digest::Digest;
use crate::error::TransferError;
use crate::file::{beside, replace};

/// The form of a manifest, and of the files beside it.
const FORM: u32 = 1;

/// What an export has written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    form: u32,
    /// The table's full name.
    pub(crate) table: String,
    pub(crate) keys: Vec<DescribedKey>,
    /// How many files there are when the export is complete.
    pub(crate) segments: usize,
    pub(crate) parts: Vec<Finished>,
    /// All parts together.
    pub(crate) digest: Digest,
    pub(crate) complete: bool,
}

/// A key attribute of the table: the hash key comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DescribedKey {
    pub(crate) name: String,
    /// `S`, `N` or `B`.
    pub(crate) kind: String,
}

impl Manifest {
    pub(super) fn of(table: &RawTable, segments: usize) -> Self {
        let digest = Digest::default();
        let (keys, table, parts) = (described(&table.keys()), table.full_name(), Vec::new());
        Self { form: FORM, table, keys, segments, parts, digest, complete: false }
    }

    /// Whether this export goes on where the other one stands.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.table == other.table && self.keys == other.keys
    }

    pub(super) fn add(&mut self, part: Finished) {
        self.digest = self.digest.with(&part.digest);
        self.parts.push(part);
        self.parts.sort_by(|a, b| a.file.cmp(&b.file));
    }

    /// The manifest of a folder, complete or not; `None` where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, TransferError> {
        let path = path(folder);
        for path in [path.clone(), under_way(&path)] {
            let text = match fs::read(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                read => read.map_err(TransferError::reading(&path))?,
            };
            let damaged = |what: String| TransferError::Damaged { path: path.clone(), what };
            let manifest: Self = serde_json::from_slice(&text)
                .map_err(|error| damaged(format!("no manifest, at line {}", error.line())))?;
            if manifest.form != FORM {
                return Err(damaged(format!("a manifest of another form, {}", manifest.form)));
            }
            return Ok(Some(manifest));
        }
        Ok(None)
    }

    /// Stores the manifest of an export under way.
    pub(super) fn store(&self, folder: &Path) -> io::Result<()> {
        replace(&under_way(&path(folder)), &serde_json::to_vec_pretty(self)?)
    }

    /// Stores the manifest of an export that is complete.
    pub(super) fn complete(mut self, folder: &Path) -> io::Result<Self> {
        self.complete = true;
        let path = path(folder);
        replace(&path, &serde_json::to_vec_pretty(&self)?)?;
        fs::remove_file(under_way(&path))?;
        Ok(self)
    }
}

pub(crate) fn described(keys: &[KeyAttribute]) -> Vec<DescribedKey> {
    let key = |key: &KeyAttribute| DescribedKey {
        name: key.name.to_owned(),
        kind: format!("{:?}", key.kind),
    };
    keys.iter().map(key).collect()
}

fn path(folder: &Path) -> PathBuf {
    folder.join("manifest.json")
}

/// Whether a file is what a kill has left of the first manifest.
pub(super) fn is_remnant(name: &OsStr) -> bool {
    name == beside(&under_way(&path(Path::new("")))).as_os_str()
}

/// Another name than that under which `replace` writes.
fn under_way(path: &Path) -> PathBuf {
    beside(path).with_extension("unfinished")
}
