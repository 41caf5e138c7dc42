//! What a folder holds: written beside its name while the export is under way, under its name when it is complete.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dynamap_mapper::key::KeyAttribute;
use dynamap_mapper::raw::{RawTable, ScanTerms};
use serde::{Deserialize, Serialize};

use super::part::{self, Finished};
use crate::checkpoint::Identity;
use crate::digest::Digest;
use crate::error::TransferError;
use crate::file::{beside, read_if_there, replace};

/// The form of a manifest, and of the files beside it.
const FORM: u32 = 1;

/// What an export has written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    form: u32,
    /// Which table it is.
    #[serde(flatten)]
    of: Identity,
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
        let (of, keys, parts) = (Identity::of(table), described(&table.keys()), Vec::new());
        Self { form: FORM, of, keys, segments, parts, digest, complete: false }
    }

    /// Whether this export goes on where the other one stands.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.of == other.of && self.keys == other.keys
    }

    pub(super) fn add(&mut self, part: Finished) {
        self.digest = self.digest.with(&part.digest);
        self.parts.push(part);
        self.parts.sort_by_key(|part| part::segment(&part.file));
    }

    /// The manifest of a folder, complete or not; `None` where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, TransferError> {
        let path = path(folder);
        for path in [path.clone(), under_way(&path)] {
            let text = read_if_there(&path).map_err(TransferError::reading(&path))?;
            let Some(text) = text else { continue };
            let damaged = |what: String| TransferError::Damaged { path: path.clone(), what };
            let manifest: Self = serde_json::from_slice(&text)
                .map_err(|error| damaged(format!("no manifest, at line {}", error.line())))?;
            if manifest.form != FORM {
                return Err(damaged(format!("a manifest of another form, {}", manifest.form)));
            }
            if let Some(what) = manifest.wrong() {
                return Err(damaged(what.to_owned()));
            }
            return Ok(Some(manifest));
        }
        Ok(None)
    }

    /// What is wrong with a manifest that was read. It may come from anywhere: so it names no file but those that an export
    /// writes, each once.
    fn wrong(&self) -> Option<&'static str> {
        let terms = ScanTerms { segments: self.segments, page_size: None, consistent: true };
        if terms.check().is_err() {
            return Some("it names a number of segments that no export has");
        }
        let numbers: Vec<_> = self.parts.iter().map(|part| part::segment(&part.file)).collect();
        let is_of_a_segment = |number: &Option<usize>| number.is_some_and(|n| n < self.segments);
        if !numbers.iter().all(is_of_a_segment) || !numbers.is_sorted_by(|a, b| a < b) {
            return Some("it names files that no export of its has written");
        }
        if self.complete && numbers.len() != self.segments {
            return Some("it names fewer files than segments");
        }
        let all = self.parts.iter().fold(Digest::default(), |all, part| all.with(&part.digest));
        (all != self.digest).then_some("its files have other items than it says")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path, segments: &str, files: &[&str]) -> Result<bool, String> {
        let digest = serde_json::json!({"items": 0, "bytes": 0, "sum": "0".repeat(64)});
        let part = |file: &&str| serde_json::json!({"file": file, "digest": digest});
        let manifest = serde_json::json!({
            "form": FORM, "table": "orders", "id": null, "keys": [], "complete": true,
            "segments": segments.parse::<u64>().expect("a number"),
            "parts": files.iter().map(part).collect::<Vec<_>>(), "digest": digest,
        });
        fs::write(path(folder), manifest.to_string()).expect("a file");
        Manifest::read(folder).map(|read| read.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_that_no_export_has_written_is_refused() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (first, second) = ("part-00000.jsonl.gz", "part-00001.jsonl.gz");
        assert_eq!(read(folder.path(), "2", &[first, second]), Ok(true));
        for (segments, files, why) in [
            ("0", &[][..], "segments that no export has"),
            ("1000001", &[first], "segments that no export has"),
            ("2", &[first], "fewer files than segments"),
            ("2", &[first, first], "no export of its"),
            ("2", &[second, first], "no export of its"),
            ("1", &[second], "no export of its"),
            ("1", &["../../part-00000.jsonl.gz"], "no export of its"),
            ("1", &["/dev/stdin"], "no export of its"),
            ("1", &["part-0.jsonl.gz"], "no export of its"),
            ("1", &["part-+0000.jsonl.gz"], "no export of its"),
        ] {
            let refused = read(folder.path(), segments, files);
            assert!(refused.as_ref().is_err_and(|error| error.contains(why)), "{refused:?}");
        }
        Ok(())
    }
}
