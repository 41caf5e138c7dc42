//! What a program writes in a transaction.

use std::marker::PhantomData;

use dynamap_mapper::write::{ByKeyWrite, Planned, Write, evict, prepare};
use dynamap_mapper::{Error, IntoCondition, Loaded, Model, Reader as _, WriteVerb};

use super::{Transaction, next_number};
use crate::buffer::{Draft, Known};
use crate::receipt::Handle;

impl Transaction {
    /// Writes a loaded item back at commit.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `KeyChanged`; [`Error::Conflict`] where this transaction has read or written the item
    /// otherwise since it was loaded; [`Error::Usage`] on a finished transaction or under an open nested one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an object that is written must not be written again"
    )]
    pub fn save<M: Model>(&self, loaded: Loaded<M>) -> Result<Handle<M>, Error> {
        self.fold(Write::save(self.database(), &loaded)?.0)
    }

    /// Stores a new item at commit. An auto-increment key is taken then; the [`Receipt`](crate::Receipt) holds it. Hooks run, and
    /// other automatic fields are filled, now.
    ///
    /// # Errors
    /// As [`save`](Transaction::save); [`Error::Conflict`] where this transaction knows that the key is taken.
    pub fn insert<M: Model>(&self, model: M) -> Result<Handle<M>, Error> {
        let mut model = prepare(self.database(), model, WriteVerb::Insert, None)?;
        if !M::layout().auto_increment {
            return self.fold(Write::insert(self.database(), &mut model, None)?);
        }
        let number = next_number();
        let draft = Draft {
            layout: M::layout(),
            number,
            refused: None,
            finish: Box::new(move |db, id| Write::insert(db, &mut model, Some(id))),
        };
        self.writable()?.buffer.add_draft(draft);
        Ok(Handle { number, target: None, model: PhantomData })
    }

    /// As [`insert`](Transaction::insert), and keeps the key that the model holds where it would be taken from a counter.
    /// The counter is raised to it at commit.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// let tx = Transaction::begin(&db);
    /// tx.insert_with_own_key(Account { id: 1_000, balance: 0 })?; // from another system
    /// tx.commit().await?;
    /// assert_eq!(Account { id: 0, balance: 0 }.insert(&db).await?.id, 1_001);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`insert`](Transaction::insert).
    pub fn insert_with_own_key<M: Model>(&self, model: M) -> Result<Handle<M>, Error> {
        let mut model = prepare(self.database(), model, WriteVerb::Insert, None)?;
        let write = Write::insert(self.database(), &mut model, None)?;
        let key = write.target().key.clone();
        let handle = self.fold(write)?;
        if M::layout().auto_increment {
            self.writable()?.buffer.add_own_key(M::layout(), key);
        }
        Ok(handle)
    }

    /// Deletes a loaded item at commit.
    ///
    /// # Errors
    /// As [`save`](Transaction::save).
    #[expect(clippy::needless_pass_by_value, reason = "an object that is deleted is gone")]
    pub fn delete<M: Model>(&self, loaded: Loaded<M>) -> Result<Handle<M>, Error> {
        self.fold(Write::delete(self.database(), &loaded))
    }

    /// Writes an item by key at commit, without reading it: [`Model::update`], or [`Model::delete`] with `.when(…)` or
    /// `.unchecked()`.
    ///
    /// The item itself is not checked, apart from the write's own conditions: transactions that add to one counter are
    /// not in each other's way longer than it takes to apply them. Where the transaction knows the item the write is made
    /// of what it knows, at once, and checked as a save is. An item of an older schema is upgraded with the write.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, open: bool, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # for id in [1, 2] { Account { id, balance: 100, open: true, version: 0 }.insert(&db).await?; }
    /// let tx = Transaction::begin(&db);
    /// let solvent = Account::BALANCE.ge(30).label("solvent");
    /// tx.write(Account::update(&db, 1).decrement(Account::BALANCE, 30).when(solvent))?;
    /// tx.write(Account::update(&db, 2).increment(Account::BALANCE, 30))?;
    /// tx.commit().await?;
    /// assert_eq!(Account::get(&db, 2).await?.expect("there").balance, 130);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Encode`; [`Error::NotFound`] and [`Error::Conflict`] where the transaction knows the item and the write cannot be
    /// made of it; [`Error::Usage`] where it depends on what an earlier write by key leaves: get the item in between. At
    /// commit, [`Error::Conflict`] with [`Failure::labels`](dynamap_mapper::error::Failure::labels) where a condition does
    /// not hold.
    pub fn write<W: ByKeyWrite>(&self, write: W) -> Result<Handle<W::Model>, Error> {
        let (planned, db) = write.planned()?;
        if !self.database().is_same(&db) {
            return Err(Error::Usage(
                "the write was built for another database than that of the transaction",
            ));
        }
        self.fold_by_key(planned)
    }

    /// Requires at commit that an item fulfils a condition, without reading it.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, open: bool, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # for id in [1, 2] { Account { id, balance: 100, open: id == 1, version: 0 }.insert(&db).await?; }
    /// let tx = Transaction::begin(&db);
    /// tx.write(Account::update(&db, 1).add(Account::BALANCE, 1))?;
    /// let two = tx.require::<Account>(2, Account::OPEN.eq(true).label("open"))?;
    /// let error = tx.commit().await.expect_err("it is closed");
    /// assert_eq!(two.failure(&error).expect("its failure").labels(), ["open"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`write`](Transaction::write).
    pub fn require<M: Model>(
        &self,
        key: M::KeyRef<'_>,
        condition: impl IntoCondition<M>,
    ) -> Result<Handle<M>, Error> {
        let condition = condition.into_condition();
        self.fold_by_key(Planned::check::<M>(self.database(), M::encode_key(key), condition)?)
    }

    /// Requires at commit that a loaded item is as it was when it was read.
    ///
    /// Items read through the transaction are checked anyway; this is for items that were read before it.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
    /// let one = Account::get(&db, 1).await?.expect("there"); // a customer looks at it
    /// let tx = Transaction::begin(&db);
    /// tx.check(&one)?;
    /// tx.insert(Account { id: 2, balance: one.balance / 10, version: 0 })?;
    /// Account::update(&db, 1).add(Account::BALANCE, -50).await?; // somebody else
    /// assert!(tx.commit().await.is_err_and(|error| error.is_conflict()));
    /// assert!(Account::get(&db, 2).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`save`](Transaction::save).
    pub fn check<M: Model>(&self, loaded: &Loaded<M>) -> Result<Handle<M>, Error> {
        self.fold(Write::check(self.database(), loaded))
    }

    fn fold<M: Model>(&self, write: Write) -> Result<Handle<M>, Error> {
        let target = write.target().clone();
        let below = self.below(&target);
        let number = next_number();
        let folded = self.writable()?.buffer.fold(write, number, below);
        folded.inspect_err(|error| evict(self.database(), error))?;
        Ok(Handle { number, target: Some(target), model: PhantomData })
    }

    fn fold_by_key<M: Model>(&self, planned: Planned) -> Result<Handle<M>, Error> {
        let target = planned.target().clone();
        match self.known(&target) {
            None | Some(Known::ByKey) => {
                let below = self.below(&target);
                let number = next_number();
                self.writable()?.buffer.fold_by_key(planned, number, below.as_ref())?;
                Ok(Handle { number, target: Some(target), model: PhantomData })
            }
            Some(known) => self.fold(planned.on(known.into_item())?),
        }
    }
}
