//! Saving and deleting what was loaded.

use super::apply::apply;
use super::plan::{Write, difference};
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::item::Item;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::reader::Reader as _;

impl<M: Model> Loaded<M> {
    /// Writes the changes back, provided that nobody else changed the item since it was read.
    ///
    /// Sends only the attributes that differ, raises the version by one (also when nothing differs), and finishes an
    /// upgrade that was made on read. On success this value is as it is stored: with the new version, normalised, with
    /// its automatic fields. On failure it is as it was, and a [`Conflict`](Error::Conflict) carries the winner.
    ///
    /// If the future is dropped half-way the item may or may not have been written; this value is as it was, and a
    /// later save is a conflict if it had been.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `KeyChanged` before anything is sent; [`Error::Conflict`]; `OutcomeUnknown`; what the
    /// service says.
    ///
    /// [AWS: optimistic locking](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BestPractices_OptimisticLocking.html)
    pub async fn save(&mut self, db: &Database) -> Result<(), Error> {
        let (write, model) = Write::save(db, self)?;
        self.write_back(db, write, model).await
    }

    /// As [`save`](Loaded::save), provided that nothing at all has changed: where the item has no version, all of its
    /// attributes are compared with what was read, and not only those that this save changes.
    ///
    /// # Errors
    /// As [`save`](Loaded::save); [`Error::Limit`] where the item has more attributes than one condition can compare.
    pub async fn save_if_unchanged(&mut self, db: &Database) -> Result<(), Error> {
        let (write, model) = Write::save(db, self)?;
        self.write_back(db, write.comparing_all(), model).await
    }

    async fn write_back(&mut self, db: &Database, write: Write, model: M) -> Result<(), Error> {
        let mut after = apply(db, &[write]).await?;
        **self = model;
        if let Some(image) = after.pop().flatten() {
            self.settle(image);
        }
        Ok(())
    }

    /// What a save would send: the attributes to set, and the names of those to remove, apart from version and nonce,
    /// and from what the model's hooks and automatic fields add then.
    ///
    /// # Errors
    /// `Encode`, `KeyChanged`.
    pub fn changes(&self) -> Result<(Item, Vec<String>), Error> {
        let table = M::layout().table;
        let target = self.target(table, &self.as_read(table)?, self)?;
        let (mut set, mut removed) = (Item::new(), Vec::new());
        for name in difference(self.image(), &target) {
            match target.get(name) {
                Some(value) => drop(set.insert(name, value.clone())),
                None => removed.push(name.to_owned()),
            }
        }
        Ok((set, removed))
    }

    /// Reads the item again, consistently, and forgets unsaved changes.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the item is gone; `Decode`, `SchemaTooNew`, `Upgrade` where it cannot be read any more;
    /// what the service says. This value is as it was then.
    pub async fn reload(&mut self, db: &Database) -> Result<(), Error> {
        let table = db.table_name(M::layout());
        let item = db.read_item(M::layout(), self.key(), true).await?;
        let item = item.ok_or_else(|| Error::not_found(&table, self.key()))?;
        *self = decode(&table, self.key(), item)?;
        Ok(())
    }

    /// Deletes the item, provided that nobody else changed it since it was read, and returns the plain model.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the item as it is now; `OutcomeUnknown` where the answer was lost and the item is
    /// gone, since somebody else may have deleted it; what the service says.
    pub async fn delete(self, db: &Database) -> Result<M, Error> {
        let write = Write::delete(db, &self);
        apply(db, &[write]).await?;
        Ok(self.into_inner())
    }
}
