//! Writing a whole model by key, whether or not an item is there.

use std::fmt;
use std::future::IntoFuture;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::by_key::{ByKey, Guard};
use super::in_shape::Shape;
use super::plan::{After, Base, Changes, Returns, Write, target};
use super::prepare::prepare;
use super::render::Action;
use super::single::update_request;
use crate::automatic::WriteVerb;
use crate::database::Database;
use crate::decode::decode;
use crate::error::{Error, Target};
use crate::expr::{Change, Node, Place};
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};
use crate::sequence;

/// The upsert or replacement of one model; from [`Model::upsert`](crate::Model::upsert) and
/// [`Model::replace`](crate::Model::replace). `.await` it.
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
/// let account = |balance| Account { id: 1, balance, version: 0 };
/// assert!(account(5).replace(&db).await.is_err_and(|error| error.is_not_found()));
/// assert_eq!(account(5).upsert(&db).await?.version, 1);
/// assert_eq!(account(6).upsert(&db).await?.version, 2);
/// account(7).replace(&db).into_sdk().await?.send().await?;
/// let stored = Account::get(&db, 1).await?.expect("there");
/// assert_eq!((stored.balance, stored.version), (7, 3));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
#[must_use = "nothing is written until this is awaited"]
pub struct Upsert<'a, M> {
    db: &'a Database,
    model: M,
    must_exist: bool,
    /// Whether the model is as it is to be written.
    is_ready: bool,
}

impl<'a, M: Model> Upsert<'a, M> {
    pub(crate) fn new(db: &'a Database, model: M, must_exist: bool) -> Self {
        Self { db, model, must_exist, is_ready: false }
    }

    pub(crate) fn database(&self) -> &Database {
        self.db
    }

    /// Which item it will be; always one. Final once it is [`ready`](Self::ready).
    ///
    /// # Errors
    /// `Encode`.
    pub(crate) fn target(&self) -> Result<Option<Target>, Error> {
        let layout = M::layout();
        let key = self.model.key().map_err(|error| Error::encode(layout, error))?;
        Ok(Some(target(self.db, layout, key)))
    }

    /// The same with the model as it is to be written.
    ///
    /// # Errors
    /// `Invalid` and `Encode`.
    pub(crate) fn ready(mut self) -> Result<Self, Error> {
        if !self.is_ready {
            let verb = if self.must_exist { WriteVerb::Replace } else { WriteVerb::Upsert };
            self.model = prepare(self.db, self.model, verb, None)?;
            self.is_ready = true;
        }
        Ok(self)
    }

    /// The write, and the model as it is then stored.
    async fn plan(self) -> Result<(ByKey, M), Error> {
        let layout = M::layout();
        let encode = |error| Error::encode(layout, error);
        let Self { db, model, must_exist, .. } = self.ready()?;
        let key = model.key().map_err(encode)?;
        let item = model.to_attributes().map_err(encode)?;
        if layout.auto_increment {
            sequence::raise(db, layout, &key).await?;
        }
        let after = After::By(Changes { changes: changes(layout, &key, item) });
        let mut write = Write::new(layout, target(db, layout, key), Base::Any, after);
        write.returns = Returns::New;
        let guard = if must_exist {
            write.condition = Some(Node::exists(layout.hash_key.name));
            Guard::Shape(Shape::default())
        } else {
            Guard::ShapeOrAbsent
        };
        Ok((ByKey { write, guard }, model))
    }

    async fn run(self) -> Result<Loaded<M>, Error> {
        let db = self.db;
        let (plan, mut model) = self.plan().await?;
        let target = plan.write.target.clone();
        let stored = plan.run::<M>(db).await?;
        let mut loaded: Loaded<M> = decode(&target.table, &target.key, stored.unwrap_or_default())?;
        loaded.swap_skipped(&mut model);
        Ok(loaded)
    }

    /// The request as a builder of the SDK; see [`Update::into_sdk`](super::Update::into_sdk). Raises the counter of an
    /// auto-increment key.
    ///
    /// # Errors
    /// `Invalid`, `Encode`, `Limit`: what is found before anything is sent; `Usage` where the write is no single request,
    /// as there. What the service says where a counter is raised.
    pub async fn into_sdk(self) -> Result<UpdateItemFluentBuilder, Error> {
        let db = self.db;
        let rendered = self.plan().await?.0.render(db)?;
        match &rendered.action {
            Action::Update(update) => {
                Ok(update_request(db.client(), update, rendered.returns, rendered.parts))
            }
            _ => Err(Error::Usage("an upsert is an UpdateItem")),
        }
    }
}

/// Every attribute of the model, set or removed.
fn changes(layout: &'static Layout, key: &Key, mut item: Item) -> Vec<Change> {
    let described = layout.attributes.iter().copied().filter(|name| !key.contains(name));
    let mut changes: Vec<Change> = described
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
    changes.push(Change::set_if_absent(schema, schema_text(&layout.schema)));
    changes
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
