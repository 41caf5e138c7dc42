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

/// How often a verb meets an item of yet another shape before it gives up.
const ROUNDS: usize = 4;

/// Applies a write that is only right for items of the model's shape; `write` makes it from the guard that says so.
///
/// An older item, and one that holds a value under an alias where `shape` wants its own name, is brought into shape in
/// the store first; a newer one of the same major is met with its own schema.
pub(super) async fn guarded<M: Model>(
    db: &Database,
    key: &Key,
    shape: &Node,
    write: impl Fn(Node) -> Write,
) -> Result<Option<Item>, Error> {
    let layout = M::layout();
    let mut known = layout.schema.clone();
    for _ in 0..ROUNDS {
        let guard = own(layout).and(schema_guard(layout, &known)).and(shape.clone());
        let conflict = match apply(db, &[write(guard)]).await {
            Err(Error::Conflict(conflict)) => conflict,
            other => return other.map(|mut after| after.pop().flatten()),
        };
        let Some(image) = conflict.failures().first().and_then(|failure| failure.image()) else {
            return Err(Error::Conflict(conflict));
        };
        match met::<M>(db, key, image, &known, shape).await? {
            Some(schema) => known = schema,
            // The item was as guarded, so that the condition itself failed.
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

/// The stored item has the schema that this round is for.
fn schema_guard(layout: &Layout, known: &semver::Version) -> Node {
    let is_known = schema_is(known);
    if *known == layout.schema && layout.baseline() == layout.schema {
        is_known.or(Node::not_exists(SCHEMA_ATTRIBUTE))
    } else {
        is_known
    }
}

/// The schema for another round, after the item was brought into shape where it was not; `None` where it was as guarded.
async fn met<M: Model>(
    db: &Database,
    key: &Key,
    image: &Item,
    known: &semver::Version,
    shape: &Node,
) -> Result<Option<semver::Version>, Error> {
    let layout = M::layout();
    if !own(layout).holds(image) {
        return Ok(None);
    }
    let found = match stored(image) {
        Stored::Version(version) => version,
        Stored::Absent => layout.baseline(),
        Stored::Unreadable => layout.schema.clone(),
    };
    let table = db.table_name(layout);
    match standing(&found, &layout.schema) {
        Standing::TooNew => Err(Error::schema_too_new(&table, key, found, layout)),
        Standing::NewerReadable | Standing::Equal if found != *known => Ok(Some(found)),
        Standing::NewerReadable | Standing::Equal if shape.holds(image) => Ok(None),
        _ => {
            let loaded = decode::<M>(&table, key, image.clone())?;
            let write = Write::reshape(db, &loaded, shape)?;
            match apply(db, &[write]).await {
                // Somebody else changed it meanwhile: the next round sees what it is now.
                Ok(_) | Err(Error::Conflict(_)) => Ok(Some(found.max(layout.schema.clone()))),
                Err(error) => Err(error),
            }
        }
    }
}
