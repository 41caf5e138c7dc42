//! Deleting by key, without reading first.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::apply::apply;
use super::by_key::{guarded, own};
use super::plan::{After, Base, Write, target};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::error::Error;
use crate::expr::{IntoCondition, Node};
use crate::key::Key;
use crate::model::Model;
use crate::read::BoxFuture;

/// The delete of one item by key; from [`Model::delete`](crate::Model::delete). `.await` it.
#[must_use = "a delete does nothing until it is awaited"]
pub struct DeleteByKey<'a, M> {
    db: &'a Database,
    key: Result<Key, EncodeError>,
    expect: Expect,
    once: bool,
    model: PhantomData<fn() -> M>,
}

/// The delete by key of a model with a version: not yet a future.
///
/// A delete that ignores the version must say so. Write [`when`](Self::when) with a condition, or
/// [`unchecked`](Self::unchecked) to delete whatever is there; or load the item and use
/// [`Loaded::delete`](crate::Loaded::delete), which checks the version.
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
        Self { db, key, expect: Expect::Exists, once: false, model: PhantomData }
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
    /// outcome is known unless no answer comes until the deadline. Costs twice as much.
    pub fn exactly_once(mut self) -> Self {
        self.once = true;
        self
    }

    async fn run(self) -> Result<(), Error> {
        let layout = M::layout();
        let key = self.key.map_err(|error| Error::encode(layout, error))?;
        let exists = Node::exists(layout.hash_key.name).and(own(layout));
        let target = target(self.db, layout, key.clone());
        let write = |condition| {
            let mut write = Write::new(layout, target.clone(), Base::Any, After::Gone);
            write.condition = condition;
            write.once = self.once;
            write
        };
        match self.expect {
            Expect::Anything => apply(self.db, &[write(None)]).await.map(drop),
            Expect::Exists => apply(self.db, &[write(Some(exists))]).await.map(drop),
            Expect::When(condition) => {
                let expected = exists.and(condition);
                let write = |guard: Node| write(Some(guard.and(expected.clone())));
                guarded::<M>(self.db, &key, &Node::all(Vec::new()), write).await.map(drop)
            }
        }
    }
}

impl<'a, M: Model> IntoFuture for DeleteByKey<'a, M> {
    type Output = Result<(), Error>;
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

impl<M> fmt::Debug for DeleteByKey<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteByKey").field("key", &self.key).finish_non_exhaustive()
    }
}
