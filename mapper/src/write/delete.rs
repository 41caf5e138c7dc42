//! Deleting by key, without reading first.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::apply::apply;
use super::plan::{After, Base, Write, target};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::expr::{IntoCondition, Node};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::model::{Layout, Model};
use crate::read::BoxFuture;
use crate::schema::{SCHEMA_ATTRIBUTE, Standing, Stored, standing, stored};

/// How often a delete meets an item of yet another schema before it gives up.
const SCHEMA_ROUNDS: usize = 4;

/// The delete of one item by key; from [`Model::delete`](crate::Model::delete). `.await` it.
#[must_use = "a delete does nothing until it is awaited"]
pub struct DeleteByKey<'a, M> {
    db: &'a Database,
    key: Result<Key, EncodeError>,
    expect: Expect,
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
        Self { db, key, expect: Expect::Exists, model: PhantomData }
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

    async fn run(self) -> Result<(), Error> {
        let layout = M::layout();
        let key = self.key.map_err(|error| Error::encode(layout, error))?;
        let exists = Node::Exists(layout.hash_key.name);
        let condition = match self.expect {
            Expect::Anything => return delete(self.db, layout, &key, None).await,
            Expect::Exists => return delete(self.db, layout, &key, Some(exists)).await,
            Expect::When(condition) => exists.and(condition),
        };
        let mut guard = known_schema(layout);
        for _ in 0..SCHEMA_ROUNDS {
            let guarded = guard.and(condition.clone());
            let error = match delete(self.db, layout, &key, Some(guarded)).await {
                Err(Error::Conflict(conflict)) => conflict,
                other => return other,
            };
            let Some(image) = error.failures().first().and_then(|failure| failure.image()) else {
                return Err(Error::Conflict(error));
            };
            match next_guard::<M>(self.db, &key, image).await? {
                Some(next) => guard = next,
                None => return Err(Error::Conflict(error)),
            }
        }
        Err(Error::Usage("the item's schema keeps changing under this delete: try again"))
    }
}

async fn delete(
    db: &Database,
    layout: &'static Layout,
    key: &Key,
    condition: Option<Node>,
) -> Result<(), Error> {
    let target = target(db, layout, key.clone());
    let mut write = Write::new(layout, target, Base::Any, After::Gone);
    write.condition = condition;
    apply(db, &[write]).await.map(drop)
}

fn schema_is(schema: &semver::Version) -> Node {
    Node::equals(SCHEMA_ATTRIBUTE, AttributeValue::S(schema.to_string()))
}

/// The stored item has the shape that conditions are written for.
fn known_schema(layout: &Layout) -> Node {
    let known = schema_is(&layout.schema);
    if layout.baseline() == layout.schema {
        Node::Or(vec![known, Node::NotExists(SCHEMA_ATTRIBUTE)])
    } else {
        known
    }
}

/// The guard for another round, where the delete failed on the schema: an older item is upgraded in the store first.
/// `None` where the schema was as guarded, so that the condition itself failed.
async fn next_guard<M: Model>(
    db: &Database,
    key: &Key,
    image: &Item,
) -> Result<Option<Node>, Error> {
    let layout = M::layout();
    let found = match stored(image) {
        Stored::Version(version) => version,
        Stored::Absent => layout.baseline(),
        Stored::Unreadable => layout.schema.clone(),
    };
    let table = db.table_name(layout);
    match standing(&found, &layout.schema) {
        Standing::Equal => Ok(None),
        Standing::NewerReadable => Ok(Some(schema_is(&found))),
        Standing::TooNew => Err(Error::schema_too_new(&table, key, found, layout)),
        Standing::Older => {
            let loaded = decode::<M>(&table, key, image.clone())?;
            let write = Write::upgrade(db, &loaded);
            match apply(db, &[write]).await {
                // Somebody else changed it meanwhile: the next round sees what it is now.
                Ok(_) | Err(Error::Conflict(_)) => Ok(Some(known_schema(layout))),
                Err(error) => Err(error),
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
