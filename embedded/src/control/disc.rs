//! Where the settings of a file's tables are kept: in the file, in an SQLite table of our own.
//!
//! The engine does not know it. It is written after the engine has made its part of a change, so a process that is killed
//! in between loses the other part.

use std::path::Path;

use rusqlite::{Connection, params};

use super::settings::Settings;

/// Its name. No table of a program may have it.
pub(crate) const TABLE: &str = "_dynamap_control";

/// The file of a store.
#[derive(Debug)]
pub(crate) struct Disc {
    connection: Connection,
}

impl Disc {
    /// Opens a file that the engine has open.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS \"{TABLE}\" (name TEXT PRIMARY KEY, settings TEXT NOT NULL)"
        ))?;
        Ok(Self { connection })
    }

    /// The settings of all tables. What does not read counts as none.
    pub(super) fn load(&self) -> rusqlite::Result<Vec<(String, Settings)>> {
        let sql = format!("SELECT name, settings FROM \"{TABLE}\"");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut tables = Vec::new();
        for row in rows {
            let (name, settings) = row?;
            tables.push((name, serde_json::from_str(&settings).unwrap_or_default()));
        }
        Ok(tables)
    }

    /// Keeps the settings of a table, or forgets them.
    pub(super) fn keep(&self, table: &str, settings: Option<&Settings>) -> rusqlite::Result<()> {
        match settings {
            None => {
                let sql = format!("DELETE FROM \"{TABLE}\" WHERE name = ?1");
                self.connection.execute(&sql, params![table])?;
            }
            Some(settings) => {
                let text = serde_json::json!(settings).to_string();
                let sql = format!("INSERT OR REPLACE INTO \"{TABLE}\" VALUES (?1, ?2)");
                self.connection.execute(&sql, params![table, text])?;
            }
        }
        Ok(())
    }
}
