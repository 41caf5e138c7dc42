//! Deleting by key, without reading first.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;

use super::by_key::{ByKey, Guard};
use super::in_shape::Shape;
use super::plan::{After, Base, Write, target};
use super::returns;
use super::single::delete_request;
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::expr::{IntoCondition, Node};
use crate::key::Key;
use crate::model::Model;
use crate::read::BoxFuture;

/// The delete of one item by key; from [`Model::delete`](crate::Model::delete). `.await` it.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String, visits: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// # for (login, visits) in [("ann", 3), ("bob", 0), ("cid", 0)] {
/// #     Profile { login: login.into(), visits }.insert(&db).await?;
/// # }
/// let unused = Profile::delete(&db, "ann").when(Profile::VISITS.eq(0)).await;
/// assert!(unused.is_err_and(|error| error.is_conflict())); // she was here
/// let ann = Profile::delete(&db, "ann").returning_old().await?;
/// assert_eq!(ann.expect("was there").visits, 3);
/// assert!(Profile::delete(&db, "ann").await.is_err_and(|error| error.is_not_found()));
/// Profile::delete(&db, "ann").unchecked().await?; // whether or not there is one
///
/// Profile::delete(&db, "bob").exactly_once().await?;
/// Profile::delete(&db, "cid").into_sdk()?.send().await?;
/// assert_eq!(Profile::scan(&db).count().await?, 0);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: DeleteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html)
#[must_use = "a delete does nothing until it is awaited"]
pub struct DeleteByKey<'a, M, R = returns::Nothing> {
    db: &'a Database,
    key: Result<Key, EncodeError>,
    expect: Expect,
    types: PhantomData<fn() -> (M, R)>,
}

/// The delete by key of a model with a version: not yet a future.
///
/// A delete that ignores the version must say so. Write [`when`](Self::when) with a condition, or
/// [`unchecked`](Self::unchecked) to delete whatever is there; or load the item and use
/// [`Loaded::delete`](crate::Loaded::delete), which checks the version.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
/// let empty = Account::delete(&db, 1).when(Account::BALANCE.eq(0)).await;
/// assert!(empty.is_err_and(|error| error.is_conflict()));
/// Account::delete(&db, 1).unchecked().await?; // whatever its version is
/// assert!(Account::get(&db, 1).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[must_use = "write `.when(condition)` or `.unchecked()`, and await it"]
pub struct NeedsWhenOrUnchecked<'a, M>(pub(super) DeleteByKey<'a, M>);

enum Expect {
    Exists,
    When(Node),
    Anything,
}

impl<'a, M: Model> NeedsWhenOrUnchecked<'a, M> {
    /// As [`DeleteByKey::when`].
    pub fn when(self, condition: impl IntoCondition<M>) -> DeleteByKey<'a, M> {
        self.0.when(condition)
    }

    /// As [`DeleteByKey::unchecked`].
    pub fn unchecked(self) -> DeleteByKey<'a, M> {
        self.0.unchecked()
    }
}

impl<'a, M: Model> DeleteByKey<'a, M> {
    pub(crate) fn new(db: &'a Database, key: Result<Key, EncodeError>) -> Self {
        Self { db, key, expect: Expect::Exists, types: PhantomData }
    }

    /// Deletes only if the stored item fulfils the condition.
    ///
    /// An item that is stored in an older schema is upgraded first, so that the condition meets today's shape.
    pub fn when(mut self, condition: impl IntoCondition<M>) -> Self {
        self.expect = Expect::When(condition.into_condition().into_node());
        self
    }

    /// Deletes whatever is there, whoever changed it, and succeeds where nothing is.
    pub fn unchecked(mut self) -> Self {
        self.expect = Expect::Anything;
        self
    }

    /// Sends the delete as a transaction of its own, with a token: repeated on a bad network it is made once, and its
    /// outcome is known, unless the deadline passes first: without an answer, or with its condition failing after an
    /// answer was lost. Costs twice as much, and brings nothing back.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::faults::{Fault, Faults};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "profiles", validate = false)]
    /// # struct Profile { #[model(hash_key)] login: String }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let faults = Faults::new();
    /// # let db = Database::new(faults.wrap(&dynamap::embedded::memory()?)?);
    /// # Table::<Profile>::create(&db).await?;
    /// # for login in ["ann", "bob"] { Profile { login: login.into() }.insert(&db).await?; }
    /// faults.next("DeleteItem", Fault::LoseAnswer); // it is gone, and nobody knows by whom
    /// let plain = Profile::delete(&db, "ann").await;
    /// assert!(plain.is_err_and(|error| error.is_outcome_unknown()));
    /// faults.next("TransactWriteItems", Fault::LoseAnswer); // sent again, with its token
    /// Profile::delete(&db, "bob").exactly_once().await?;
    /// assert_eq!(Profile::scan(&db).count().await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn exactly_once(self) -> DeleteByKey<'a, M, returns::Once> {
        self.returning()
    }

    /// Brings the item back as it was; `None` where there was none to delete.
    ///
    /// After a lost answer it is not known what was there: that is [`Error::OutcomeUnknown`], or `None` of an
    /// [`unchecked`](Self::unchecked) delete.
    pub fn returning_old(self) -> DeleteByKey<'a, M, returns::Old> {
        self.returning()
    }

    fn returning<R>(self) -> DeleteByKey<'a, M, R> {
        let Self { db, key, expect, .. } = self;
        DeleteByKey { db, key, expect, types: PhantomData }
    }
}

impl<M: Model, R: returns::Return> DeleteByKey<'_, M, R> {
    pub(crate) fn database(&self) -> &Database {
        self.db
    }

    /// Which item it is about.
    ///
    /// # Errors
    /// `Encode`.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let layout = M::layout();
        let key = self.key.clone().map_err(|error| Error::encode(layout, error))?;
        Ok(target(self.db, layout, key))
    }

    pub(super) fn plan(self) -> Result<ByKey, Error> {
        let layout = M::layout();
        let key = self.key.map_err(|error| Error::encode(layout, error))?;
        let exists = Node::exists(layout.hash_key.name);
        let mut write = Write::new(layout, target(self.db, layout, key), Base::Any, After::Gone);
        write.once = R::ONCE;
        write.returns = R::RETURNS;
        let (condition, guard) = match self.expect {
            Expect::Anything => (None, Guard::None),
            // An older item may tell only by its upgrade whose it is.
            Expect::Exists if layout.discriminator.is_some() => {
                (Some(exists), Guard::Shape(Shape::default()))
            }
            Expect::Exists => (Some(exists), Guard::None),
            Expect::When(condition) => {
                let shape = Shape::of_condition::<M>(&condition)?;
                (Some(exists.and(condition)), Guard::Shape(shape))
            }
        };
        write.condition = condition;
        Ok(ByKey { write, guard })
    }

    async fn run(self) -> Result<R::Of<M>, Error> {
        let db = self.db;
        self.plan()?.returning::<M, R>(db).await
    }

    /// The request as a builder of the SDK; see [`Update::into_sdk`](super::Update::into_sdk).
    ///
    /// # Errors
    /// `Encode`, `Limit`: what is found before anything is sent; `Usage` where the delete is no single request, as there.
    pub fn into_sdk(self) -> Result<DeleteItemFluentBuilder, Error> {
        let db = self.db;
        let rendered = self.plan()?.render(db)?;
        Ok(delete_request(db.client(), rendered.returns, rendered.parts))
    }
}

impl<'a, M: Model, R: returns::Return> IntoFuture for DeleteByKey<'a, M, R> {
    type Output = Result<R::Of<M>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for NeedsWhenOrUnchecked<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<M, R> fmt::Debug for DeleteByKey<'_, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteByKey").field("key", &self.key).finish_non_exhaustive()
    }
}
