//! What the verbs by key share: they meet items of any schema without having read them.

use super::apply::apply;
use super::derived::single_request;
use super::in_shape::Shape;
use super::older;
use super::plan::{After, Write};
use super::render::{Rendered, render};
use super::returns::Return;
use crate::database::Database;
use crate::decode::{decode, plain};
use crate::error::Error;
use crate::expr::Node;
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::model::Model;
use crate::retry::Again;
use crate::schema::{SCHEMA_ATTRIBUTE, Standing, Stored, schema_text, standing, stored};

/// A write by key, with what it requires of an item that nobody has read.
#[derive(Debug, Clone)]
pub(super) struct ByKey {
    /// The write, with the condition of the program.
    pub(super) write: Write,
    pub(super) guard: Guard,
}

/// What a write by key requires of the stored item beside its own condition.
#[derive(Debug, Clone)]
pub(super) enum Guard {
    /// Nothing.
    None,
    /// That it has the shape which changes and condition are written for: the model's schema, and this besides.
    Shape(Shape),
    /// The same, or that there is no item.
    ShapeOrAbsent,
}

impl Guard {
    /// Both; `None` where one alone would be met by an absent item.
    pub(super) fn join(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Shape(one), Self::Shape(two)) => Some(Self::Shape(one.join(two))),
            (Self::Shape(one), Self::None) | (Self::None, Self::Shape(one)) => {
                Some(Self::Shape(one.clone()))
            }
            (Self::None, Self::None) => Some(Self::None),
            _ => None,
        }
    }
}

impl ByKey {
    /// Applies the write.
    ///
    /// An older item, and one that holds a value under an alias where the shape wants its own name, is brought into shape
    /// in the store first; a newer one of the same major is met with its own schema.
    pub(super) async fn run<M: Model>(self, db: &Database) -> Result<Option<Item>, Error> {
        let layout = M::layout();
        let none = Shape::default();
        let shape = match &self.guard {
            Guard::None => {
                return apply(db, &[self.write]).await.map(|mut after| after.pop().flatten());
            }
            Guard::Shape(shape) => shape,
            Guard::ShapeOrAbsent => &none,
        };
        if db.writes_older(layout) {
            return Box::pin(older::run::<M>(&self, db)).await;
        }
        let mut known = layout.schema.clone();
        let mut again = Again::new(db);
        loop {
            let conflict = match apply(db, &[self.guarded(&known)]).await {
                Err(Error::Conflict(conflict)) => conflict,
                other => return other.map(|mut after| after.pop().flatten()),
            };
            let Some(image) = conflict.failures().first().and_then(|failure| failure.image())
            else {
                return Err(Error::Conflict(conflict));
            };
            let key = &self.write.target.key;
            let wanted = self.write.condition.as_ref();
            match met::<M>(db, key, image, &known, shape, wanted).await? {
                Some(schema) => known = schema,
                // The item was as guarded, so that the condition itself failed.
                None => return Err(Error::Conflict(conflict)),
            }
            // It was of another shape; where it is so once more, somebody has written it meanwhile.
            let is_more = if again.is_first() { again.at_once() } else { again.pause().await };
            if !is_more {
                let target = std::iter::once(&self.write.target);
                return Err(again.busy(self.operation(), target, conflict.into_failures()));
            }
        }
    }

    fn operation(&self) -> &'static str {
        match self.write.after {
            After::Gone => "DeleteItem",
            After::New(_) => "PutItem",
            _ => "UpdateItem",
        }
    }

    /// Applies the write, and reads what it brings back.
    pub(super) async fn returning<M: Model, R: Return>(
        self,
        db: &Database,
    ) -> Result<R::Of<M>, Error> {
        let target = self.write.target.clone();
        let item = self.run::<M>(db).await?;
        R::read(&target.table, &target.key, item)
    }

    /// The request of the first attempt, for a program that sends it itself.
    pub(super) fn render(&self, db: &Database) -> Result<Rendered, Error> {
        if self.write.once {
            return Err(Error::Usage(
                "`exactly_once` is a transaction: remove it, or await the write",
            ));
        }
        if db.writes_older(self.write.layout) {
            return Err(Error::Usage(
                "while items are written in an older schema, a write by key is no single request: await it",
            ));
        }
        single_request(&self.write)?;
        render(db, &self.guarded(&self.write.layout.schema), &db.nonce())
    }

    /// What an item of this schema must be like so that changes and condition can be made of it.
    pub(super) fn guard_of(&self, known: &semver::Version) -> Node {
        let layout = self.write.layout;
        match &self.guard {
            Guard::None => Node::all(Vec::new()),
            Guard::Shape(shape) => {
                own(layout).and(schema_guard(layout, known)).and(shape.node(layout))
            }
            Guard::ShapeOrAbsent => own(layout).and(schema_guard(layout, known)),
        }
    }

    /// The write that meets items of this schema.
    pub(super) fn guarded(&self, known: &semver::Version) -> Write {
        let layout = self.write.layout;
        let mut write = self.write.clone();
        let guard = self.guard_of(known);
        let expected = write.condition.take().unwrap_or_else(|| Node::all(Vec::new()));
        write.condition = match &self.guard {
            Guard::None => self.write.condition.clone(),
            Guard::Shape(_) => Some(guard.and(expected)),
            Guard::ShapeOrAbsent => {
                let hash = layout.hash_key.name;
                Some(Node::not_exists(hash).or(Node::exists(hash).and(guard)))
            }
        };
        write
    }
}

/// The stored item is one of the model, and not of another in the same table.
pub(super) fn own(layout: &Layout) -> Node {
    Node::all(layout.discriminator.map_or_else(Vec::new, |(name, value)| {
        vec![Node::equals(name, AttributeValue::S(value.to_owned()))]
    }))
}

fn schema_is(schema: &semver::Version) -> Node {
    Node::equals(SCHEMA_ATTRIBUTE, schema_text(schema))
}

/// The stored item has the schema that this round is for.
pub(super) fn schema_guard(layout: &Layout, known: &semver::Version) -> Node {
    let is_known = schema_is(known);
    if *known == layout.schema && layout.bare_is_current() {
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
    shape: &Shape,
    wanted: Option<&Node>,
) -> Result<Option<semver::Version>, Error> {
    let layout = M::layout();
    // An older item can be from before the discriminator; its upgrade tells.
    let named = layout.discriminator.is_some_and(|(name, _)| image.contains(name));
    if named && !own(layout).holds(image) {
        return Ok(None);
    }
    let found = match stored(image) {
        Stored::Version(version) => version,
        Stored::Absent => layout.schema_of_bare(image),
        Stored::Unreadable => layout.schema.clone(),
    };
    let table = db.table_name(layout);
    match standing(&found, &layout.schema) {
        Standing::TooNew => Err(Error::schema_too_new(&table, key, found, layout)),
        Standing::NewerReadable | Standing::Equal if found != *known => Ok(Some(found)),
        Standing::NewerReadable | Standing::Equal if shape.node(layout).holds(image) => Ok(None),
        _ => {
            let loaded = decode::<M>(&table, key, image.clone())?;
            let mut item = loaded.current().clone();
            let encode = |error| Error::encode(layout, error);
            let read = plain::<M>(&table, key, &item)?.to_attributes().map_err(encode)?;
            shape.reshape(layout, &mut item, &read)?;
            layout.recompose(&mut item).map_err(encode)?;
            // An item that the program's condition refuses is left as it is.
            if wanted.is_some_and(|wanted| !wanted.holds(&item)) {
                return Ok(None);
            }
            let write = Write::reshaped(db, &loaded, item);
            match apply(db, &[write]).await {
                // Somebody else changed it meanwhile: the next round sees what it is now.
                Ok(_) => Ok(Some(found.max(layout.schema.clone()))),
                Err(error) if error.is_conflict() && error.is_retryable() => {
                    Ok(Some(found.max(layout.schema.clone())))
                }
                Err(error) => Err(error),
            }
        }
    }
}
