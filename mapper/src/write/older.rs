//! Writing items in an older schema than the one in which they are read: for programs that know only that one.
//!
//! A program computes in today's shape, and so do guards of unique values. What is sent is lowered last, where it is
//! rendered. A write by key cannot be computed by the service then: it is made of the item that is there.

use std::borrow::Cow;
use std::time::Duration;

use semver::Version;
use tokio::time::{Instant, timeout_at};

use super::apply::{Terms, apply, apply_on};
use super::by_key::{ByKey, Guard};
use super::cached;
use super::known::brought_back;
use super::plan::{After, Base, Write, difference};
use super::planned::on;
use crate::database::{Database, DatabaseBuilder, Upgraded, WriteBack};
use crate::decode::examine;
use crate::error::{Error, Failure, Reason, Target};
use crate::expr::evaluate;
use crate::item::Item;
use crate::layout::Layout;
use crate::model::Model;
use crate::read::BoxFuture;
use crate::reader::Reader as _;
use crate::retry::Again;
use crate::schema::{SCHEMA_ATTRIBUTE, Stored, schema_text, stored};
use crate::upgrade::{UpgradeError, expires_otherwise};

/// The write as it is sent: what it leaves is lowered to the schema in which the database writes such items.
pub(super) fn as_written<'w>(db: &Database, write: &'w Write) -> Result<Cow<'w, Write>, Error> {
    let (After::New(item) | After::Changed(item)) = &write.after else {
        return Ok(Cow::Borrowed(write));
    };
    let layout = write.layout;
    let is_todays = matches!(stored(item), Stored::Version(schema) if schema == layout.schema);
    if !is_todays || !db.writes_older(layout) {
        return Ok(Cow::Borrowed(write));
    }
    let found = match &write.base {
        Base::Stored(base) => {
            Some(examine(layout, &write.target.table, &write.target.key, base)?.0)
        }
        Base::Absent | Base::Any => None,
    };
    let Some(schema) = db.schema_to_write(layout, found.as_ref()) else {
        return Ok(Cow::Borrowed(write));
    };
    let item = lowered(layout, &write.target, item, &schema)?;
    let mut write = write.clone();
    write.after = match write.after {
        After::New(_) => After::New(item),
        _ => After::Changed(item),
    };
    Ok(Cow::Owned(write))
}

/// An item of today's shape in that of an older schema, from which it can be read again.
fn lowered(layout: &Layout, target: &Target, item: &Item, schema: &Version) -> Result<Item, Error> {
    let failed = |error| Error::not_upgraded(&target.table, &target.key, layout, schema, error);
    let mut lowered = item.clone();
    layout.upgrade.downgrade(&mut lowered, schema).map_err(|error| match error {
        UpgradeError::NoPath => Error::no_way_back(layout, schema.clone()),
        error => failed(error),
    })?;
    lowered.insert(SCHEMA_ATTRIBUTE, schema_text(schema));
    let read = layout.upgraded(&lowered, schema).map_err(failed)?;
    let lost = difference(item, &read).into_iter().find(|name| *name != SCHEMA_ATTRIBUTE);
    match lost {
        Some(name) => Err(Error::lossy(target, schema, name)),
        None => Ok(lowered),
    }
}

/// Applies a write by key where the item may be one of an older schema, and stay so.
pub(super) async fn run<M: Model>(by_key: &ByKey, db: &Database) -> Result<Option<Item>, Error> {
    let layout = M::layout();
    let mut again = Again::new(db);
    loop {
        let stored = db.read_item(layout, &by_key.write.target.key, true).await?;
        let made = made::<M>(by_key, stored).and_then(|write| match write.after {
            After::Same => Err(write.conflict(None)),
            _ => Ok(write),
        });
        let write = match made {
            Ok(write) => write,
            Err(error) => {
                if error.is_conflict() || matches!(error, Error::NotFound(_)) {
                    Box::pin(cached::unexpected(db, &by_key.write)).await;
                }
                return Err(error);
            }
        };
        let error = match apply(db, std::slice::from_ref(&write)).await {
            Ok(mut after) => return Ok(brought_back((&write, after.pop().flatten()))),
            Err(error) => error,
        };
        if !is_late(&error) || !again.pause().await {
            return Err(error);
        }
    }
}

/// Whether somebody else wrote the item first.
fn is_late(error: &Error) -> bool {
    let Error::Conflict(conflict) = error else { return false };
    let is_there = |failure: &Failure| *failure.reason() == Reason::AlreadyExists;
    error.is_retryable() || conflict.failures().iter().any(is_there)
}

/// The write by key, made of the item that is there.
fn made<M: Model>(by_key: &ByKey, stored: Option<Item>) -> Result<Write, Error> {
    let own = &by_key.write;
    let mut write = match (&own.after, stored) {
        (After::By(changes), None) if matches!(by_key.guard, Guard::ShapeOrAbsent) => {
            let item = evaluate(&own.target.key.to_item(), &changes.changes)
                .map_err(|error| Error::encode(own.layout, error))?;
            Write::new(own.layout, own.target.clone(), Base::Absent, After::New(item))
        }
        (_, stored) => on::<M>(by_key, stored)?,
    };
    write.once = own.once;
    write.returns = own.returns;
    Ok(write)
}

impl DatabaseBuilder {
    /// When items that were upgraded on read are stored so; by default when they are next written.
    ///
    /// [`WriteBack::OnRead`] is for whole items that are read one by one, by queries or by scans of this database, as
    /// [`Loaded`](crate::Loaded) models; what is read by several keys at once, by a transaction, as a projection or as a
    /// plain model is upgraded in memory only. The write requires that the item is as it was read, raises its version,
    /// and is not repeated where somebody else was faster; where it fails, or takes longer than half a second, the read
    /// succeeds all the same. Items that are not valid, and those that would expire at another time, are left as they
    /// are.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table, WriteBack};
    /// # fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> { item.rename("mail", "email"); Ok(()) }
    /// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// # struct User { #[model(hash_key)] id: u64, email: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = dynamap::embedded::memory()?;
    /// let db = Database::builder(client).write_back(WriteBack::OnRead).build();
    /// # Table::<User>::create(&db).await?;
    /// # let put = db.client().put_item().table_name("users").item("id", AttributeValue::N("1".into()));
    /// # put.item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
    /// let user = User::get(&db, 1).await?.expect("there"); // stored with a `mail`
    /// assert!(user.image().contains("email") && !user.is_upgraded());
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_back(self, policy: WriteBack) -> Self {
        self.set_write_back(policy, write_back)
    }
}

/// How long a read waits for what it upgraded to be stored.
const WRITE_BACK: Duration = Duration::from_millis(500);

fn write_back(db: &Database, upgraded: Upgraded) -> BoxFuture<'_, Option<Item>> {
    Box::pin(async move {
        let Upgraded { layout, key, image, mut current } = upgraded;
        current.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
        let target = super::plan::target(db, layout, key);
        if layout.ttl.is_some_and(|ttl| expires_otherwise(ttl, &image, &current)) {
            return None;
        }
        let write = Write::new(layout, target, Base::Stored(image), After::Changed(current));
        // Somebody waits for the read: no pause that would end later is begun, and no attempt is waited for.
        let deadline = Instant::now() + WRITE_BACK;
        let terms = Terms { deadline: Some(deadline), ..Terms::default() };
        let writes = [write.comparing_all()];
        let applied = timeout_at(deadline, apply_on(db, &writes, &terms)).await.ok()?;
        applied.ok()?.pop().flatten()
    })
}
