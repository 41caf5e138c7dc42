//! In which schema items are written: today's, or an older one while old programs are about.

use semver::Version;

use super::{Database, DatabaseBuilder};
use crate::error::Error;
use crate::item::Item;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::BoxFuture;

/// When an item that was upgraded on read is stored so; see [`DatabaseBuilder::write_back`].
///
/// ```
/// # use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table, WriteBack};
/// # fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> { item.rename("mail", "email"); Ok(()) }
/// # fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> { item.rename("email", "mail"); Ok(()) }
/// # static USER: Migrations = Migrations::new(&[
/// #     Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail),
/// # ]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = dynamap::embedded::memory()?;
/// # Table::<User>::create(&Database::new(client.clone())).await?;
/// for (id, policy, read, saved) in [
///     (1, WriteBack::Never, "mail", "mail"),
///     (2, WriteBack::OnSave, "mail", "email"),
///     (3, WriteBack::OnRead, "email", "email"),
/// ] {
///     let db = Database::builder(client.clone()).write_back(policy).build();
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// #     put.item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
///     let mut user = User::get(&db, id).await?.expect("there"); // stored with a `mail` once
///     assert!(user.image().contains(read));
///     user.email = "ann@example.com".into();
///     user.save(&db).await?;
///     assert!(user.image().contains(saved));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteBack {
    /// Not by this program: a save leaves each item in the schema that it has, through the steps' ways back. For programs
    /// that must not change what a backfill is to change.
    Never,
    /// By the next save, or write by key. Reads need no right to write and cost nothing more.
    #[default]
    OnSave,
    /// By the read itself, so that a table is upgraded by being used. A read of an older item costs a write.
    OnRead,
}

/// In which schemas a database writes.
#[derive(Default)]
pub(super) struct Schemas {
    written_as: Vec<(&'static Layout, Version)>,
    write_back: WriteBack,
    writer: Option<Writer>,
}

/// Stores an upgraded item in the place of the one that was read, and returns what is then stored; `None` where it did
/// not.
pub(crate) type Writer = for<'a> fn(&'a Database, Upgraded) -> BoxFuture<'a, Option<Item>>;

/// An item that was upgraded on read.
pub(crate) struct Upgraded {
    pub(crate) layout: &'static Layout,
    pub(crate) key: crate::key::Key,
    /// As it was stored.
    pub(crate) image: Item,
    /// In today's shape.
    pub(crate) current: Item,
}

impl DatabaseBuilder {
    /// Writes items of `M` in the shape of an older schema, while they are read and used in today's: for the time in which
    /// programs run that know only the older one.
    ///
    /// Deploy the new program with `write_as` first. When no old program is left, deploy it without, and let a
    /// backfill upgrade what is stored. An item that some program stored in a newer schema is not lowered: it is written in
    /// the schema that it has, at least.
    ///
    /// Each way back must be there ([`Step::down`](https://docs.rs/dynamap/latest/dynamap/struct.Step.html#method.down)), and what it leaves must
    /// lead up again to the same, or the write fails before anything is sent ([`Error::Lossy`]): what the older shape cannot
    /// hold would be lost.
    /// Writes by key read the item first, since the service would compute on today's shape. A unique value that a step
    /// renames or rewrites is guarded by each program as it knows it, so that the two do not see each other's; and it is claimed
    /// with every save, at the price of a transaction.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table};
    /// # fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> { item.rename("mail", "email"); Ok(()) }
    /// # fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> { item.rename("email", "mail"); Ok(()) }
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail),
    /// ]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// struct User { #[model(hash_key)] id: u64, email: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = dynamap::embedded::memory()?;
    /// let db = Database::builder(client).write_as::<User>("1.0.0")?.build();
    /// # Table::<User>::create(&db).await?;
    /// let user = User { id: 1, email: "ann@example.org".into() }.insert(&db).await?;
    /// assert!(user.image().contains("mail"));
    /// assert_eq!(User::get(&db, 1).await?.expect("there").email, "ann@example.org");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoWayBack`] where a step between has no way back, changes the key, or none starts there;
    /// [`Error::Usage`] where the schema is not `MAJOR.MINOR.PATCH`, and of a model with [views](crate::View), whose rows
    /// old programs do not know.
    pub fn write_as<M: Model>(mut self, schema: &str) -> Result<Self, Error> {
        let layout = M::layout();
        let usage =
            Error::Usage("a schema is MAJOR.MINOR.PATCH: write `.write_as::<M>(\"1.4.0\")`");
        let schema = Version::parse(schema).map_err(|_| usage)?;
        if schema != layout.schema && !layout.upgrade.leads_back_to(&schema) {
            return Err(Error::no_way_back(layout, schema));
        }
        if schema != layout.schema && !layout.views.is_empty() {
            return Err(Error::Usage(
                "old programs would write items without the rows of their views: a model with views is not written as older",
            ));
        }
        self.schemas.written_as.retain(|(other, _)| !std::ptr::eq(*other, layout));
        if schema != layout.schema {
            self.schemas.written_as.push((layout, schema));
        }
        Ok(self)
    }

    pub(crate) fn set_write_back(mut self, policy: WriteBack, writer: Writer) -> Self {
        self.schemas.write_back = policy;
        self.schemas.writer = Some(writer);
        self
    }
}

impl Database {
    /// The schema in which an item is written that has this one, or is new; `None` for today's.
    pub(crate) fn schema_to_write(
        &self,
        layout: &Layout,
        stored: Option<&Version>,
    ) -> Option<Version> {
        let schemas = &self.inner.schemas;
        let written = schemas.written_as.iter().find(|(other, _)| std::ptr::eq(*other, layout));
        let mut lowest = written.map_or(&layout.schema, |(_, schema)| schema);
        if let Some(stored) = stored {
            lowest = match schemas.write_back {
                WriteBack::Never => stored,
                _ => lowest.max(stored),
            };
        }
        (*lowest < layout.schema).then(|| lowest.clone())
    }

    /// Whether items of this model may be written in an older schema than today's. Then nothing can be written without
    /// knowing which one the item has.
    #[doc(hidden)]
    #[must_use]
    pub fn writes_older(&self, layout: &Layout) -> bool {
        let schemas = &self.inner.schemas;
        let is_kept = schemas.write_back == WriteBack::Never && !layout.bare_is_current();
        is_kept || schemas.written_as.iter().any(|(other, _)| std::ptr::eq(*other, layout))
    }

    /// What was read, after it was stored in today's shape, where reads are to do that.
    ///
    /// Where that does not succeed, because somebody else wrote the item or for whatever reason, it is as it was read.
    pub(crate) async fn written_back<M: Model>(&self, mut loaded: Loaded<M>) -> Loaded<M> {
        let (schemas, layout) = (&self.inner.schemas, M::layout());
        let (WriteBack::OnRead, Some(write)) = (schemas.write_back, schemas.writer) else {
            return loaded;
        };
        let stored = loaded.stored_schema();
        let is_final = self.schema_to_write(layout, Some(stored)).is_some_and(|to| to == *stored);
        if !loaded.is_upgraded() || is_final || loaded.check().is_err() {
            return loaded;
        }
        let upgraded = Upgraded {
            layout,
            key: loaded.key().clone(),
            image: loaded.image().clone(),
            current: loaded.current().clone(),
        };
        if let Some(image) = write(self, upgraded).await {
            loaded.settle(image);
        }
        loaded
    }
}
