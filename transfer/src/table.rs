//! What can be done with all of a table that is named at run time.

use std::future::Future;
use std::path::Path;

use dynamap_mapper::NamedTable;
use dynamap_mapper::raw::{RawTable, ScanTerms};

use crate::copy::Copy;
use crate::digest::Digest;
use crate::error::TransferError;
use crate::export::Export;
use crate::import::Import;

/// In how many segments a table is read, where the program does not say.
pub(crate) const SEGMENTS: usize = 8;

/// Jobs on whole tables, whatever their items are: begun from a [`NamedTable`].
///
/// Items are handled as they are stored: with their versions, schemas and nonces, and with those of models that this
/// program does not know. Take a [limited](dynamap_mapper::Database::limited) handle to leave capacity to others.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::Transfer as _;
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
/// let copy = db.table("maps").copy_to(other.table("maps")); // another prefix, region, account
/// assert_eq!(copy.run().await?.progress.written, 9);
/// assert!(copy.verify().await?.is_equal());
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("maps");
/// db.table("maps").export_to(&folder).run().await?; // gzipped DynamoDB JSON, as AWS exports it
/// # Table::<DoomMap>::delete(&other).with_all_items().await?;
/// # Table::<DoomMap>::create(&other).await?;
/// other.table("maps").import_from(&folder).run().await?;
/// assert_eq!(db.table("maps").digest().await?, other.table("maps").digest().await?);
/// # Ok(())
/// # }
/// ```
pub trait Transfer<'a> {
    /// A job that copies every item into another table, of the same database or any other one.
    fn copy_to(&self, target: NamedTable<'a>) -> Copy<'a>;

    /// A job that writes every item into files in a folder.
    fn export_to(&self, folder: impl AsRef<Path>) -> Export<'a>;

    /// A job that stores the items of files: of a folder that [`export_to`](Self::export_to) has filled, of one that an
    /// export of AWS to S3 was fetched into, or of one file.
    fn import_from(&self, path: impl AsRef<Path>) -> Import<'a>;

    /// What tells whether two tables hold the same. Reads the whole table, consistently.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::transfer::Transfer as _;
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// DoomMap { episode: 1, map: 1 }.insert(&db).await?;
    /// let before = db.table("maps").digest().await?;
    /// DoomMap { episode: 1, map: 2 }.insert(&db).await?;
    /// let after = db.table("maps").digest().await?;
    /// assert_eq!((before.items, after.items), (1, 2));
    /// assert_ne!(before, after);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the service says.
    fn digest(&self) -> impl Future<Output = Result<Digest, TransferError>> + Send;
}

impl<'a> Transfer<'a> for NamedTable<'a> {
    fn copy_to(&self, target: NamedTable<'a>) -> Copy<'a> {
        Copy::of(self.clone(), target)
    }

    fn export_to(&self, folder: impl AsRef<Path>) -> Export<'a> {
        Export::of(self.clone(), folder.as_ref())
    }

    fn import_from(&self, path: impl AsRef<Path>) -> Import<'a> {
        Import::of(self.clone(), path.as_ref())
    }

    async fn digest(&self) -> Result<Digest, TransferError> {
        let terms = ScanTerms { segments: SEGMENTS, page_size: None, consistent: true };
        Digest::of(&raw(self).await?, terms, |item| Ok(vec![item])).await
    }
}

/// The table with its keys.
pub(crate) async fn raw(table: &NamedTable<'_>) -> Result<RawTable, TransferError> {
    Ok(RawTable::of(table.database(), table.name()).await?)
}
