//! What the verbs by key share: they meet items of any schema without having read them.

use super::apply::apply;
use super::plan::Write;
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::expr::Node;
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::model::{Layout, Model};
use crate::schema::{SCHEMA_ATTRIBUTE, Standing, Stored, standing, stored};

/// How often a verb meets an item of yet another schema before it gives up.
const SCHEMA_ROUNDS: usize = 4;

/// Applies a write that is only right for items of the model's schema; `write` makes it from the guard that says so.
///
/// An older item is upgraded in the store first, a newer one of the same major is met with its own schema.
pub(super) async fn guarded<M: Model>(
    db: &Database,
    key: &Key,
    write: impl Fn(Node) -> Write,
) -> Result<Option<Item>, Error> {
    let mut guard = known_schema(M::layout());
    for _ in 0..SCHEMA_ROUNDS {
        let conflict = match apply(db, &[write(own(M::layout()).and(guard))]).await {
            Err(Error::Conflict(conflict)) => conflict,
            other => return other.map(|mut after| after.pop().flatten()),
        };
        let Some(image) = conflict.failures().first().and_then(|failure| failure.image()) else {
            return Err(Error::Conflict(conflict));
        };
        match next_guard::<M>(db, key, image).await? {
            Some(next) => guard = next,
            None => return Err(Error::Conflict(conflict)),
        }
    }
    Err(Error::Usage("the item's schema keeps changing under this write: try again"))
}

/// The stored item is one of the model, and not of another in the same table.
pub(super) fn own(layout: &Layout) -> Node {
    Node::all(layout.discriminator.map_or_else(Vec::new, |(name, value)| {
        vec![Node::equals(name, AttributeValue::S(value.to_owned()))]
    }))
}

fn schema_is(schema: &semver::Version) -> Node {
    Node::equals(SCHEMA_ATTRIBUTE, AttributeValue::S(schema.to_string()))
}

/// The stored item has the shape that conditions are written for.
fn known_schema(layout: &Layout) -> Node {
    let known = schema_is(&layout.schema);
    if layout.baseline() == layout.schema {
        Node::any(vec![known, Node::not_exists(SCHEMA_ATTRIBUTE)])
    } else {
        known
    }
}

/// The guard for another round, where the write failed on the schema: an older item is upgraded in the store first.
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
