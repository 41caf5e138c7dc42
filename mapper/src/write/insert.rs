//! Storing a new item.

use std::fmt;
use std::future::IntoFuture;

use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;

use super::apply::apply;
use super::derived::single_request;
use super::plan::{Write, target};
use super::prepare::prepare;
use super::render::render;
use super::single::put_request;
use crate::automatic::WriteVerb;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::sequence;

/// The insert of one model; from [`Model::insert`]. `.await` it.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let account = |id| Account { id, balance: 5 };
/// assert_eq!(account(0).insert(&db).await?.id, 1);
/// assert_eq!(account(500).insert(&db).with_own_key().exactly_once().await?.id, 500);
/// assert_eq!(account(0).insert(&db).await?.id, 501);
///
/// let taken = account(500).insert(&db).with_own_key().await;
/// assert!(taken.is_err_and(|error| error.is_conflict()));
/// account(0).insert(&db).into_sdk().await?.send().await?; // with the next id
/// assert_eq!(Account::get(&db, 502).await?.expect("there").balance, 5);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html)
#[must_use = "an insert does nothing until it is awaited"]
pub struct Insert<'a, M> {
    db: &'a Database,
    model: M,
    own_key: bool,
    once: bool,
    /// Whether the model is as it is to be written.
    is_ready: bool,
}

impl<'a, M: Model> Insert<'a, M> {
    pub(crate) fn new(db: &'a Database, model: M) -> Self {
        Self { db, model, own_key: false, once: false, is_ready: false }
    }

    /// Keeps the key that the model holds, where it would be taken from a counter.
    ///
    /// The counter is raised to the key first, so that it is never given out again. Where ids are taken in blocks, those
    /// of this program's memory up to the key are a gap.
    pub fn with_own_key(mut self) -> Self {
        self.own_key = true;
        self
    }

    /// Sends the insert as a transaction of its own, with a token: repeated on a bad network it is made once, also where
    /// somebody deletes the new item at once, and its outcome is known, unless the deadline passes first: without an
    /// answer, or with the key taken after an answer was lost. Costs twice as much.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::faults::{Fault, Faults};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let faults = Faults::new();
    /// # let db = Database::new(faults.wrap(&dynamap::embedded::memory()?)?);
    /// # Table::<Account>::create(&db).await?;
    /// let account = |id| Account { id, balance: 5, version: 0 };
    /// faults.next("PutItem", Fault::DropBefore); // nobody knows whether it arrived
    /// let plain = account(1).insert(&db).await;
    /// assert!(plain.is_err_and(|error| error.is_outcome_unknown()));
    /// faults.next("TransactWriteItems", Fault::DropBefore); // it is sent again
    /// assert_eq!(account(2).insert(&db).exactly_once().await?.version, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn exactly_once(mut self) -> Self {
        self.once = true;
        self
    }

    pub(crate) fn database(&self) -> &Database {
        self.db
    }

    /// Which item it will be; `None` where its key is to be taken from a counter. Final once it is
    /// [`ready`](Self::ready).
    ///
    /// # Errors
    /// `Encode`.
    pub(crate) fn target(&self) -> Result<Option<Target>, Error> {
        let layout = M::layout();
        if layout.auto_increment && !self.own_key {
            return Ok(None);
        }
        let key = self.model.key().map_err(|error| Error::encode(layout, error))?;
        Ok(Some(target(self.db, layout, key)))
    }

    /// The same with the model as it is to be written.
    ///
    /// # Errors
    /// `Invalid` and `Encode`.
    pub(crate) fn ready(mut self) -> Result<Self, Error> {
        if !self.is_ready {
            self.model = prepare(self.db, self.model, WriteVerb::Insert, None)?;
            self.is_ready = true;
        }
        Ok(self)
    }

    /// The write, and the model as it is then stored. Takes the id.
    async fn plan(self) -> Result<(Write, M), Error> {
        let layout = M::layout();
        let Self { db, mut model, own_key, once, .. } = self.ready()?;
        let id = match (layout.auto_increment, own_key) {
            (false, _) => None,
            (true, false) => Some(sequence::next(db, layout).await?),
            (true, true) => {
                let key = model.key().map_err(|error| Error::encode(layout, error))?;
                sequence::raise(db, layout, &key).await?;
                None
            }
        };
        let mut write = Write::insert(db, &mut model, id)?;
        write.once = once;
        Ok((write, model))
    }

    async fn run(self) -> Result<Loaded<M>, Error> {
        let db = self.db;
        let (write, model) = self.plan().await?;
        let key = write.target().key.clone();
        let mut after = apply(db, &[write]).await?;
        Ok(Loaded::written(model, key, after.pop().flatten().unwrap_or_default()))
    }

    /// The request as a builder of the SDK; see [`Update::into_sdk`](super::Update::into_sdk). Takes the id of an
    /// auto-increment key.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `Limit`: what is found before anything is sent; `Usage` where the insert is no single request:
    /// where it is sent [`exactly_once`](Insert::exactly_once), or has unique values or views. What the service says where
    /// an id is taken.
    pub async fn into_sdk(self) -> Result<PutItemFluentBuilder, Error> {
        if self.once {
            return Err(Error::Usage(
                "`exactly_once` is not a PutItem: remove it, or await the insert",
            ));
        }
        let db = self.db;
        let (write, _) = self.plan().await?;
        single_request(&write)?;
        let rendered = render(db, &write, &db.nonce())?;
        Ok(put_request(db.client(), rendered.item(), rendered.parts))
    }
}

impl<'a, M: Model> IntoFuture for Insert<'a, M> {
    type Output = Result<Loaded<M>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for Insert<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insert").field("own_key", &self.own_key).finish_non_exhaustive()
    }
}
