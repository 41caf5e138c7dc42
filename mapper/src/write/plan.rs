//! One intended change of one item.

use super::prepare::prepare;
use crate::automatic::WriteVerb;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::expr::{Change, Node};
use crate::item::{Item, same_option};
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::schema::{SCHEMA_ATTRIBUTE, WRITE_ATTRIBUTE, schema_text};

/// How many attributes of an item older than its version are compared at its first save: AWS takes 300 operators in a
/// condition, and a comparison and its AND are two.
const MAX_COMPARED: usize = 140;

/// What the item is expected to be when the write arrives.
#[derive(Debug, Clone)]
pub enum Base {
    /// There is no item with this key.
    Absent,
    /// The item is as it was seen.
    Stored(Item),
    /// Whatever it is; the write's own condition decides.
    Any,
}

/// What the write leaves.
#[derive(Debug, Clone)]
pub enum After {
    /// This item, as a new one: the version starts again at 1.
    New(Item),
    /// This item, as a change of the stored one.
    Changed(Item),
    /// The stored item with these changes, made by the service.
    By(Changes),
    /// No item.
    Gone,
    /// What is there: the write only checks.
    Same,
}

/// Changes that the service makes to whatever item is there.
#[derive(Debug, Clone)]
pub struct Changes {
    pub(crate) changes: Vec<Change>,
}

/// What a write by key brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Nothing,
    Old,
    New,
}

/// One intended change of one item, with what it expects.
#[derive(Debug, Clone)]
pub struct Write {
    pub(crate) layout: &'static Layout,
    pub(crate) target: Target,
    pub(crate) base: Base,
    pub(crate) after: After,
    pub(crate) condition: Option<Node>,
    pub(crate) number: usize,
    /// Whether it is sent with a token, at twice the price, so that it can be repeated whatever it is.
    pub(crate) once: bool,
    /// Whether all that was read must be as it was, and not only what the write depends on.
    pub(crate) compare_all: bool,
    pub(crate) returns: Returns,
    pub(crate) stamp: Stamp,
}

/// What the library puts on the item that a write leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// The next version, and a nonce.
    Version,
    /// A nonce; the version stays: the item is stored in another way, and says the same.
    Nonce,
    /// Nothing: the item is stored as it is given, with a version and a nonce of its own.
    Nothing,
}

impl Write {
    /// A change of the item with this key.
    #[must_use]
    pub fn new(layout: &'static Layout, target: Target, base: Base, after: After) -> Self {
        Self {
            layout,
            target,
            base,
            after,
            condition: None,
            number: 0,
            once: false,
            compare_all: false,
            returns: Returns::Nothing,
            stamp: Stamp::Version,
        }
    }

    /// The put of an item as it is, with the version, the schema and the nonce that it has.
    pub(crate) fn as_it_is(
        layout: &'static Layout,
        target: Target,
        base: Base,
        item: Item,
    ) -> Self {
        Self { stamp: Stamp::Nothing, ..Self::new(layout, target, base, After::New(item)) }
    }

    /// The parts of the write, for whoever folds several writes of one item.
    #[must_use]
    pub fn into_parts(self) -> (&'static Layout, Target, Base, After) {
        (self.layout, self.target, self.base, self.after)
    }

    /// The conflict that this write is in with the item that is there.
    #[must_use]
    pub fn conflict(&self, stored: Option<Item>) -> Error {
        super::judge::conflict(self, stored)
    }

    /// Gives the write a number that comes back in [`Failure::target`](crate::error::Failure::target).
    #[must_use]
    pub fn numbered(mut self, number: usize) -> Self {
        self.number = number;
        self
    }

    /// Requires that all that was read is as it was, and not only what the write depends on: where the item has a version
    /// that tells anyway.
    #[must_use]
    pub fn comparing_all(mut self) -> Self {
        self.compare_all = true;
        self
    }

    /// Leaves the version as it is: the item says the same afterwards.
    pub(crate) fn keeping_version(mut self) -> Self {
        self.stamp = Stamp::Nonce;
        self
    }

    /// Whether all that was read must be as it was.
    #[must_use]
    pub fn compares_all(&self) -> bool {
        self.compare_all
    }

    /// The model as which the item is written.
    #[must_use]
    pub fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// What the write leaves.
    #[must_use]
    pub fn after(&self) -> &After {
        &self.after
    }

    /// What the item is expected to be.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Which item it is about.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The insert of a model: normal form, validation, encoding. `id` fills an auto-increment key.
    ///
    /// # Errors
    /// `Invalid` and `Encode`.
    pub fn insert<M: Model>(db: &Database, model: &mut M, id: Option<u64>) -> Result<Self, Error> {
        let layout = M::layout();
        let encode = |error| Error::encode(layout, error);
        if let Some(id) = id {
            model.set_hash_key(id).map_err(encode)?;
        }
        let key = model.key().map_err(encode)?;
        let mut item = model.to_attributes().map_err(encode)?;
        item.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
        Ok(Self::new(layout, target(db, layout, key), Base::Absent, After::New(item)))
    }

    /// The put of a prepared model in the place of whatever is there, nothing expected of it.
    ///
    /// # Errors
    /// `Encode`.
    pub(crate) fn put<M: Model>(db: &Database, model: &mut M) -> Result<Self, Error> {
        Ok(Self { base: Base::Any, ..Self::insert(db, model, None)? })
    }

    /// The delete of whatever is there, nothing expected of it.
    pub(crate) fn remove<M: Model>(db: &Database, key: Key) -> Self {
        let layout = M::layout();
        Self::new(layout, target(db, layout, key), Base::Any, After::Gone)
    }

    /// The save of a loaded model: the difference between what was read and what it holds now, and the model as it is
    /// then stored: normalised, with its automatic fields.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `KeyChanged`.
    pub fn save<M: Model>(db: &Database, loaded: &Loaded<M>) -> Result<(Self, M), Error> {
        let table = db.table_name(M::layout());
        let as_read = loaded.as_read(&table)?;
        let model = prepare(db, M::clone(loaded), WriteVerb::Save, Some(&as_read))?;
        let target = loaded.target(&table, &as_read, &model)?;
        let write = Self::from_loaded(db, loaded, After::Changed(in_schema(loaded, target)));
        Ok((write, model))
    }

    /// The write-back of an item in today's shape, nothing else changed.
    pub(crate) fn reshaped<M: Model>(db: &Database, loaded: &Loaded<M>, item: Item) -> Self {
        Self::from_loaded(db, loaded, After::Changed(in_schema(loaded, item))).keeping_version()
    }

    /// The delete of a loaded model, provided that it is as it was read.
    #[must_use]
    pub fn delete<M: Model>(db: &Database, loaded: &Loaded<M>) -> Self {
        Self::from_loaded(db, loaded, After::Gone)
    }

    /// The check that a loaded model is still as it was read.
    #[must_use]
    pub fn check<M: Model>(db: &Database, loaded: &Loaded<M>) -> Self {
        Self::from_loaded(db, loaded, After::Same)
    }

    fn from_loaded<M: Model>(db: &Database, loaded: &Loaded<M>, after: After) -> Self {
        let base = Base::Stored(loaded.image().clone());
        let layout = M::layout();
        Self::new(layout, target(db, layout, loaded.key().clone()), base, after)
    }

    /// What must be true of the stored item: what was seen, and the program's own condition.
    pub(crate) fn expectation(&self) -> Option<Node> {
        let hash = self.layout.hash_key.name;
        let seen = match &self.base {
            Base::Any => None,
            Base::Absent => Some(Node::not_exists(hash)),
            Base::Stored(item) => Some(self.unchanged(item)),
        };
        match (seen, self.condition.clone()) {
            (Some(seen), Some(own)) => Some(seen.and(own)),
            (seen, own) => seen.or(own),
        }
    }

    /// The stored item is there and is the one that was seen.
    ///
    /// Version and nonce tell that, where the item has them: versions start again at 1 after a delete, nonces do not.
    /// An item that has neither was last written by another program; of such an item, and of every item of a model
    /// without a version, the attributes that matter to this write are compared as well.
    fn unchanged(&self, item: &Item) -> Node {
        let seen = |name: &str| Node::seen(name, item.get(name));
        let mut all = Vec::new();
        // Where one of the two is compared with a value, the item is there.
        if !self.is_locked(item) && !item.contains(WRITE_ATTRIBUTE) {
            all.push(Node::exists(self.layout.hash_key.name));
        }
        all.extend(self.layout.version.map(seen));
        all.push(seen(WRITE_ATTRIBUTE));
        if !self.is_locked(item) {
            let mut names = self.read_attributes(item);
            if self.layout.version.is_some() {
                // From its first save on the item has a version; that save must be possible for wide items too.
                names.truncate(MAX_COMPARED);
            }
            all.extend(names.into_iter().map(seen));
        }
        Node::all(all)
    }

    /// That the attributes in which two items do not differ are as they were seen; the library's own tell that anyway.
    pub(super) fn left_alone<'a>(
        &'a self,
        before: &'a Item,
        after: &'a Item,
    ) -> impl Iterator<Item = Node> + 'a {
        let own = [SCHEMA_ATTRIBUTE, WRITE_ATTRIBUTE];
        let is_other = move |name: &str| {
            !own.contains(&name)
                && Some(name) != self.layout.version
                && !self.target.key.contains(name)
        };
        let left = before.iter().filter(move |(name, value)| {
            is_other(name) && same_option(Some(value), after.get(name))
        });
        left.map(|(name, value)| Node::seen(name, Some(value)))
    }

    /// Whether version and nonce alone tell that an item is as it was seen.
    pub(super) fn is_locked(&self, item: &Item) -> bool {
        self.layout.version.is_some_and(|name| item.contains(name))
    }

    /// The attributes that this write depends on: those it changes, or all that the model reads.
    fn read_attributes<'a>(&'a self, item: &'a Item) -> Vec<&'a str> {
        let mut names: Vec<&str> = match &self.after {
            After::Changed(after) if !self.compare_all => difference(item, after),
            _ => {
                // The program may have read any of them: under its own name, an alias, or the name before a migration.
                let described = self.layout.attributes.iter().copied().chain([SCHEMA_ATTRIBUTE]);
                let mut names: Vec<_> = described.collect();
                let mut others: Vec<_> = item.iter().map(|(name, _)| name).collect();
                others.sort_unstable();
                // Without a version all of them: where one condition cannot hold that, it is an `Error::Limit`.
                others.retain(|name| !names.contains(name));
                names.extend(others);
                names
            }
        };
        names.retain(|name| {
            *name != WRITE_ATTRIBUTE
                && Some(*name) != self.layout.version
                && !self.target.key.contains(name)
        });
        names
    }
}

/// The item of a model's table with this key.
pub(crate) fn target(db: &Database, layout: &Layout, key: Key) -> Target {
    Target { table: db.table_name(layout), key }
}

/// Puts the model's schema on the item that a change leaves. A newer program's schema is never lowered: what that
/// program wrote is still there.
pub(super) fn in_schema<M: Model>(loaded: &Loaded<M>, mut target: Item) -> Item {
    let layout = M::layout();
    let is_there = *loaded.stored_schema() == layout.schema && target.contains(SCHEMA_ATTRIBUTE);
    if !is_there && *loaded.stored_schema() <= layout.schema {
        target.set(SCHEMA_ATTRIBUTE, Some(schema_text(&layout.schema)));
    }
    target
}

/// The names of the attributes in which two items differ, sorted.
pub(crate) fn difference<'a>(before: &'a Item, after: &'a Item) -> Vec<&'a str> {
    let mut names = before.apart(after);
    names.retain(|name| !same_option(before.get(name), after.get(name)));
    names
}
