//! What `open` accepts and refuses, and that it leaves alone what it refuses.

use std::error::Error;
use std::fs;
use std::path::Path;

use dynamap_embedded::{OpenError, open};
use rusqlite::Connection;

use crate::support::{TestResult, count, place, plain, put, tables};

/// Opens, expecting to be refused.
fn refused(path: &Path) -> Result<OpenError, Box<dyn Error>> {
    match open(path) {
        Ok(_) => Err(format!("{} was opened", path.display()).into()),
        Err(error) => Ok(error),
    }
}

#[tokio::test]
async fn a_file_keeps_its_items_when_it_is_opened_again() -> TestResult {
    let (_directory, path) = place()?;
    let client = open(&path)?;
    plain(&client, "notes")?.send().await?;
    put(&client, "notes", "a").await?;
    drop(client);
    let client = open(&path)?;
    assert_eq!(tables(&client).await?, ["notes"]);
    assert_eq!(count(&client, "notes", None).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() -> TestResult {
    let (_directory, path) = place()?;
    fs::write(&path, b"")?;
    assert!(tables(&open(&path)?).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_database_without_any_table_becomes_a_store() -> TestResult {
    // What the engine leaves when it is killed while it creates the file.
    let (_directory, path) = place()?;
    Connection::open(&path)?.pragma_update(None, "journal_mode", "WAL")?;
    assert!(fs::metadata(&path)?.len() > 0);
    assert!(tables(&open(&path)?).await?.is_empty());
    Ok(())
}

#[test]
fn a_missing_directory_is_named() -> TestResult {
    let (directory, _) = place()?;
    let missing = directory.path().join("absent");
    let error = refused(&missing.join("bank.db"))?;
    assert!(
        matches!(&error, OpenError::MissingDirectory { directory, .. } if *directory == missing),
        "{error:?}"
    );
    assert!(error.to_string().contains("absent"), "{error}");
    Ok(())
}

#[test]
fn a_directory_is_refused() -> TestResult {
    let (directory, _) = place()?;
    let error = refused(directory.path())?;
    assert!(matches!(error, OpenError::IsDirectory { .. }), "{error:?}");
    Ok(())
}

#[test]
fn garbage_is_refused_and_left_as_it_was() -> TestResult {
    let (_directory, path) = place()?;
    for garbage in [&b"x"[..], b"SQLite format 3", &[0_u8; 8192]] {
        fs::write(&path, garbage)?;
        let error = refused(&path)?;
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
        assert_eq!(fs::read(&path)?, garbage);
    }
    Ok(())
}

#[test]
fn a_torn_database_is_refused() -> TestResult {
    let (_directory, path) = place()?;
    let mut torn = b"SQLite format 3\0".to_vec();
    torn.extend([0xAA; 4080]);
    fs::write(&path, &torn)?;
    assert!(matches!(refused(&path)?, OpenError::NotADatabase { .. } | OpenError::Engine { .. }));
    assert_eq!(fs::read(&path)?, torn);
    Ok(())
}

#[test]
fn a_foreign_database_is_refused_and_left_as_it_was() -> TestResult {
    for journal in ["DELETE", "WAL"] {
        let (directory, path) = place()?;
        let foreign = Connection::open(&path)?;
        foreign.pragma_update(None, "journal_mode", journal)?;
        foreign.execute_batch(
            "CREATE TABLE _tables (x); CREATE TABLE songs (title); INSERT INTO songs VALUES ('la')",
        )?;
        drop(foreign);
        let before = fs::read(&path)?;
        let error = refused(&path)?;
        assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
        assert_eq!(fs::read(&path)?, before, "{journal}");
        assert_eq!(fs::read_dir(directory.path())?.count(), 1, "no side files are left: {journal}");
    }
    Ok(())
}

#[test]
fn a_foreign_database_in_use_by_its_program_is_refused() -> TestResult {
    let (_directory, path) = place()?;
    let foreign = Connection::open(&path)?;
    foreign.pragma_update(None, "journal_mode", "WAL")?;
    foreign.execute_batch("CREATE TABLE songs (title)")?;
    let before = fs::read(&path)?;
    assert!(matches!(refused(&path)?, OpenError::Foreign { .. }));
    assert_eq!(fs::read(&path)?, before);
    assert_eq!(foreign.query_row("SELECT count(*) FROM songs", [], |row| row.get::<_, u32>(0))?, 0);
    Ok(())
}

#[test]
fn a_file_of_a_newer_engine_is_refused_and_left_as_it_was() -> TestResult {
    let (_directory, path) = place()?;
    drop(open(&path)?);
    Connection::open(&path)?
        .execute("UPDATE _config SET value = '999' WHERE key = 'schema_version'", [])?;
    let before = fs::read(&path)?;
    let error = refused(&path)?;
    assert!(matches!(error, OpenError::Newer { found: 999, .. }), "{error:?}");
    assert_eq!(fs::read(&path)?, before);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_file_this_user_may_not_write_is_refused() -> TestResult {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = place()?;
    drop(open(&path)?);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400))?;
    if fs::OpenOptions::new().write(true).open(&path).is_ok() {
        return Ok(()); // The superuser may write it all the same.
    }
    assert!(matches!(refused(&path)?, OpenError::Denied { .. }));
    Ok(())
}

#[test]
fn a_refused_file_can_be_opened_once_it_is_put_right() -> TestResult {
    let (_directory, path) = place()?;
    fs::write(&path, b"garbage")?;
    refused(&path)?;
    fs::remove_file(&path)?;
    assert!(open(&path).is_ok());
    Ok(())
}

#[test]
fn a_path_with_unusual_signs_is_a_path() -> TestResult {
    let (directory, _) = place()?;
    let path = directory.path().join("50% off? #1 ünder.db");
    drop(open(&path)?);
    drop(open(&path)?); // Looked at before it is adopted again.
    assert!(path.exists());
    Ok(())
}
