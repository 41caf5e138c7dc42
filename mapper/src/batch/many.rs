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

/// The inserts of many models; from [`Model::insert_many`]. `.await` it.
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

/// The saves of many loaded models; from [`Model::save_many`]. `.await` it.
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
