//! What a program writes in a session, and reads again.

use dynamap_mapper::error::Target;
use dynamap_mapper::model::Layout;
use dynamap_mapper::{Database, Error, Item, Key, Loaded, Model, Overlay, Reader};

use super::Session;
use crate::receipt::Handle;

impl Session {
    /// Writes a loaded item back at the next flush. What is saved takes the place of what the session knew; a second
    /// save of the same item is one write with the first. Without any change nothing is written; an upgrade is one.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `KeyChanged`; [`Error::Conflict`] for a copy that is older than what the session knows: get
    /// the item again, which costs nothing. The session is as it was.
    pub fn save<M: Model>(&self, loaded: Loaded<M>) -> Result<Handle<M>, Error> {
        let (set, removed) = loaded.changes()?;
        self.asked(if set.is_empty() && removed.is_empty() {
            self.tx.check(&loaded)
        } else {
            self.tx.save(loaded)
        })
    }

    /// Stores a new item at the next flush. An auto-increment key is taken then, and is in
    /// [`Flushed::take`](super::Flushed::take); until then reads do not find the item. Where that key is taken the flush
    /// says [`Error::Conflict`], and the item waits for another one, which the next flush takes; to
    /// [`refresh`](Session::refresh) the key that is taken gives the insert up. Hooks run, and other automatic fields are
    /// filled, now.
    ///
    /// # Errors
    /// As [`save`](Session::save); [`Error::Conflict`] where the session knows that the key is taken.
    pub fn insert<M: Model>(&self, model: M) -> Result<Handle<M>, Error> {
        self.asked(self.tx.insert(model))
    }

    /// Deletes a loaded item at the next flush; the session sees it as absent from now on. What the session itself
    /// inserted, and has not flushed, is never sent; where a flush has sent it without an answer, it may be stored, and
    /// flushes say [`Error::OutcomeUnknown`] until it is [refreshed](Session::refresh).
    ///
    /// # Errors
    /// As [`save`](Session::save).
    pub fn delete<M: Model>(&self, loaded: Loaded<M>) -> Result<Handle<M>, Error> {
        self.asked(self.tx.delete(loaded))
    }

    /// Reads an item from the store again, and forgets what the session would write to it: after a conflict, to make the
    /// change anew. Where an insert was refused since its id from the counter is this item's, it is given up.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Session, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 100, version: 0 }.insert(&db).await?;
    /// let mut session = Session::of(&db);
    /// let mut account = Account::get(&session, 1).await?.expect("there");
    /// account.balance += 1;
    /// session.save(account)?;
    /// Account::update(&db, 1).add(Account::BALANCE, 10).await?; // somebody else
    ///
    /// assert!(session.flush().await.into_result().is_err_and(|error| error.is_conflict()));
    /// let mut account = session.refresh::<Account>(1).await?.expect("there");
    /// account.balance += 1;
    /// session.save(account)?;
    /// session.flush().await.into_result()?;
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 111);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Encode`, and what the service says: the session is as it was. `Decode`, `SchemaTooNew`, `Upgrade` for an item
    /// that cannot be read.
    pub async fn refresh<M: Model>(
        &mut self,
        key: M::KeyRef<'_>,
    ) -> Result<Option<Loaded<M>>, Error> {
        M::get(&Fresh(self), key).await
    }

    fn asked<M: Model>(&self, handle: Result<Handle<M>, Error>) -> Result<Handle<M>, Error> {
        if handle.is_ok() {
            self.state().counts.verbs += 1;
        }
        handle
    }
}

/// Reads items from the store, whatever the session knows, which is then what it read.
struct Fresh<'s>(&'s Session);

impl Reader for Fresh<'_> {
    fn database(&self) -> &Database {
        self.0.database()
    }

    async fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        _consistent: bool,
    ) -> Result<Option<Item>, Error> {
        let item = self.database().read_item(layout, key, true).await?;
        let target = Target { table: self.database().table_name(layout), key: key.clone() };
        let withdrawn = self.0.tx.state().buffer.withdraw(&target);
        let mut state = self.0.state();
        state.unanswered.remove(&target);
        state.inserted.retain(|number, _| !withdrawn.contains(number));
        drop(state);
        self.0.tx.replace(target, layout, item.clone());
        Ok(item)
    }

    fn overlay(&self) -> Option<&dyn Overlay> {
        Some(self.0)
    }
}
