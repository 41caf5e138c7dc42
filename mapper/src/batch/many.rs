//! Inserts and saves of many models, several under way at once, each with a result of its own.

use std::fmt;
use std::future::IntoFuture;

use futures_util::stream::{self, StreamExt as _};

use super::WRITES_AT_ONCE;
use crate::database::Database;
use crate::error::Error;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;

/// The inserts of many models; from [`Model::insert_many`]. `.await` it: a result for each model, in their order.
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
/// # Account { id: 2, balance: 9, version: 0 }.insert(&db).await?;
/// let accounts: Vec<Account> = (1..=3).map(|id| Account { id, balance: 5, version: 0 }).collect();
/// let results = Account::insert_many(&db, accounts.clone()).at_once(2).await;
/// let failed = accounts.iter().zip(&results).filter(|(_, result)| result.is_err());
/// assert_eq!(failed.map(|(account, _)| account.id).collect::<Vec<_>>(), [2]); // somebody has that id
/// assert_eq!(Account::scan(&db).count().await?, 3);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html)
#[must_use = "inserts do nothing until they are awaited"]
pub struct InsertMany<'a, M> {
    db: &'a Database,
    models: Vec<M>,
    at_once: usize,
}

impl<'a, M: Model> InsertMany<'a, M> {
    pub(crate) fn new(db: &'a Database, models: Vec<M>) -> Self {
        Self { db, models, at_once: WRITES_AT_ONCE }
    }

    /// How many inserts are under way at once; default 16, at least 1.
    pub fn at_once(mut self, at_once: usize) -> Self {
        self.at_once = at_once.max(1);
        self
    }
}

impl<'a, M: Model> IntoFuture for InsertMany<'a, M> {
    type Output = Vec<Result<Loaded<M>, Error>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { db, models, at_once } = self;
        let inserts = stream::iter(models).map(|model| model.insert(db).into_future());
        Box::pin(inserts.buffered(at_once).collect())
    }
}

/// The saves of many loaded models; from [`Model::save_many`]. `.await` it: a result for each model, in their order. One
/// that fails leaves its model as it was.
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
/// # let stored = Account::insert_many(&db, (1..=2).map(|id| Account { id, balance: 5, version: 0 })).await;
/// # let mut accounts = stored.into_iter().collect::<Result<Vec<_>, _>>()?;
/// accounts.iter_mut().for_each(|account| account.balance += 1);
/// Account::update(&db, 1).add(Account::BALANCE, 100).await?; // somebody is faster with the first one
/// let results = Account::save_many(&db, &mut accounts).at_once(2).await;
/// assert!(results[0].as_ref().is_err_and(|error| error.is_conflict()) && results[1].is_ok());
/// assert_eq!((accounts[0].version, accounts[1].version), (1, 2));
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 105);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
#[must_use = "saves do nothing until they are awaited"]
pub struct SaveMany<'a, M> {
    db: &'a Database,
    loaded: &'a mut [Loaded<M>],
    at_once: usize,
}

impl<'a, M: Model> SaveMany<'a, M> {
    pub(crate) fn new(db: &'a Database, loaded: &'a mut [Loaded<M>]) -> Self {
        Self { db, loaded, at_once: WRITES_AT_ONCE }
    }

    /// How many saves are under way at once; default 16, at least 1.
    pub fn at_once(mut self, at_once: usize) -> Self {
        self.at_once = at_once.max(1);
        self
    }
}

impl<'a, M: Model> IntoFuture for SaveMany<'a, M> {
    type Output = Vec<Result<(), Error>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { db, loaded, at_once } = self;
        let save = |loaded: &'a mut Loaded<M>| -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(loaded.save(db))
        };
        let saves: Vec<_> = loaded.iter_mut().map(save).collect();
        Box::pin(stream::iter(saves).buffered(at_once).collect())
    }
}

impl<M> fmt::Debug for InsertMany<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsertMany").field("models", &self.models.len()).finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for SaveMany<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveMany").field("models", &self.loaded.len()).finish_non_exhaustive()
    }
}
