//! One file of an export: the items of one segment, under another name until it is finished.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use dynamap_mapper::Item;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::file::{beside, create_anew, rename};
use crate::line::to_line;

/// A file under way.
pub(super) struct Part {
    path: PathBuf,
    file: GzEncoder<BufWriter<File>>,
    digest: Digest,
}

/// A file that is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finished {
    /// Its name in the folder.
    pub(crate) file: String,
    /// What it holds.
    pub(crate) digest: Digest,
}

/// The name of the file of a segment.
pub(super) fn name(segment: usize) -> String {
    format!("part-{segment:05}.jsonl.gz")
}

/// The segment of a file; `None` where no segment's file has this name.
pub(super) fn segment(file: &str) -> Option<usize> {
    let number = file.strip_prefix("part-")?.strip_suffix(".jsonl.gz")?.parse().ok()?;
    (name(number) == file).then_some(number)
}

impl Part {
    /// Begins a file. One that a run before has left unfinished is another file from here on: whoever still writes it,
    /// writes what nobody reads.
    pub(super) fn begin(path: PathBuf) -> io::Result<Self> {
        let file = BufWriter::new(create_anew(&beside(&path))?);
        let file = GzEncoder::new(file, Compression::default());
        Ok(Self { path, file, digest: Digest::default() })
    }

    /// Adds items.
    pub(super) fn write(mut self, items: &[Item]) -> io::Result<Self> {
        for item in items {
            self.file.write_all(&to_line(item)?)?;
            self.digest.add(item);
        }
        Ok(self)
    }

    /// Makes the file safe against a crash, and gives it its name.
    pub(super) fn finish(self) -> io::Result<Finished> {
        let file = self.file.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        drop(file);
        rename(&beside(&self.path), &self.path)?;
        Ok(Finished { file: file_name(&self.path), digest: self.digest })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
