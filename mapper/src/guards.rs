//! Guards of data that is there already: made for items from before a constraint, checked, and repaired.

use std::fmt;
use std::marker::PhantomData;

use crate::codec::{Attribute, EncodeError};
use crate::database::Database;
use crate::decode::decode;
use crate::error::{Error, Failure, Reason, Target};
use crate::expr::{Path, Place};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::{BoxFuture, all_items};
use crate::reader::Reader as _;
use crate::retry::Again;
use crate::unique::{self, GUARDS, UniqueLayout, owner_of};
use crate::write::{After, Base, Write, apply};

/// The administration handle of a model's unique constraints: for tables that have items already.
///
/// A constraint holds for what is written from now on. Items from before are found by [`backfill`](Self::backfill), which
/// reports those that share a value.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Table, Unique};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<User>::create_if_missing(&db).await?;
/// # for id in ["1", "2"] {
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.into()));
/// #     put.item("email", AttributeValue::S("ann@example.org".into())).send().await?;
/// # }
/// let report = Unique::<User>::backfill(&db).await?;
/// assert_eq!((report.items, report.guards, report.duplicates.len()), (2, 1, 1));
/// User::update(&db, 2).set(User::EMAIL, "bob@example.org").await?;
/// User::update(&db, 1).set(User::EMAIL, "eve@example.org").await?;
/// assert!(Unique::<User>::backfill(&db).await?.duplicates.is_empty());
/// assert!(Unique::<User>::verify(&db).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Unique<M>(PhantomData<fn() -> M>);

/// What a [`backfill`](Unique::backfill) found and made.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Table};
/// use dynamap::Unique;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # for id in ["1", "2"] {
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.into()));
/// #     put.item("email", AttributeValue::S("ann@example.org".into())).send().await?;
/// # }
/// // Users 1 and 2 are from before the constraint, and share an email.
/// let made = Unique::<User>::backfill(&db).await?;
/// assert_eq!((made.items, made.guards, made.duplicates.len()), (2, 1, 1));
/// let again = Unique::<User>::backfill(&db).await?;
/// assert_eq!((again.guards, again.duplicates.len()), (0, 1)); // nobody has decided yet
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuardsMade {
    /// How many items the table has.
    pub items: usize,
    /// How many guards were missing and are made.
    pub guards: usize,
    /// Items whose value another one has: they have no guard for it. Change or delete them, and run it again.
    pub duplicates: Vec<Duplicate>,
}

/// An item that shares a unique value with another. What becomes of it is for the program to say.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Table};
/// use dynamap::Unique;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # for id in ["1", "2"] {
/// #     let put = db.client().put_item().table_name("users").item("id", AttributeValue::N(id.into()));
/// #     put.item("email", AttributeValue::S("ann@example.org".into())).send().await?;
/// # }
/// // Users 1 and 2 are from before the constraint, and share an email.
/// let made = Unique::<User>::backfill(&db).await?;
/// let duplicate = &made.duplicates[0];
/// assert_eq!(duplicate.constraint, "email");
/// let owner = duplicate.owner.as_ref().expect("the other one");
/// assert!(duplicate.key != *owner && owner.contains("id"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicate {
    /// The attribute, or the attributes with commas between them.
    pub constraint: &'static str,
    /// The item without a guard.
    pub key: Key,
    /// The item that the value belongs to, where its guard tells.
    pub owner: Option<Key>,
}

/// A guard of a value that its owner does not have: nobody can take the value until the guard is
/// [repaired](Unique::repair).
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Table};
/// use dynamap::Unique;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// let ann = || "ann@example.org".to_owned();
/// let first = User { id: 1, email: ann() }.insert(&db).await?;
/// // Another program deletes the user, and knows of no guards.
/// # db.client().delete_item().table_name("users").key("id", AttributeValue::N("1".into())).send().await?;
/// let orphans = Unique::<User>::verify(&db).await?;
/// assert_eq!((orphans[0].constraint, orphans[0].owner.as_ref()), ("email", Some(first.key())));
/// assert!(User { id: 2, email: ann() }.insert(&db).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    /// The attribute, or the attributes with commas between them.
    pub constraint: &'static str,
    /// The item that the guard names: it is gone, or has another value. `None` where the guard names none.
    pub owner: Option<Key>,
}

impl<M: Model> Unique<M> {
    /// The item that has this value of a unique attribute, read consistently: its guard first, and then the item.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table, Unique};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", validate = false)]
    /// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// User { id: 7, email: "ann@example.org".into() }.insert(&db).await?;
    /// let ann = Unique::find(&db, User::EMAIL, "ann@example.org").await?.expect("there");
    /// assert_eq!(ann.id, 7);
    /// assert!(Unique::find(&db, User::EMAIL, "bob@example.org").await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Usage`] where the attribute is not unique by itself; `Encode`; what reading the item says. An item from
    /// before the constraint is not found until the [`backfill`](Self::backfill).
    pub fn find<'a, T: Attribute, R>(
        db: &'a Database,
        path: Path<M, T, R>,
        value: T::Operand<'_>,
    ) -> BoxFuture<'a, Result<Option<Loaded<M>>, Error>> {
        let guard = guard_of_value::<M>(db, &path.into_place(), T::encode_operand(value));
        Box::pin(async move {
            let (constraint, key) = guard?;
            let layout = M::layout();
            let mut again = Again::new(db);
            loop {
                match holder(db, layout, constraint, &key).await? {
                    Holder::None | Holder::Orphan { .. } => return Ok(None),
                    Holder::Item { owner, item } => {
                        return decode(&db.table_name(layout), &owner, item).map(Some);
                    }
                    Holder::Moving if again.pause().await => {}
                    Holder::Moving => {
                        let guard = of_guards(db, key);
                        return Err(again.busy("GetItem", std::iter::once(&guard), Vec::new()));
                    }
                }
            }
        })
    }

    /// Makes the guards that items lack, page by page, each with the check that its item is as it was read.
    ///
    /// It runs beside writers, also of this release; those of an older one write without guards, so that it is run once
    /// more after the last of them is gone. Items of an older schema are upgraded in the store. If it fails, or the future
    /// is dropped, it is run again: what is made stays and is not made twice.
    ///
    /// # Errors
    /// What the service says; `Decode`, `SchemaTooNew`, `Upgrade` of an item.
    pub async fn backfill(db: &Database) -> Result<GuardsMade, Error> {
        let mut report = GuardsMade::default();
        let mut items = all_items(db, M::layout());
        while let Some(item) = items.next().await {
            report.items += 1;
            Box::pin(guard_item::<M>(db, item?, &mut report)).await?;
        }
        Ok(report)
    }

    /// The guards whose owners do not have the value: what a program leaves that deletes or changes items without this
    /// library. Such a value cannot be taken by anybody.
    ///
    /// # Errors
    /// What the service says.
    pub async fn verify(db: &Database) -> Result<Vec<Orphan>, Error> {
        Ok(orphans(db, M::layout()).await?.into_iter().map(|found| found.orphan).collect())
    }

    /// Deletes the guards that [`verify`](Self::verify) finds, each with the check that guard and item are as they were
    /// read, and returns them. One that somebody writes at the same time is left for the next run.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Database, Model, Table};
    /// use dynamap::Unique;
    ///
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", validate = false)]
    /// # struct User { #[model(hash_key)] id: u64, #[model(unique)] email: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// let user = |id| User { id, email: "ann@example.org".into() };
    /// user(1).insert(&db).await?;
    /// # db.client().delete_item().table_name("users").key("id", AttributeValue::N("1".into())).send().await?;
    /// // Another program has deleted user 1.
    /// assert_eq!(Unique::<User>::repair(&db).await?.len(), 1);
    /// user(2).insert(&db).await?;
    /// assert!(Unique::<User>::repair(&db).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the service says; what was deleted until then stays deleted.
    pub async fn repair(db: &Database) -> Result<Vec<Orphan>, Error> {
        let layout = M::layout();
        let mut repaired = Vec::new();
        for Found { orphan, guard, key, item } in orphans(db, layout).await? {
            let mut writes =
                vec![Write::new(&GUARDS, of_guards(db, key), Base::Stored(guard), After::Gone)];
            if let Some(owner) = &orphan.owner {
                let target = Target { table: db.table_name(layout), key: owner.clone() };
                let base = item.map_or(Base::Absent, Base::Stored);
                writes.push(Write::new(layout, target, base, After::Same));
            }
            match apply(db, &writes).await {
                Ok(_) => repaired.push(orphan),
                Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(repaired)
    }
}

impl<M> fmt::Debug for Unique<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unique")
    }
}

/// Makes the guards that one item lacks.
async fn guard_item<M: Model>(
    db: &Database,
    item: Item,
    report: &mut GuardsMade,
) -> Result<(), Error> {
    let layout = M::layout();
    let key = Key::of(layout, &item).map_err(|error| Error::encode(layout, error))?;
    let target = Target { table: db.table_name(layout), key };
    let mut again = Again::new(db);
    while let Some(failures) = guarded::<M>(db, &target, report).await? {
        if !again.pause().await {
            return Err(again.busy("TransactWriteItems", std::iter::once(&target), failures));
        }
    }
    Ok(())
}

/// Makes the guards that an item lacks, as it is now; where somebody wrote meanwhile, nothing is made, and what was in the
/// way comes back.
async fn guarded<M: Model>(
    db: &Database,
    target: &Target,
    report: &mut GuardsMade,
) -> Result<Option<Vec<Failure>>, Error> {
    let (layout, key) = (M::layout(), &target.key);
    let Some(stored) = db.read_item(layout, key, true).await? else { return Ok(None) };
    let (missing, duplicates) = match in_shape::<M>(db, key, stored).await? {
        Shaped::Item(item) => {
            let (writes, duplicates) = missing(db, layout, key, &item).await?;
            (Some((item, writes)), duplicates)
        }
        Shaped::Again(failures) => return Ok(Some(failures)),
        Shaped::Taken(duplicates) => (None, duplicates),
    };
    let Some((item, guards)) = missing.filter(|(_, writes)| !writes.is_empty()) else {
        report.duplicates.extend(duplicates);
        return Ok(None);
    };
    let mut writes = vec![Write::new(layout, target.clone(), Base::Stored(item), After::Same)];
    let made = guards.len();
    writes.extend(guards);
    match apply(db, &writes).await {
        Ok(_) => {
            report.guards += made;
            report.duplicates.extend(duplicates);
            Ok(None)
        }
        // The item or a guard was written meanwhile.
        Err(Error::Conflict(conflict)) => Ok(Some(conflict.into_failures())),
        Err(error) => Err(error),
    }
}

/// An item on its way into today's shape.
enum Shaped {
    Item(Item),
    /// Somebody else changed it.
    Again(Vec<Failure>),
    /// In today's shape it has a value that others have.
    Taken(Vec<Duplicate>),
}

/// An item of an older schema may have its values elsewhere: it is upgraded in the store.
async fn in_shape<M: Model>(db: &Database, key: &Key, stored: Item) -> Result<Shaped, Error> {
    let loaded = decode::<M>(&db.table_name(M::layout()), key, stored.clone())?;
    if !loaded.is_upgraded() {
        return Ok(Shaped::Item(stored));
    }
    let write = Write::reshaped(db, &loaded, loaded.current().clone());
    match apply(db, &[write]).await {
        Ok(mut after) => {
            Ok(after.pop().flatten().map_or_else(|| Shaped::Again(Vec::new()), Shaped::Item))
        }
        Err(Error::Conflict(conflict)) if !conflict.is_retryable() => {
            let taken = conflict.failures().iter().filter_map(|failure| match failure.reason() {
                Reason::NotUnique { constraint } => Some(Duplicate {
                    constraint,
                    key: key.clone(),
                    owner: failure.owner().cloned(),
                }),
                _ => None,
            });
            Ok(Shaped::Taken(taken.collect()))
        }
        Err(Error::Conflict(conflict)) => Ok(Shaped::Again(conflict.into_failures())),
        Err(error) => Err(error),
    }
}

/// The writes of the guards that an item lacks, and its values that belong to others.
async fn missing(
    db: &Database,
    layout: &'static Layout,
    key: &Key,
    item: &Item,
) -> Result<(Vec<Write>, Vec<Duplicate>), Error> {
    let table = db.table_name(layout);
    let (mut writes, mut duplicates) = (Vec::new(), Vec::new());
    for constraint in layout.uniques {
        let Some(guard) = constraint.guard(layout, &table, item) else { continue };
        let guard = unique::guard_key(guard);
        if let Some(stored) = db.read_item(&GUARDS, &guard, true).await? {
            let owner = owner_of(layout, &stored);
            if owner.as_ref() != Some(key) {
                let constraint = constraint.name;
                duplicates.push(Duplicate { constraint, key: key.clone(), owner });
            }
        } else {
            let item = unique::guard_item(&guard, constraint.name, &table, key);
            let (base, after) = (Base::Absent, After::New(item));
            writes.push(Write::new(&GUARDS, of_guards(db, guard), base, after));
        }
    }
    Ok((writes, duplicates))
}

/// An orphan, and what it was told by.
struct Found {
    orphan: Orphan,
    key: Key,
    guard: Item,
    item: Option<Item>,
}

async fn orphans(db: &Database, layout: &'static Layout) -> Result<Vec<Found>, Error> {
    let table = db.table_name(layout);
    let (mut found, mut guards) = (Vec::new(), all_items(db, &GUARDS));
    while let Some(guard) = guards.next().await.transpose()? {
        let of = layout.uniques.iter().find(|constraint| constraint.is_of(layout, &table, &guard));
        if let Some(constraint) = of {
            found.extend(Box::pin(orphan(db, layout, constraint, guard)).await?);
        }
    }
    Ok(found)
}

/// Whether a guard is an orphan.
async fn orphan(
    db: &Database,
    layout: &'static Layout,
    constraint: &UniqueLayout,
    guard: Item,
) -> Result<Option<Found>, Error> {
    let key = Key::of(&GUARDS, &guard).map_err(|error| Error::encode(&GUARDS, error))?;
    Ok(match holder(db, layout, constraint, &key).await? {
        Holder::Orphan { guard, owner, item } => {
            let orphan = Orphan { constraint: constraint.name, owner };
            Some(Found { orphan, key, guard, item })
        }
        _ => None,
    })
}

/// Who has a value.
enum Holder {
    /// Nobody.
    None,
    Item {
        owner: Key,
        item: Item,
    },
    /// Nobody, but the guard names this item, which does not have it.
    Orphan {
        guard: Item,
        owner: Option<Key>,
        item: Option<Item>,
    },
    /// The guard was written while its item was read.
    Moving,
}

/// Who has the value of this guard. The item is read after the guard; where it does not have the value, the guard is
/// read again, so that one that was there all the time is an orphan.
async fn holder(
    db: &Database,
    layout: &'static Layout,
    constraint: &UniqueLayout,
    key: &Key,
) -> Result<Holder, Error> {
    let Some(guard) = db.read_item(&GUARDS, key, true).await? else { return Ok(Holder::None) };
    let owner = owner_of(layout, &guard);
    let item = match &owner {
        Some(owner) => db.read_item(layout, owner, true).await?,
        None => None,
    };
    let table = db.table_name(layout);
    let has = item.as_ref().is_some_and(|item| {
        // Guarded as it is stored, or in today's shape by a program that wrote it as older.
        let todays = layout.todays(item);
        let guard = |item: &Item| constraint.guard(layout, &table, item).map(unique::guard_key);
        [item, &*todays].into_iter().any(|item| guard(item).as_ref() == Some(key))
    });
    let (owner, item) = match (owner, item) {
        (Some(owner), Some(item)) if has => return Ok(Holder::Item { owner, item }),
        other => other,
    };
    let still = db.read_item(&GUARDS, key, true).await?;
    if still.as_ref() != Some(&guard) {
        return Ok(Holder::Moving);
    }
    Ok(Holder::Orphan { guard, owner, item })
}

/// The constraint of one attribute alone, and the guard of a value of it.
fn guard_of_value<M: Model>(
    db: &Database,
    place: &Place,
    value: Result<AttributeValue, EncodeError>,
) -> Result<(&'static UniqueLayout, Key), Error> {
    let layout = M::layout();
    let mut alone = layout.uniques.iter().filter(|constraint| {
        place.inner.is_empty() && constraint.attributes == [place.name.as_ref()]
    });
    let not_unique = "the attribute is not unique by itself: write `#[model(unique)]` on its field";
    let constraint = alone.next().ok_or(Error::Usage(not_unique))?;
    let value = value.map_err(|error| Error::encode(layout, error))?;
    let item = Item::from_iter([(place.name.to_string(), value)]);
    let guard = constraint.guard(layout, &db.table_name(layout), &item);
    let not_scalar = || Error::encode(layout, EncodeError::new("the value cannot be unique"));
    Ok((constraint, unique::guard_key(guard.ok_or_else(not_scalar)?)))
}

fn of_guards(db: &Database, key: Key) -> Target {
    Target { table: db.table_name(&GUARDS), key }
}
