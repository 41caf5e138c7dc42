//! Look before adopting: the engine takes any SQLite file and writes its own tables into it, and so must not be given one
//! that belongs to another program. Nothing here changes the file.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;

use dynoxide::storage_backend::sql_builders::{GET_SCHEMA_VERSION, SCHEMA_VERSION};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::error::OpenError;

/// How every SQLite file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A read-only look at the SQLite tables of a file.
#[derive(Debug)]
pub(crate) struct Physical {
    connection: Connection,
}

impl Physical {
    /// Opens the file that the engine has open too.
    pub(crate) fn of_open_file(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Self { connection: Connection::open_with_flags(path, flags)? })
    }

    /// Opens a file that nobody may have open, without leaving side files.
    fn of_closed_file(path: &Path) -> rusqlite::Result<Self> {
        if has_side_file(path, "-wal") || has_side_file(path, "-journal") {
            return Self::of_open_file(path);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        Ok(Self { connection: Connection::open_with_flags(immutable_uri(path), flags)? })
    }

    /// Whether the file has an SQLite table of this name. Case does not count, as it does not when SQLite drops a table.
    pub(crate) fn has(&self, table: &str) -> rusqlite::Result<bool> {
        self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE)",
            [table],
            |row| row.get(0),
        )
    }

    /// Whether an SQLite table of the file has no rows.
    pub(crate) fn is_empty(&self, table: &str) -> rusqlite::Result<bool> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM \"{}\")", table.replace('"', "\"\""));
        self.connection.query_row(&sql, [], |row| row.get(0))
    }

    /// Whether the file has nothing in it at all: as the engine leaves it when it is killed while it creates the file.
    fn is_blank(&self) -> rusqlite::Result<bool> {
        self.connection
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)", [], |row| row.get(0))
    }

    /// The format the engine recorded, if it did.
    fn format(&self) -> rusqlite::Result<Option<u32>> {
        let recorded: Option<String> =
            self.connection.query_row(GET_SCHEMA_VERSION, [], |row| row.get(0)).optional()?;
        Ok(recorded.and_then(|text| text.trim().parse().ok()))
    }
}

/// Refuses a file that is not for the engine to open.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let mut head = Vec::new();
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .and_then(|file| file.take(16).read_to_end(&mut head))
        .map_err(|error| OpenError::from_io(path, error))?;
    if head.is_empty() {
        return Ok(());
    }
    if head != MAGIC {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    check_tables(path)
}

fn check_tables(path: &Path) -> Result<(), OpenError> {
    let sqlite = |error| OpenError::from_sqlite(path, error);
    let file = Physical::of_closed_file(path).map_err(sqlite)?;
    if file.is_blank().map_err(sqlite)? {
        return Ok(());
    }
    if !(file.has("_tables").map_err(sqlite)? && file.has("_config").map_err(sqlite)?) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    match file.format().map_err(sqlite)? {
        Some(found) if found > SCHEMA_VERSION => {
            Err(OpenError::Newer { path: path.to_owned(), found, supported: SCHEMA_VERSION })
        }
        _ => Ok(()),
    }
}

fn has_side_file(path: &Path, suffix: &str) -> bool {
    let mut side = OsString::from(path);
    side.push(suffix);
    Path::new(&side).exists()
}

/// SQLite's URI of a file nobody writes, which it reads without locks and side files. `path` is absolute.
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("//?/").unwrap_or(&text);
    if !text.starts_with('/') {
        uri.push('/');
    }
    for character in text.chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_the_signs_of_an_uri_stays_a_path() {
        assert_eq!(
            immutable_uri(Path::new("/a b/50%?#.db")),
            "file:/a b/50%25%3f%23.db?immutable=1"
        );
    }
}
