//! What a killed process left, made by hand: SQLite tables that are missing, and intents.

use std::fs;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use dynamap_embedded::{OpenError, open};
use rusqlite::Connection;

use crate::support::{TestResult, count, create, indexes, place, put, tables};

/// A store with the tables `kept` (one item) and `half` (no item), closed.
async fn two_tables(path: &Path) -> TestResult {
    let client = open(path)?;
    create(&client, "kept")?.send().await?;
    put(&client, "kept", "a").await?;
    create(&client, "half")?.send().await?;
    Ok(())
}

fn drop_sqlite_table(path: &Path, name: &str) -> TestResult {
    Connection::open(path)?.execute_batch(&format!("DROP TABLE \"{name}\""))?;
    Ok(())
}

fn leave_intent(path: &Path, operation: &str, table: &str) -> TestResult {
    let line = format!("{}\n", serde_json::json!({"operation": operation, "table": table}));
    fs::write(path.with_extension("db.lock"), line)?;
    Ok(())
}

/// Opens, and checks that the other table is as it was and that no intent is left.
async fn reopened(path: &Path) -> Result<Client, Box<dyn std::error::Error>> {
    let client = open(path)?;
    for index in [None, Some("by_owner"), Some("by_kind")] {
        assert_eq!(count(&client, "kept", index).await?, 1, "{index:?}");
    }
    assert_eq!(fs::read(path.with_extension("db.lock"))?, b"");
    Ok(client)
}

#[tokio::test]
async fn a_table_without_its_items_is_removed_and_can_be_created_again() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    drop_sqlite_table(&path, "half")?;
    let client = reopened(&path).await?;
    assert_eq!(tables(&client).await?, ["kept"]);
    create(&client, "half")?.send().await?;
    put(&client, "half", "b").await?;
    assert_eq!(count(&client, "half", Some("by_kind")).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_half_made_table_is_removed_even_when_it_is_protected_from_deletion() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    let client = open(&path)?;
    client.update_table().table_name("half").deletion_protection_enabled(true).send().await?;
    drop(client);
    drop_sqlite_table(&path, "half")?;
    assert_eq!(tables(&reopened(&path).await?).await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_global_index_without_its_data_is_removed_and_the_items_stay() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    let client = open(&path)?;
    put(&client, "half", "b").await?;
    drop(client);
    drop_sqlite_table(&path, "half::gsi::by_owner")?;
    let client = reopened(&path).await?;
    assert_eq!(indexes(&client, "half").await?, ["by_kind"]);
    put(&client, "half", "c").await?;
    assert_eq!(count(&client, "half", Some("by_kind")).await?, 2);
    Ok(())
}

#[tokio::test]
async fn an_empty_table_without_a_local_index_is_removed() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    drop_sqlite_table(&path, "half::lsi::by_kind")?;
    assert_eq!(tables(&reopened(&path).await?).await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_table_with_items_is_never_removed_for_want_of_a_local_index() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    drop_sqlite_table(&path, "kept::lsi::by_kind")?;
    match open(&path) {
        Err(OpenError::Damaged { table, index, .. }) => {
            assert_eq!((table.as_str(), index.as_str()), ("kept", "by_kind"));
        }
        other => return Err(format!("not refused: {other:?}").into()),
    }
    let items: u32 =
        Connection::open(&path)?.query_row("SELECT count(*) FROM kept", [], |row| row.get(0))?;
    assert_eq!(items, 1);
    Ok(())
}

#[tokio::test]
async fn a_creation_that_was_not_acknowledged_is_undone() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    leave_intent(&path, "CreateTable", "half")?;
    assert_eq!(tables(&reopened(&path).await?).await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_creation_whose_table_has_items_was_complete() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    leave_intent(&path, "CreateTable", "kept")?;
    assert_eq!(tables(&reopened(&path).await?).await?, ["half", "kept"]);
    Ok(())
}

#[tokio::test]
async fn a_deletion_that_was_begun_is_finished() -> TestResult {
    for (lost, items) in [
        (None, 0),
        (Some("half::gsi::by_owner"), 1),
        (Some("half::lsi::by_kind"), 1),
        (Some("half"), 0),
    ] {
        let (_directory, path) = place()?;
        two_tables(&path).await?;
        if items > 0 {
            put(&open(&path)?, "half", "b").await?;
        }
        if let Some(lost) = lost {
            drop_sqlite_table(&path, lost)?;
        }
        leave_intent(&path, "DeleteTable", "half")?;
        assert_eq!(tables(&reopened(&path).await?).await?, ["kept"], "{lost:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_intent_about_a_table_that_is_not_there_does_nothing() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    for operation in ["CreateTable", "DeleteTable"] {
        leave_intent(&path, operation, "nothing")?;
        assert_eq!(tables(&reopened(&path).await?).await?, ["half", "kept"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_protected_table_outlives_the_intent_to_delete_it() -> TestResult {
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    let client = open(&path)?;
    client.update_table().table_name("half").deletion_protection_enabled(true).send().await?;
    drop(client);
    leave_intent(&path, "DeleteTable", "half")?;
    assert_eq!(tables(&reopened(&path).await?).await?, ["half", "kept"]);
    Ok(())
}

#[tokio::test]
async fn a_table_whose_name_differs_only_in_case_from_a_half_made_one_keeps_its_items() -> TestResult
{
    let (_directory, path) = place()?;
    two_tables(&path).await?;
    // What the engine alone makes of a creation of `KEPT`: a listed table that has no SQLite table of its own.
    Connection::open(&path)?.execute_batch(
        "INSERT INTO _tables (table_name, key_schema, attribute_definitions, created_at)
         SELECT 'KEPT', key_schema, attribute_definitions, created_at FROM _tables WHERE table_name = 'kept'",
    )?;
    let client = reopened(&path).await?;
    assert!(client.delete_table().table_name("KEPT").send().await.is_err());
    assert_eq!(count(&client, "kept", None).await?, 1);
    Ok(())
}
