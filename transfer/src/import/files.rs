//! Which files an import reads, and what is known of them.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::aws::{self, NOTES};
use crate::digest::{Digest, DigestSum};
use crate::error::TransferError;
use crate::export::Manifest;
use crate::file::regular;

/// The ends of names of files with a line for each item.
const ENDS: [&str; 4] = [".jsonl.gz", ".json.gz", ".jsonl", ".json"];

/// The files of an import, in the order in which they are read.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    pub(super) listed: Vec<Listed>,
    /// What the export says about them, where it was one of this library.
    pub(super) manifest: Option<Manifest>,
    /// What changes when a file does: a checkpoint is good for these files only.
    pub(super) mark: DigestSum,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Listed {
    /// A path inside the folder.
    pub(super) name: String,
    pub(super) holds: Holds,
}

/// What a file holds, as whoever wrote it says.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holds {
    Unsaid,
    /// So many items.
    Items(u64),
    /// These.
    Digest(Digest),
}

impl Files {
    /// The files of a folder: those that its manifest names, or all with lines of items in it and in `data`, as an export of
    /// AWS has them; or a single file.
    pub(super) fn of(path: &Path) -> Result<Self, TransferError> {
        let found = fs::metadata(path).map_err(TransferError::reading(path))?;
        if found.is_file() {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut mark = Sha256::new();
            add(&mut mark, &name, &found);
            let mark = DigestSum::of(mark);
            let files = vec![Listed { name, holds: Holds::Unsaid }];
            return Ok(Self { folder, listed: files, manifest: None, mark });
        }
        match Manifest::read(path)? {
            Some(manifest) => Self::of_export(path, manifest),
            None => Self::of_folder(path),
        }
    }

    /// Those of an export of this library.
    fn of_export(folder: &Path, manifest: Manifest) -> Result<Self, TransferError> {
        if !manifest.complete {
            return Err(TransferError::Incomplete(folder.to_owned()));
        }
        let mut mark = Sha256::new();
        let mut files = Vec::with_capacity(manifest.parts.len());
        for part in &manifest.parts {
            let (name, holds) = (part.file.clone(), Holds::Digest(part.digest));
            found(&folder.join(&name))?;
            mark.update(format!("{name} {} {}\n", part.digest.items, part.digest.sum));
            files.push(Listed { name, holds });
        }
        let (folder, mark) = (folder.to_owned(), DigestSum::of(mark));
        Ok(Self { folder, listed: files, manifest: Some(manifest), mark })
    }

    /// Those of any folder.
    fn of_folder(folder: &Path) -> Result<Self, TransferError> {
        let mut names = lines_in(folder, "")?;
        let data = folder.join("data");
        if data.is_dir() {
            names.extend(lines_in(&data, "data/")?);
        }
        names.sort();
        let mut files: Vec<_> =
            names.into_iter().map(|name| Listed { name, holds: Holds::Unsaid }).collect();
        aws::complete(folder, &mut files)?;
        if files.is_empty() {
            return Err(TransferError::NoFiles(folder.to_owned()));
        }
        let mut mark = Sha256::new();
        for file in &files {
            add(&mut mark, &file.name, &found(&folder.join(&file.name))?);
        }
        let (folder, mark) = (folder.to_owned(), DigestSum::of(mark));
        Ok(Self { folder, listed: files, manifest: None, mark })
    }

    /// How many items there are; 0 where that is not said.
    pub(super) fn items(&self) -> u64 {
        let items = self.listed.iter().map(|file| match file.holds {
            Holds::Unsaid => 0,
            Holds::Items(items) => items,
            Holds::Digest(digest) => digest.items,
        });
        items.fold(0, u64::saturating_add)
    }
}

/// A file in a folder that was made elsewhere.
fn found(path: &Path) -> Result<Metadata, TransferError> {
    regular(path).map_err(TransferError::reading(path))
}

/// Adds what changes when a file does.
fn add(mark: &mut Sha256, name: &str, found: &Metadata) {
    let modified = found.modified().ok();
    let since = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    let since = since.unwrap_or_default().as_nanos();
    mark.update(format!("{name} {} {since}\n", found.len()));
}

/// The files with lines of items in one folder, each behind a prefix.
fn lines_in(folder: &Path, prefix: &str) -> Result<Vec<String>, TransferError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(TransferError::reading(folder))? {
        let entry = entry.map_err(TransferError::reading(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let has_lines = ENDS.iter().any(|end| name.ends_with(end));
        if has_lines && !NOTES.contains(&name.as_str()) && !entry.path().is_dir() {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(names)
}
