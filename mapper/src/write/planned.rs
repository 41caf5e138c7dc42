//! A write by key that has not been sent: for whoever writes it together with others.
//!
//! It is sent blind, with a guard on the item's shape, or made in memory of an item that is known.

use super::by_key::{ByKey, Guard};
use super::in_shape::Shape;
use super::judge;
use super::plan::{After, Base, Changes, Write, in_schema, target};
use super::{DeleteByKey, Update, returns};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::{decode, plain};
use crate::error::{Conflict, Error, Target};
use crate::expr::{Condition, Node, evaluate};
use crate::item::Item;
use crate::key::Key;
use crate::model::Model;

/// A write by key that has not been sent.
#[derive(Debug, Clone)]
pub struct Planned {
    by_key: ByKey,
    on: fn(&ByKey, Option<Item>) -> Result<Write, Error>,
}

/// What a transaction takes beside loaded items: [`Update`], and [`DeleteByKey`].
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::{ByKeyWrite, Transaction};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// fn write_all<W: ByKeyWrite>(tx: &Transaction, writes: impl IntoIterator<Item = W>) -> Result<(), Error> {
///     writes.into_iter().try_for_each(|write| tx.write(write).map(drop))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in 1..=3 { Account { id, balance: 5, version: 0 }.insert(&db).await?; }
/// let tx = Transaction::begin(&db);
/// write_all(&tx, [1, 2].map(|id| Account::update(&db, id).add(Account::BALANCE, 1)))?;
/// write_all(&tx, [Account::delete(&db, 3).when(Account::BALANCE.eq(5))])?;
/// tx.commit().await?; // all or none
/// assert_eq!(Account::get(&db, 2).await?.expect("there").balance, 6);
/// assert!(Account::get(&db, 3).await?.is_none());
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a write by key that a transaction takes",
    note = "write `Account::update(&db, key)…` without `returning_…` and `exactly_once`, or `Account::delete(&db, key)` with \
            `.when(…)` or `.unchecked()`"
)]
pub trait ByKeyWrite {
    /// The model.
    type Model: Model;

    /// The write, and the database that it was built for.
    #[doc(hidden)]
    fn planned(self) -> Result<(Planned, Database), Error>;
}

impl<M: Model> ByKeyWrite for Update<'_, M, returns::Nothing> {
    type Model = M;

    fn planned(self) -> Result<(Planned, Database), Error> {
        let db = self.database().clone();
        Ok((Planned { by_key: self.plan()?, on: on::<M> }, db))
    }
}

impl<M: Model> ByKeyWrite for DeleteByKey<'_, M, returns::Nothing> {
    type Model = M;

    fn planned(self) -> Result<(Planned, Database), Error> {
        let db = self.database().clone();
        Ok((Planned { by_key: self.plan()?, on: on::<M> }, db))
    }
}

impl Planned {
    /// The check of a condition on an item that nobody has read.
    ///
    /// # Errors
    /// `Encode`.
    pub fn check<M: Model>(
        db: &Database,
        key: Result<Key, EncodeError>,
        condition: Condition<M>,
    ) -> Result<Self, Error> {
        let layout = M::layout();
        let condition = condition.into_node();
        let key = key.map_err(|error| Error::encode(layout, error))?;
        let guard = Guard::Shape(Shape::of_condition::<M>(&condition)?);
        let mut write = Write::new(layout, target(db, layout, key), Base::Any, After::Same);
        write.condition = Some(Node::exists(layout.hash_key.name).and(condition));
        Ok(Self { by_key: ByKey { write, guard }, on: on::<M> })
    }

    /// Which item it is about.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.by_key.write.target
    }

    /// The write as it is sent without knowing the item.
    #[must_use]
    pub fn blind(&self) -> Write {
        self.by_key.guarded(&self.by_key.write.layout.schema)
    }

    /// The write as it is made of an item that is known.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::Conflict`] where its condition does not hold; what reading the item says.
    pub fn on(&self, item: Option<Item>) -> Result<Write, Error> {
        (self.on)(&self.by_key, item)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_check(&self) -> bool {
        matches!(self.by_key.write.after, After::Same)
    }

    /// Whether a stored item was refused for its shape, and not by the program's condition.
    #[must_use]
    pub fn misses(&self, item: &Item) -> bool {
        !self.by_key.guard_of(&self.by_key.write.layout.schema).holds(item)
    }

    /// Both writes as one, where the second does not depend on what the first leaves.
    #[must_use]
    pub fn join(mut self, next: &Self) -> Option<Self> {
        let (first, second) = (&mut self.by_key, &next.by_key);
        let about = second.write.condition.iter().flat_map(Node::places);
        let touched = match &mut first.write.after {
            After::Same => Vec::new(),
            After::By(changes) => changes.changes.iter().map(|change| &change.place).collect(),
            _ => return None,
        };
        if about.into_iter().any(|place| touched.iter().any(|changed| changed.overlaps(place))) {
            return None;
        }
        let after = match (&first.write.after, &second.write.after) {
            (_, After::Same) => first.write.after.clone(),
            (After::Same, after) => after.clone(),
            (After::By(one), After::By(two)) => After::By(one.clone().then(two)?),
            _ => return None,
        };
        first.guard = first.guard.join(&second.guard)?;
        first.write.after = after;
        first.write.condition = match (first.write.condition.take(), &second.write.condition) {
            (Some(one), Some(two)) => Some(one.and(two.clone())),
            (one, two) => one.or_else(|| two.clone()),
        };
        Some(self)
    }
}

impl Changes {
    /// These changes, and then others that do not start from what these leave.
    fn then(mut self, next: &Self) -> Option<Self> {
        for change in &next.changes {
            let replaces = change.replaces();
            self.changes.retain(|earlier| !(replaces && earlier.place == change.place));
            let reads = change.reads();
            let clear = |earlier: &crate::expr::Change| {
                !earlier.place.overlaps(&change.place)
                    && reads.iter().all(|place| !earlier.place.overlaps(place))
            };
            if !self.changes.iter().all(clear) {
                return None;
            }
        }
        self.changes.extend(next.changes.iter().cloned());
        Some(self)
    }
}

/// The write as it is made of the item that is there.
pub(super) fn on<M: Model>(by_key: &ByKey, item: Option<Item>) -> Result<Write, Error> {
    let ByKey { write, guard } = by_key;
    let (layout, target) = (write.layout, write.target.clone());
    let wanted = write.condition.as_ref();
    let Some(image) = item else {
        let nothing = Item::default();
        return if wanted.is_none_or(|wanted| wanted.holds(&nothing)) {
            Ok(Write::new(layout, target, Base::Absent, After::Same))
        } else {
            Err(write.conflict(None))
        };
    };
    let nothing = Shape::default();
    let shape = match guard {
        Guard::Shape(shape) => shape,
        Guard::ShapeOrAbsent => &nothing,
        Guard::None => {
            return Ok(Write::new(layout, target, Base::Stored(image), write.after.clone()));
        }
    };
    let encode = |error| Error::encode(layout, error);
    let loaded = decode::<M>(&target.table, &target.key, image.clone())?;
    let mut item = loaded.current().clone();
    let read = plain::<M>(&target.table, &target.key, &item)?.to_attributes().map_err(encode)?;
    shape.reshape(layout, &mut item, &read)?;
    if wanted.is_some_and(|wanted| !wanted.holds(&item)) {
        let mut failure = judge::failure(write, Some(item));
        failure.stored = Some(image);
        return Err(Error::Conflict(Box::new(Conflict::new(vec![failure]))));
    }
    let after = match &write.after {
        After::By(changes) => {
            let mut item = evaluate(&item, &changes.changes).map_err(encode)?;
            layout.recompose(&mut item).map_err(encode)?;
            After::Changed(in_schema(&loaded, item))
        }
        after => after.clone(),
    };
    // Its conditions were decided by this item.
    Ok(Write::new(layout, target, Base::Stored(image), after).comparing_all())
}
