//! Which files an import reads.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::TransferError;
use crate::export::Manifest;

/// The ends of names of files with a line for each item.
const ENDS: [&str; 4] = [".jsonl.gz", ".json.gz", ".jsonl", ".json"];

/// The files of an import, in the order in which they are read.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// Paths inside the folder.
    pub(super) names: Vec<String>,
    /// What the export says about them, where it was one of this library.
    pub(super) manifest: Option<Manifest>,
}

impl Files {
    /// The files of a folder: those that its manifest names, or all with lines of items in it and in `data`, as an export of
    /// AWS has them; or a single file.
    pub(super) fn of(path: &Path) -> Result<Self, TransferError> {
        let found = fs::metadata(path).map_err(TransferError::reading(path))?;
        if found.is_file() {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Ok(Self { folder, names: vec![name], manifest: None });
        }
        let folder = path.to_owned();
        if let Some(manifest) = Manifest::read(path)? {
            if !manifest.complete {
                return Err(TransferError::Incomplete(folder));
            }
            let names = manifest.parts.iter().map(|part| part.file.clone()).collect();
            return Ok(Self { folder, names, manifest: Some(manifest) });
        }
        let mut names = lines_in(path, "")?;
        let data = path.join("data");
        if data.is_dir() {
            names.extend(lines_in(&data, "data/")?);
        }
        names.sort();
        if names.is_empty() {
            return Err(TransferError::NoFiles(folder));
        }
        Ok(Self { folder, names, manifest: None })
    }
}

/// The files with lines of items in one folder, each behind a prefix.
fn lines_in(folder: &Path, prefix: &str) -> Result<Vec<String>, TransferError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(TransferError::reading(folder))? {
        let entry = entry.map_err(TransferError::reading(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_manifest = name.starts_with("manifest");
        if !is_manifest && entry.path().is_file() && ENDS.iter().any(|end| name.ends_with(end)) {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(names)
}
