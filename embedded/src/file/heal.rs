//! Finishes what a killed process left: first by its intent, then by looking at every table.
//!
//! A table or index counts as half-made only when its SQLite table is *not there*: then there is no item to lose. One that
//! is there and cannot be read (a failing disc, say) is never removed.

use std::path::Path;

use dynoxide::{Database, DynoxideError, TableMetadata};
use serde_json::json;

use super::inspect::Physical;
use crate::error::OpenError;
use crate::schema::{self, Intent, names};

/// Brings the file to a state in which every listed table is usable. Doing it again changes nothing.
pub(crate) fn heal(
    engine: &Database,
    path: &Path,
    intent: Option<Intent>,
) -> Result<(), OpenError> {
    let physical =
        Physical::of_open_file(path).map_err(|error| OpenError::from_sqlite(path, error))?;
    let healer = Healer { engine, path, physical };
    match intent {
        Some(Intent::CreateTable(table)) => healer.undo_create(&table)?,
        Some(Intent::DeleteTable(table)) => healer.finish_delete(&table)?,
        None => {}
    }
    for table in schema::tables(engine).map_err(|error| OpenError::from_engine(path, error))? {
        healer.check(&table)?;
    }
    Ok(())
}

struct Healer<'a> {
    engine: &'a Database,
    path: &'a Path,
    physical: Physical,
}

impl Healer<'_> {
    /// A creation that was not acknowledged. If the table holds items it was complete: someone wrote to it.
    fn undo_create(&self, table: &str) -> Result<(), OpenError> {
        if self.listed(table)?.is_some() && self.holds_nothing(table)? {
            self.drop_table(table)?;
        }
        Ok(())
    }

    /// A deletion that was not acknowledged. A protected table is one the engine was about to refuse to delete.
    fn finish_delete(&self, table: &str) -> Result<(), OpenError> {
        match self.listed(table)? {
            Some(found) if !found.deletion_protection_enabled => self.drop_table(table),
            _ => Ok(()),
        }
    }

    /// Whatever is left, also by programs that write no intent.
    fn check(&self, table: &str) -> Result<(), OpenError> {
        let Some(found) = self.listed(table)? else {
            return Ok(());
        };
        if !self.has(table)? {
            return self.drop_table(table);
        }
        for index in names::defined(found.lsi_definitions.as_deref()) {
            if !self.has(&format!("{table}::lsi::{index}"))? {
                if self.holds_nothing(table)? {
                    return self.drop_table(table);
                }
                return Err(OpenError::Damaged {
                    path: self.path.to_owned(),
                    table: table.to_owned(),
                    index,
                });
            }
        }
        for index in names::defined(found.gsi_definitions.as_deref()) {
            if !self.has(&format!("{table}::gsi::{index}"))? {
                self.drop_index(table, "GlobalSecondaryIndexUpdates", &index)?;
            }
        }
        for index in names::defined(found.vector_index_definitions.as_deref()) {
            if !self.has(&format!("{table}::vector::{index}"))? {
                self.drop_index(table, "VectorIndexUpdates", &index)?;
            }
        }
        Ok(())
    }

    fn listed(&self, table: &str) -> Result<Option<TableMetadata>, OpenError> {
        self.engine.get_table_metadata(table).map_err(|error| self.repair(table, error))
    }

    fn has(&self, table: &str) -> Result<bool, OpenError> {
        self.physical.has(table).map_err(|error| OpenError::from_sqlite(self.path, error))
    }

    fn holds_nothing(&self, table: &str) -> Result<bool, OpenError> {
        if !self.has(table)? {
            return Ok(true);
        }
        self.physical.is_empty(table).map_err(|error| OpenError::from_sqlite(self.path, error))
    }

    fn drop_table(&self, table: &str) -> Result<(), OpenError> {
        schema::drop_table(self.engine, table).map_err(|error| self.repair(table, error))
    }

    fn drop_index(&self, table: &str, member: &str, index: &str) -> Result<(), OpenError> {
        let body = json!({"TableName": table, member: [{"Delete": {"IndexName": index}}]});
        schema::run(self.engine, "UpdateTable", &body).map_err(|error| self.repair(table, error))
    }

    fn repair(&self, table: &str, error: DynoxideError) -> OpenError {
        OpenError::Repair {
            path: self.path.to_owned(),
            table: table.to_owned(),
            source: Box::new(error),
        }
    }
}
