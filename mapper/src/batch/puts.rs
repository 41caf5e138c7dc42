//! Puts and deletes of many items without a condition: what is there is replaced, or gone.

use std::fmt;
use std::future::IntoFuture;

use super::AT_ONCE;
use super::writes::{Once, Writes};
use crate::automatic::WriteVerb;
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::{Error, OutcomeUnknown, Unwritten};
use crate::item::Item;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::write::{Write, prepare};

/// The puts of many models, each in the place of whatever item is there; from [`Model::put_many`]. `.await` it.
///
/// Each model is prepared as by [`upsert`](Model::upsert): automatic fields, normal form, hooks, validation. But nothing
/// is read and nothing is expected: attributes that the struct does not know are gone, and so is an item of a newer
/// schema. `BatchWriteItem` knows no conditions, and a read before would cost as much as writing one by one, and see
/// nothing of what comes after it. While programs of two major schemas write one table, use `upsert` or
/// [`insert_many`](Model::insert_many), which refuse such items.
///
/// What the service leaves unprocessed is sent again at once, in full requests. A request that gets nowhere is sent
/// again after a pause with full jitter, until the deadline of the database, which begins anew with what a request
/// leaves that got on. So is one that got no answer: a second copy puts the same, also over what others wrote between the
/// two. If the future is dropped half-way, any of the items may have been written, and a request that is under way may
/// still be.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String, city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// let profile = |number: u32| Profile { login: format!("user{number}"), city: "Bern".into() };
/// let stored = Profile::put_many(&db, (0..60).map(profile)).at_once(2).await?; // three requests
/// assert_eq!(stored.len(), 60);
/// assert_eq!(Profile::get(&db, "user59").await?.expect("there").city, "Bern");
/// # Ok(())
/// # }
/// ```
///
/// [AWS: BatchWriteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)
#[must_use = "puts do nothing until they are awaited"]
pub struct PutMany<'a, M> {
    db: &'a Database,
    models: Vec<M>,
    at_once: usize,
}

impl<'a, M: Model> PutMany<'a, M> {
    pub(crate) fn new(db: &'a Database, models: Vec<M>) -> Self {
        Self { db, models, at_once: AT_ONCE }
    }

    /// How many requests are under way at once; default 8, at least 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    async fn run(self) -> Result<Vec<Loaded<M>>, Unwritten<M, Loaded<M>>> {
        let Self { db, models, at_once } = self;
        let (mut ready, mut writes, mut once) = (Vec::new(), Vec::new(), Once::default());
        for model in &models {
            let put = put(db, model.clone()).and_then(|put| once.note(&put.0).map(|()| put));
            match put {
                Ok((write, model)) => {
                    writes.push(write);
                    ready.push(model);
                }
                Err(error) => return Err(Unwritten { error, left: models, written: Vec::new() }),
            }
        }
        let sent = match Writes::of(db, &writes) {
            Ok(writes) => writes.send(db, at_once).await,
            Err(error) => return Err(Unwritten { error, left: models, written: Vec::new() }),
        };
        let (mut stored, mut left, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for ((model, write), sent) in ready.into_iter().zip(writes).zip(sent) {
            match sent {
                Ok(after) => stored.push(written(model, &write, after)),
                Err(undone) => {
                    errors.push(undone.error(write.target()));
                    left.push(model);
                }
            }
        }
        match one_error(errors) {
            None => Ok(stored),
            Some(error) => Err(Unwritten { error, left, written: stored }),
        }
    }
}

/// The put of a model, and the model as it is then stored.
pub(super) fn put<M: Model>(db: &Database, model: M) -> Result<(Write, M), Error> {
    // What is written over something else is written as it is, as by an upsert: what is cleared stays cleared.
    let mut model = prepare(db, model, WriteVerb::Upsert, None)?;
    let write = Write::put(db, &mut model)?;
    Ok((write, model))
}

/// The model of a put that was made.
pub(super) fn written<M: Model>(model: M, write: &Write, after: Option<Item>) -> Loaded<M> {
    Loaded::written(model, write.target().key.clone(), after.unwrap_or_default())
}

/// The deletes of many items by key, whatever they are; from [`Model::delete_many`]. `.await` it.
///
/// Where there is no item, nothing happens. Repeated as [`PutMany`] is. If the future is dropped half-way, any of the
/// items may be gone, and a request that is under way may still be made.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// let logins: Vec<String> = (0..60).map(|number| format!("user{number}")).collect();
/// # let profiles = logins.iter().take(30).map(|login| Profile { login: login.clone() });
/// # Profile::put_many(&db, profiles).await?;
/// Profile::delete_many(&db, logins.iter().map(String::as_str)).at_once(2).await?; // three requests
/// assert_eq!(Profile::scan(&db).count().await?, 0);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: BatchWriteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)
#[must_use = "deletes do nothing until they are awaited"]
pub struct DeleteMany<'a> {
    db: &'a Database,
    writes: Result<Vec<Write>, Error>,
    count: usize,
    at_once: usize,
}

impl<'a> DeleteMany<'a> {
    pub(crate) fn new<M: Model>(
        db: &'a Database,
        keys: impl Iterator<Item = Result<Key, EncodeError>>,
    ) -> Self {
        let mut count = 0;
        let mut once = Once::default();
        let mut delete = |key: Result<Key, EncodeError>| {
            count += 1;
            let key = key.map_err(|error| Error::encode(M::layout(), error))?;
            let write = Write::remove::<M>(db, key);
            once.note(&write)?;
            Ok(write)
        };
        // All are counted, also behind one that fails.
        let all: Vec<Result<Write, Error>> = keys.map(&mut delete).collect();
        Self { db, writes: all.into_iter().collect(), count, at_once: AT_ONCE }
    }

    /// How many requests are under way at once; default 8, at least 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests.max(1);
        self
    }

    async fn run(self) -> Result<(), Unwritten<usize, usize>> {
        let Self { db, writes, count, at_once } = self;
        let all = |error| Unwritten { error, left: (0..count).collect(), written: Vec::new() };
        let writes = writes.map_err(all)?;
        let sent = Writes::of(db, &writes).map_err(all)?.send(db, at_once).await;
        let (mut gone, mut left, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (position, (write, sent)) in writes.iter().zip(sent).enumerate() {
            match sent {
                Ok(_) => gone.push(position),
                Err(undone) => {
                    errors.push(undone.error(write.target()));
                    left.push(position);
                }
            }
        }
        match one_error(errors) {
            None => Ok(()),
            Some(error) => Err(Unwritten { error, left, written: gone }),
        }
    }
}

/// The error of several: one that leaves open what is stored counts more, and names all such items.
fn one_error(errors: Vec<Error>) -> Option<Error> {
    let mut first = None;
    let mut open: Option<Box<OutcomeUnknown>> = None;
    for error in errors {
        match (error, &mut open) {
            (Error::OutcomeUnknown(more), Some(open)) => open.targets.extend(more.targets),
            (Error::OutcomeUnknown(one), None) => open = Some(one),
            (error, _) => drop(first.get_or_insert(error)),
        }
    }
    open.map(Error::OutcomeUnknown).or(first)
}

impl<'a, M: Model> IntoFuture for PutMany<'a, M> {
    type Output = Result<Vec<Loaded<M>>, Unwritten<M, Loaded<M>>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<'a> IntoFuture for DeleteMany<'a> {
    type Output = Result<(), Unwritten<usize, usize>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for PutMany<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutMany").field("models", &self.models.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeleteMany<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteMany").field("keys", &self.count).finish_non_exhaustive()
    }
}
