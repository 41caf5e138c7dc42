//! Writing a whole model by key, whether or not an item is there.

use std::fmt;
use std::future::IntoFuture;

use super::by_key::guarded;
use super::plan::{After, Base, Changes, Returns, Write, schema_text, target};
use super::prepare::prepare;
use crate::automatic::WriteVerb;
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::expr::{Change, Node, Place};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::schema::SCHEMA_ATTRIBUTE;
use crate::sequence;

/// The upsert or replacement of one model; from [`Model::upsert`](crate::Model::upsert) and
/// [`Model::replace`](crate::Model::replace). `.await` it.
#[must_use = "nothing is written until this is awaited"]
pub struct Upsert<'a, M> {
    db: &'a Database,
    model: M,
    must_exist: bool,
}

impl<'a, M: Model> Upsert<'a, M> {
    pub(crate) fn new(db: &'a Database, model: M, must_exist: bool) -> Self {
        Self { db, model, must_exist }
    }

    async fn run(self) -> Result<Loaded<M>, Error> {
        let layout = M::layout();
        let encode = |error| Error::encode(layout, error);
        let verb = if self.must_exist { WriteVerb::Replace } else { WriteVerb::Upsert };
        let mut model = prepare(self.db, self.model, verb, None)?;
        let key = model.key().map_err(encode)?;
        let mut item = model.to_attributes().map_err(encode)?;
        if layout.auto_increment {
            sequence::raise(self.db, layout, &key).await?;
        }
        let mut changes: Vec<Change> = layout
            .attributes
            .iter()
            .copied()
            .filter(|name| !key.contains(name))
            .map(|name| match item.remove(name) {
                // An item that is there was created before.
                Some(value) if layout.created_at == Some(name) => {
                    Change::set_if_absent(Place::attribute(name), value)
                }
                Some(value) => Change::set(Place::attribute(name), value),
                None => Change::remove(Place::attribute(name)),
            })
            .collect();
        let aliases = layout.aliases.iter().map(|(_, alias)| Place::attribute(alias));
        changes.extend(aliases.map(Change::remove));
        // The guard lets the model's own schema pass, or a newer one that is not to be lowered.
        let schema = Place::attribute(SCHEMA_ATTRIBUTE);
        changes.push(Change::set_if_absent(schema, schema_text(layout)));
        let changes = Changes { changes, returns: Returns::New };
        let target = target(self.db, layout, key.clone());
        let exists = Node::exists(layout.hash_key.name);
        let write = |guard: Node| {
            let after = After::By(changes.clone());
            let mut write = Write::new(layout, target.clone(), Base::Any, after);
            let guarded = exists.clone().and(guard);
            write.condition = Some(if self.must_exist {
                guarded
            } else {
                Node::not_exists(layout.hash_key.name).or(guarded)
            });
            write
        };
        let stored = guarded::<M>(self.db, &key, &Node::all(Vec::new()), write).await?;
        let mut loaded: Loaded<M> = decode(&target.table, &key, stored.unwrap_or_default())?;
        loaded.swap_skipped(&mut model);
        Ok(loaded)
    }
}

impl<'a, M: Model> IntoFuture for Upsert<'a, M> {
    type Output = Result<Loaded<M>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for Upsert<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upsert").field("must_exist", &self.must_exist).finish_non_exhaustive()
    }
}
