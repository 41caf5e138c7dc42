//! Names the engine cannot hold: it gives each table and index an SQLite table of the same name, and SQLite ignores case.
//!
//! Unchecked, creating `users` beside `Users` fails half-way, and deleting the half-made `users` would delete the items of
//! `Users`; creating the vector index `Cover` beside `cover` would empty the latter.

use dynoxide::{Database, DynoxideError, TableMetadata};
use serde::Deserialize;

/// SQLite tables of the engine itself, and of the control plane.
const RESERVED: [&str; 4] = ["_tables", "_config", "_stream_records", crate::control::DISC_TABLE];

/// SQLite keeps names with this beginning for itself.
const RESERVED_PREFIX: &str = "sqlite_";

/// An index, as a request creates it and as the engine stores its definition.
#[derive(Deserialize)]
pub(crate) struct Index {
    #[serde(rename = "IndexName")]
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct Creation {
    #[serde(rename = "GlobalSecondaryIndexes", default)]
    global: Vec<Index>,
    #[serde(rename = "LocalSecondaryIndexes", default)]
    local: Vec<Index>,
    #[serde(rename = "VectorIndexes", default)]
    vector: Vec<Index>,
}

#[derive(Deserialize)]
struct Alteration {
    #[serde(rename = "GlobalSecondaryIndexUpdates", default)]
    global: Vec<Change>,
    #[serde(rename = "VectorIndexUpdates", default)]
    vector: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "Create")]
    create: Option<Index>,
}

/// Refuses the creation of `table` when its name, or one of its indexes' names, has no room in the file.
pub(super) fn check_creation(
    engine: &Database,
    table: &str,
    body: &[u8],
) -> Result<(), DynoxideError> {
    let prefix = table.get(..RESERVED_PREFIX.len());
    if RESERVED.iter().any(|name| name.eq_ignore_ascii_case(table))
        || prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED_PREFIX))
    {
        return Err(refusal(&format!("the table name {table} is reserved")));
    }
    check(&super::tables(engine)?, &[table.to_owned()])?;
    // A body that does not read is refused by the engine before it does anything.
    let Ok(creation) = serde_json::from_slice::<Creation>(body) else {
        return Ok(());
    };
    for family in [creation.global, creation.local, creation.vector] {
        check(&[], &names(family))?;
    }
    Ok(())
}

/// Refuses the deletion of a table that would take the items of another with it. Such a pair comes from programs that use
/// the engine without these checks.
pub(super) fn check_deletion(engine: &Database, table: &str) -> Result<(), DynoxideError> {
    check(&super::tables(engine)?, &[table.to_owned()])
}

/// Refuses an alteration of `table` that creates an index whose name has no room in the file.
pub(super) fn check_alteration(table: &TableMetadata, body: &[u8]) -> Result<(), DynoxideError> {
    let Ok(alteration) = serde_json::from_slice::<Alteration>(body) else {
        return Ok(());
    };
    for (definitions, changes) in [
        (&table.gsi_definitions, alteration.global),
        (&table.vector_index_definitions, alteration.vector),
    ] {
        let created = changes.into_iter().filter_map(|change| change.create).collect();
        check(&defined(definitions.as_deref()), &names(created))?;
    }
    Ok(())
}

/// The index names of a definition the engine stores as JSON. The engine too reads an unreadable one as none.
pub(crate) fn defined(definitions: Option<&str>) -> Vec<String> {
    names(definitions.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default())
}

fn names(indexes: Vec<Index>) -> Vec<String> {
    indexes.into_iter().map(|index| index.name).collect()
}

/// Refuses a new name that differs only in case from one that is there, or from another new one. Equal names are left to
/// the engine, which refuses them before it does anything.
fn check(there: &[String], new: &[String]) -> Result<(), DynoxideError> {
    for (position, name) in new.iter().enumerate() {
        let mut others = there.iter().chain(&new[..position]);
        if let Some(twin) = others.find(|other| *other != name && other.eq_ignore_ascii_case(name))
        {
            return Err(refusal(&format!("the names {name} and {twin} differ only in case")));
        }
    }
    Ok(())
}

fn refusal(why: &str) -> DynoxideError {
    DynoxideError::ValidationException(format!("The embedded store cannot hold this: {why}"))
}
