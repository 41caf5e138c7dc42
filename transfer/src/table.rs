//! A table that is named at run time, and what can be done with all of it.

use std::path::Path;

use dynamap_mapper::Database;
use dynamap_mapper::raw::{RawTable, ScanTerms};

use crate::copy::Copy;
use crate::digest::Digest;
use crate::error::TransferError;
use crate::export::Export;
use crate::import::Import;

/// In how many segments a table is read, where the program does not say.
pub(crate) const SEGMENTS: usize = 8;

/// A table by its name, without the database's prefix: for jobs on whole tables, whatever their items are.
///
/// Items are handled as they are stored: with their versions, schemas and nonces, and with those of models that this
/// program does not know. Take a [limited](Database::limited) handle to leave capacity to others.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::table;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # let other = Database::builder(db.client().clone()).table_prefix("staging_").build();
/// # Table::<DoomMap>::create(&db).await?;
/// # Table::<DoomMap>::create(&other).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map, version: 0 }.insert(&db).await?; }
/// let copy = table(&db, "maps").copy_to(table(&other, "maps")); // another prefix, region, account
/// assert_eq!(copy.run().await?.progress.written, 9);
/// assert!(copy.verify().await?.is_equal());
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("maps");
/// table(&db, "maps").export_to(&folder).run().await?; // gzipped DynamoDB JSON, as AWS exports it
/// # Table::<DoomMap>::delete(&other).with_all_items().await?;
/// # Table::<DoomMap>::create(&other).await?;
/// table(&other, "maps").import_from(&folder).run().await?;
/// assert_eq!(table(&db, "maps").digest().await?, table(&other, "maps").digest().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NamedTable<'a> {
    db: &'a Database,
    name: &'a str,
}

/// The table of this name behind the database's prefix. Nothing is sent; a job on it finds out whether it is there.
#[must_use]
pub fn table<'a>(db: &'a Database, name: &'a str) -> NamedTable<'a> {
    NamedTable { db, name }
}

impl<'a> NamedTable<'a> {
    /// A job that copies every item into another table, of the same database or any other one.
    pub fn copy_to(self, target: NamedTable<'a>) -> Copy<'a> {
        Copy::of(self, target)
    }

    /// A job that writes every item into files in a folder.
    pub fn export_to(self, folder: impl AsRef<Path>) -> Export<'a> {
        Export::of(self, folder.as_ref())
    }

    /// A job that stores the items of files: of a folder that [`export_to`](Self::export_to) has filled, of one that an
    /// export of AWS to S3 was fetched into, or of one file.
    pub fn import_from(self, path: impl AsRef<Path>) -> Import<'a> {
        Import::of(self, path.as_ref())
    }

    /// What tells whether two tables hold the same. Reads the whole table, consistently.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::transfer::table;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// DoomMap { episode: 1, map: 1 }.insert(&db).await?;
    /// let before = table(&db, "maps").digest().await?;
    /// DoomMap { episode: 1, map: 2 }.insert(&db).await?;
    /// let after = table(&db, "maps").digest().await?;
    /// assert_eq!((before.items, after.items), (1, 2));
    /// assert_ne!(before, after);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the service says.
    pub async fn digest(self) -> Result<Digest, TransferError> {
        let terms = ScanTerms { segments: SEGMENTS, page_size: None, consistent: true };
        Digest::of(&self.described().await?, terms, |item| Ok(vec![item])).await
    }

    /// The table with its keys.
    pub(crate) async fn described(self) -> Result<RawTable, TransferError> {
        Ok(RawTable::of(self.db, self.name).await?)
    }

    /// Whether both are the same, as far as that can be seen without a request.
    pub(crate) fn is_plainly(self, other: NamedTable<'_>) -> bool {
        self.db.is_same(other.db) && self.name == other.name
    }

    pub(crate) fn name(self) -> &'a str {
        self.name
    }
}
