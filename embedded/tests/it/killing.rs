//! A process that is killed while it changes tables.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::children::Played;
use crate::support::{TestResult, count, indexes, place, put, tables};

/// SQLite tables of a wide table: its items, thirteen global indexes, one local one.
const WIDE: u32 = 15;

/// What a killed child is known to have done.
#[derive(Default)]
struct Known {
    /// Acknowledged, and not about to be deleted.
    created: BTreeSet<String>,
    indexed: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Known {
    fn note(&mut self, said: &str) {
        match said.split_once(' ') {
            Some(("created", table)) => drop(self.created.insert(table.to_owned())),
            Some(("indexed", table)) => drop(self.indexed.insert(table.to_owned())),
            Some(("deleting", table)) => drop(self.created.remove(table)),
            Some(("deleted", table)) => drop(self.deleted.insert(table.to_owned())),
            _ => {}
        }
    }
}

/// Hears so many things from the child and waits until `now` says so; then kills the child.
fn kill_when(
    mut child: Played,
    things: usize,
    mut now: impl FnMut() -> Result<bool, Box<dyn Error>>,
) -> Result<Known, Box<dyn Error>> {
    let mut known = Known::default();
    for _ in 0..things {
        known.note(&child.hear()?.ok_or("the child ended by itself")?);
    }
    while !now()? {
        child.check_running()?;
        std::thread::yield_now();
    }
    child.kill()?;
    while let Some(said) = child.hear()? {
        known.note(&said);
    }
    Ok(known)
}

/// Opens the file of a killed child: every table is usable, none acknowledged is lost and none deleted is back.
async fn check(path: &Path, known: &Known) -> TestResult {
    let client = dynamap_embedded::open(path)?;
    let listed: BTreeSet<String> = tables(&client).await?.into_iter().collect();
    assert!(known.created.is_subset(&listed), "lost: {:?}", known.created.difference(&listed));
    assert!(known.deleted.is_disjoint(&listed), "back: {:?}", known.deleted.intersection(&listed));
    for table in &listed {
        put(&client, table, "y").await?;
        let items = count(&client, table, None).await?;
        let names = indexes(&client, table).await?;
        assert!(
            names.contains(&"by_colour".to_owned()) || !known.indexed.contains(table),
            "{table}: {names:?}"
        );
        for index in &names {
            assert_eq!(count(&client, table, Some(index)).await?, items, "{table} {index}");
        }
        client.delete_table().table_name(table).send().await?;
    }
    Ok(())
}

/// How many SQLite tables the tables and indexes in the file have.
fn sqlite_tables(path: &Path) -> Result<u32, Box<dyn Error>> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name LIKE 'table%'";
    Ok(file.query_row(sql, [], |row| row.get(0))?)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_usable_and_none_acknowledged_is_lost_after_a_kill() -> TestResult {
    for things in 1..=8 {
        let (_directory, path) = place()?;
        let child = Played::start("change tables", &path)?;
        let known = kill_when(child, things, || Ok(true))?;
        check(&path, &known).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_whole_or_gone_after_a_kill_in_the_middle_of_its_creation() -> TestResult {
    for made in [1, 4, 8, 12, WIDE] {
        let (_directory, path) = place()?;
        let child = Played::start("create and delete", &path)?;
        let known = kill_when(child, 1, || Ok(sqlite_tables(&path)? >= made))?;
        check(&path, &known).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_gone_after_a_kill_in_the_middle_of_its_deletion() -> TestResult {
    for left in [WIDE - 1, 8, 4, 1, 0] {
        let (_directory, path) = place()?;
        // "open", "created", "deleting"
        let child = Played::start("create and delete", &path)?;
        let known = kill_when(child, 3, || Ok(sqlite_tables(&path)? <= left))?;
        check(&path, &known).await?;
    }
    Ok(())
}
