//! The lines of an import's files, some at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynamap_mapper::Item;
use dynamap_mapper::raw::RawTable;
use flate2::read::MultiGzDecoder;

use super::files::{Files, Holds};
use crate::digest::Digest;
use crate::error::{ImportFailure, TransferError};
use crate::line::from_line;

/// How many lines are read at a time, and so how many lie between two checkpoints.
const LINES: usize = 1000;
/// How many bytes they have, but for the last one.
const BYTES: usize = 8 * 1024 * 1024;
/// The longest line. An item of 400 KB has less than half of this, also where it is all numbers of 2 bytes that are spelled
/// out with 130 digits.
const LONGEST: u64 = 64 * 1024 * 1024;

/// What reads the lines of all files, one after the other.
pub(super) struct Lines {
    files: Arc<Files>,
    table: RawTable,
    /// The file that is read, by its position.
    file: usize,
    open: Option<Open>,
    /// How many lines of it are behind.
    line: u64,
}

/// A file that is read.
struct Open {
    name: String,
    reader: Box<dyn BufRead + Send>,
    /// The items that were read, those included that are behind a checkpoint.
    digest: Digest,
    /// How many lines hold none.
    broken: u64,
}

/// Some lines, all of one file.
#[derive(Default)]
pub(super) struct Chunk {
    /// The items, each with its line.
    pub(super) items: Vec<(u64, Item)>,
    pub(super) broken: Vec<ImportFailure>,
    pub(super) file: String,
    /// Where the next one begins: the position of the file, and how many of its lines are behind.
    pub(super) behind: (usize, u64),
}

impl Lines {
    /// From a file on, behind so many of its lines.
    pub(super) fn from(files: Arc<Files>, table: RawTable, (file, line): (usize, u64)) -> Self {
        Self { files, table, file, open: None, line }
    }

    /// The next lines; `None` behind the last file.
    pub(super) fn next(mut self) -> Result<Option<(Chunk, Self)>, TransferError> {
        let Some(file) = self.files.listed.get(self.file) else { return Ok(None) };
        let name = file.name.clone();
        let path = self.files.folder.join(&name);
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open(&path, name).map_err(TransferError::reading(&path))?,
        };
        let mut chunk = Chunk { file: open.name.clone(), ..Chunk::default() };
        let mut bytes = 0;
        while chunk.items.len() + chunk.broken.len() < LINES && bytes < BYTES {
            let line = read_line(&mut open.reader).map_err(TransferError::reading(&path))?;
            let Some(line) = line else {
                self.check(&open, path)?;
                (self.file, self.line) = (self.file + 1, 0);
                chunk.behind = (self.file, 0);
                return Ok(Some((chunk, self)));
            };
            self.line += 1;
            bytes += line.as_ref().map_or(0, Vec::len);
            self.take(line, &mut open, &mut chunk);
        }
        chunk.behind = (self.file, self.line);
        self.open = Some(open);
        Ok(Some((chunk, self)))
    }

    /// Opens the file, behind the lines that are done. They are read, so that the whole file is compared in the end.
    fn open(&self, path: &Path, name: String) -> io::Result<Open> {
        let file = File::open(path)?;
        let is_gzip = path.extension().is_some_and(|end| end == "gz");
        let reader: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file))))
        } else {
            Box::new(BufReader::new(file))
        };
        let mut open = Open { name, reader, digest: Digest::default(), broken: 0 };
        for _ in 0..self.line {
            let Some(line) = read_line(&mut open.reader)? else { break };
            open.read(line);
        }
        Ok(open)
    }

    /// Puts a line where it belongs: to the items, or to what is broken.
    fn take(&self, line: Result<Vec<u8>, String>, open: &mut Open, chunk: &mut Chunk) {
        let Some(item) = open.read(line) else { return };
        let item = item.and_then(|item| {
            self.table.check(&item).map_err(|error| error.to_string())?;
            Ok(item)
        });
        match item {
            Ok(item) => chunk.items.push((self.line, item)),
            Err(why) => {
                let (file, line) = (open.name.clone(), self.line);
                chunk.broken.push(ImportFailure { file, line, why });
            }
        }
    }

    /// Whether a file that was read to its end is what its export has written. Where lines are broken, their number is all
    /// that can be compared.
    fn check(&self, open: &Open, path: PathBuf) -> Result<(), TransferError> {
        let read = open.digest.items + open.broken;
        let (written, is_same) = match self.files.listed[self.file].holds {
            Holds::Unsaid => return Ok(()),
            Holds::Digest(written) if open.broken == 0 => (written.items, written == open.digest),
            Holds::Digest(Digest { items, .. }) | Holds::Items(items) => (items, items == read),
        };
        if is_same {
            return Ok(());
        }
        let what = format!("its manifest says other items: {written}, and it holds {read}");
        Err(TransferError::Damaged { path, what })
    }
}

impl Open {
    /// The item of a line, or what is wrong with it; `None` of an empty line.
    fn read(&mut self, line: Result<Vec<u8>, String>) -> Option<Result<Item, String>> {
        if line.as_ref().is_ok_and(|line| line.iter().all(u8::is_ascii_whitespace)) {
            return None;
        }
        let item = line.and_then(|line| from_line(&line));
        match &item {
            Ok(item) => self.digest.add(item),
            Err(_) => self.broken += 1,
        }
        Some(item)
    }
}

/// The next line, without its end; `None` behind the last one. One that is too long is passed over.
fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<Result<Vec<u8>, String>>> {
    let mut line = Vec::new();
    if reader.take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST {
        reader.skip_until(b'\n')?;
        return Ok(Some(Err(format!("more than {LONGEST} bytes"))));
    }
    Ok(Some(Ok(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_others_are_read() -> io::Result<()> {
        let long = io::repeat(b'x').take(2 * LONGEST);
        let text = b"one\n".chain(long).chain(&b"\ntwo\n\nthree"[..]);
        let mut reader = BufReader::with_capacity(1 << 20, text);
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut reader)? {
            lines.push(line.map(|line| String::from_utf8_lossy(&line).into_owned()).ok());
        }
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(lines, [some("one\n"), None, some("two\n"), some("\n"), some("three")]);
        Ok(())
    }
}
