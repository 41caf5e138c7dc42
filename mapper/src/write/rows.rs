//! Rows of views, and what they change by.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::by_key::{own, schema_guard};
use super::composed;
use super::plan::{After, Base, Changes, Write, target};

use super::viewed::view;
use crate::codec::number;
use crate::database::Database;
use crate::decode::examine;
use crate::error::{Error, Target, ViewError};
use crate::expr::{Change, Node, Place, evaluate};
use crate::item::{AttributeValue, Item, same};
use crate::key::Key;
use crate::layout::Layout;
use crate::schema::{
    SCHEMA_ATTRIBUTE, Standing, VIEW_ATTRIBUTE, VIEW_OWNER_ATTRIBUTE, schema_text,
};
use crate::unique::owner_value;
use crate::view::{Effect, Op, ViewLayout};

/// The rows that some writes touch, in the order in which they are first named.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
    at: HashMap<Target, usize>,
}

/// What one row changes by.
pub(super) struct Row {
    pub(super) view: &'static ViewLayout,
    pub(super) layout: &'static Layout,
    pub(super) target: Target,
    /// The write that it goes with.
    number: usize,
    change: RowChange,
}

enum RowChange {
    /// Its numbers, by name.
    Add(BTreeMap<String, String>),
    /// The row of one item: who gives it up, with what, and who takes it.
    Put { given_up: Vec<(AttributeValue, Item)>, taken: Option<(AttributeValue, Item)> },
}

impl Rows {
    /// Notes what an item adds to a row, or takes from it.
    #[expect(clippy::too_many_arguments, reason = "one caller, which has them all")]
    pub(super) fn note(
        &mut self,
        view: &'static ViewLayout,
        layout: &'static Layout,
        target: Target,
        op: Op,
        source: &Key,
        number: usize,
        is_added: bool,
    ) -> Result<(), Error> {
        let known = self.at.get(&target).copied();
        let at = known.unwrap_or_else(|| {
            let change = match op.effect {
                Effect::Add(..) => RowChange::Add(BTreeMap::new()),
                Effect::Put(_) => RowChange::Put { given_up: Vec::new(), taken: None },
            };
            self.at.insert(target.clone(), self.rows.len());
            self.rows.push(Row { view, layout, target, number, change });
            self.rows.len() - 1
        });
        let row = &mut self.rows[at];
        if row.view.name != view.name {
            let row = Box::new(row.target.clone());
            return Err(super::viewed::view(ViewError::Foreign { view: view.name, row }));
        }
        let name = |row: &Row| Box::new(row.target.clone());
        match (&mut row.change, op.effect) {
            (RowChange::Add(numbers), Effect::Add(attribute, value)) => {
                let sum = numbers.entry(attribute).or_insert_with(|| "0".to_owned());
                *sum = number::plus(sum, &value, !is_added)
                    .map_err(|error| Error::encode(layout, error))?;
            }
            (RowChange::Put { given_up, .. }, Effect::Put(item)) if !is_added => {
                given_up.push((owner_value(source), item));
            }
            (RowChange::Put { taken, .. }, Effect::Put(item)) => {
                if taken.replace((owner_value(source), item)).is_some() {
                    return Err(super::viewed::view(ViewError::Taken {
                        view: view.name,
                        row: name(row),
                    }));
                }
            }
            _ => {
                let row = name(row);
                return Err(super::viewed::view(ViewError::Mixed { view: view.name, row }));
            }
        }
        Ok(())
    }

    /// The rows that are not the same afterwards.
    pub(super) fn changed(mut self) -> Vec<Row> {
        for row in &mut self.rows {
            if let RowChange::Add(numbers) = &mut row.change {
                numbers.retain(|_, sum| !number::equal(sum, "0"));
            }
        }
        self.rows.retain(|row| match &row.change {
            RowChange::Add(numbers) => !numbers.is_empty(),
            RowChange::Put { given_up, taken } => {
                let is_kept = |(owner, item): &(AttributeValue, Item)| {
                    given_up.iter().any(|(old, before)| same(old, owner) && before == item)
                };
                !taken.as_ref().is_some_and(is_kept)
            }
        });
        self.rows
    }
}

impl Row {
    /// The write of a row that nobody has read: it must be of this view and generation, or not be there.
    pub(super) fn blind(&self) -> Result<Write, Error> {
        let is_ours = Node::equals(VIEW_ATTRIBUTE, self.view.stamp());
        let absent = Node::not_exists(self.layout.hash_key.name);
        let by_one_of = |owners: Vec<&AttributeValue>| {
            let by = |owner: &AttributeValue| Node::equals(VIEW_OWNER_ATTRIBUTE, owner.clone());
            is_ours.clone().and(Node::any(owners.into_iter().map(by).collect()))
        };
        let (after, condition) = match &self.change {
            RowChange::Add(numbers) => {
                let in_shape = own(self.layout).and(schema_guard(self.layout, &self.layout.schema));
                let changes = self.changes(numbers, true)?;
                // A number under an alias is read first.
                let aliases = self.aliases(numbers).map(|(_, alias)| Node::not_exists(alias));
                let is_row = is_ours.clone().and(in_shape).and(Node::all(aliases.collect()));
                (After::By(Changes { changes }), absent.or(is_row))
            }
            RowChange::Put { given_up, taken: Some((owner, item)) } => {
                let owners = given_up.iter().map(|(owner, _)| owner).chain([owner]).collect();
                (After::New(self.stamped(item, Some(owner))), absent.or(by_one_of(owners)))
            }
            RowChange::Put { given_up, taken: None } => {
                (After::Gone, by_one_of(given_up.iter().map(|(owner, _)| owner).collect()))
            }
        };
        let mut write = self.write(Base::Any, after);
        write.condition = Some(condition);
        Ok(write)
    }

    /// The write of a row that was read; `None` where nothing is to be done.
    pub(super) fn on(&self, stored: Option<Item>) -> Result<Option<Write>, Error> {
        let is_ours = match &stored {
            None => false,
            Some(item) => self.is_of_this_generation(item)?,
        };
        let current = match &stored {
            Some(item) if is_ours => Some(self.in_shape(item)?),
            _ => None,
        };
        let after = match &self.change {
            RowChange::Add(numbers) => {
                let changes = self.changes(numbers, false)?;
                let fresh = || self.fresh().map(|item| self.stamped(&item, None));
                let mut from = current.map_or_else(fresh, |item| Ok(item.into_owned()))?;
                for (own, alias) in self.aliases(numbers) {
                    if let (Some(value), false) = (from.remove(alias), from.contains(own)) {
                        from.insert(*own, value);
                    }
                }
                evaluate(&from, &changes).map_err(|error| Error::encode(self.layout, error))?
            }
            RowChange::Put { given_up, taken } => {
                let owner = current.as_deref().and_then(|item| item.get(VIEW_OWNER_ATTRIBUTE));
                let gives_up =
                    |owner: &AttributeValue| given_up.iter().any(|(o, _)| same(o, owner));
                match (taken, owner) {
                    (Some((new, item)), owner) => {
                        if owner.is_some_and(|owner| !same(owner, new) && !gives_up(owner)) {
                            return Err(view(ViewError::Taken {
                                view: self.view.name,
                                row: Box::new(self.target.clone()),
                            }));
                        }
                        self.stamped(item, Some(new))
                    }
                    (None, Some(owner)) if gives_up(owner) => {
                        let base = stored.map_or(Base::Absent, Base::Stored);
                        return Ok(Some(self.write(base, After::Gone).comparing_all()));
                    }
                    // It is not there, or nobody's any more.
                    (None, _) => return Ok(None),
                }
            }
        };
        Ok(Some(match stored {
            Some(stored) => self.write(Base::Stored(stored), After::Changed(after)),
            None => self.write(Base::Absent, After::New(after)),
        }))
    }

    fn write(&self, base: Base, after: After) -> Write {
        Write::new(self.layout, self.target.clone(), base, after).numbered(self.number)
    }

    /// Whether a stored row is of this generation; an older one counts as absent.
    fn is_of_this_generation(&self, item: &Item) -> Result<bool, Error> {
        let row = || Box::new(self.target.clone());
        let stamp = item.text(VIEW_ATTRIBUTE);
        match stamp.and_then(|stamp| self.view.generation_of(stamp)) {
            None => Err(view(ViewError::Foreign { view: self.view.name, row: row() })),
            Some(found) if found > self.view.generation => {
                Err(view(ViewError::Newer { view: self.view.name.to_owned(), target: row() }))
            }
            Some(found) => Ok(found == self.view.generation),
        }
    }

    /// The row in today's shape.
    fn in_shape<'i>(&self, item: &'i Item) -> Result<Cow<'i, Item>, Error> {
        let (layout, Target { table, key }) = (self.layout, &self.target);
        let (found, Standing::Older) = examine(layout, table, key, item)? else {
            return Ok(Cow::Borrowed(item));
        };
        let mut upgraded = layout
            .upgraded(item, &found)
            .map_err(|error| Error::not_upgraded(table, key, layout, &found, error))?;
        upgraded.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
        Ok(Cow::Owned(upgraded))
    }

    /// A new row, with what its key tells.
    fn fresh(&self) -> Result<Item, Error> {
        let mut item = self.layout.expand(&self.target.key.to_item()).into_owned();
        self.layout.recompose(&mut item).map_err(|error| Error::encode(self.layout, error))?;
        item.insert(SCHEMA_ATTRIBUTE, schema_text(&self.layout.schema));
        Ok(item)
    }

    /// The other names of numbers, each with the own one.
    fn aliases(
        &self,
        numbers: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        let names: Vec<String> = numbers.keys().cloned().collect();
        self.layout.aliases.iter().filter(move |(own, _)| names.iter().any(|name| name == own))
    }

    fn stamped(&self, item: &Item, owner: Option<&AttributeValue>) -> Item {
        let mut item = item.clone();
        item.insert(VIEW_ATTRIBUTE, self.view.stamp());
        if let Some(owner) = owner {
            item.insert(VIEW_OWNER_ATTRIBUTE, owner.clone());
        }
        item
    }

    /// The changes of numbers; with all that a new row has besides.
    fn changes(
        &self,
        numbers: &BTreeMap<String, String>,
        with_fresh: bool,
    ) -> Result<Vec<Change>, Error> {
        let add = |(name, number): (&String, &String)| {
            Change::add(Place::from(name.as_str()), AttributeValue::N(number.clone()))
        };
        let mut changes: Vec<_> = numbers.iter().map(add).collect();
        changes.extend(composed::changes(self.layout, &self.target.key, &changes)?);
        if with_fresh {
            let fresh = self.stamped(&self.fresh()?, None);
            let others = fresh.iter().filter(|(name, _)| {
                !self.target.key.contains(name) && !numbers.contains_key(*name)
            });
            let set = |(name, value): (&str, &AttributeValue)| {
                Change::set_if_absent(Place::from(name), value.clone())
            };
            changes.extend(others.map(set));
        }
        Ok(changes)
    }
}

/// The rows that there should be, for a comparison.
#[derive(Default)]
pub(crate) struct Expected {
    rows: Rows,
    seen: HashSet<Target>,
    /// Those that several items put.
    disputed: HashSet<Target>,
}

impl Expected {
    /// Notes what an item adds.
    pub(crate) fn add(
        &mut self,
        db: &Database,
        view: &'static ViewLayout,
        table: &str,
        source: &Key,
        item: &Item,
    ) -> Result<(), Error> {
        for op in (view.ops)(table, source, item)? {
            let layout = (view.row)();
            let target = target(db, layout, op.key.clone());
            match self.rows.note(view, layout, target.clone(), op, source, 0, true) {
                // Two items put it.
                Err(Error::View(_)) => drop(self.disputed.insert(target)),
                noted => noted?,
            }
        }
        Ok(())
    }

    /// The row, if it is another one than it should be. Rows of other views and generations are none.
    pub(crate) fn compare(
        &mut self,
        db: &Database,
        view: &ViewLayout,
        key: Key,
        stored: &Item,
    ) -> Option<Target> {
        let layout = (view.row)();
        let target = target(db, layout, key);
        if !stored.get(VIEW_ATTRIBUTE).is_some_and(|stamp| same(stamp, &view.stamp())) {
            return None;
        }
        self.seen.insert(target.clone());
        let stored = &*layout.todays(stored);
        let of_key = layout.expand(&target.key.to_item()).into_owned();
        let number = |name: &str| {
            let aliases = layout.aliases.iter().filter(|(own, _)| *own == name);
            let mut names = std::iter::once(name).chain(aliases.map(|(_, alias)| *alias));
            match names.find_map(|name| stored.get(name)) {
                Some(AttributeValue::N(number)) => number.clone(),
                _ => "0".to_owned(),
            }
        };
        let own_name = |name: &str| {
            let alias = layout.aliases.iter().find(|(_, alias)| *alias == name);
            alias.map_or(name.to_owned(), |(own, _)| (*own).to_owned())
        };
        let none = BTreeMap::new();
        // What no item adds to must be nothing.
        let are_right = |sums: &BTreeMap<String, String>| {
            let rest = stored.iter().filter(|(name, value)| {
                let is_other = of_key.contains(name) || layout.version == Some(*name);
                matches!(value, AttributeValue::N(_)) && !is_other
            });
            let rest = rest.map(|(name, _)| own_name(name)).filter(|name| !sums.contains_key(name));
            sums.iter().all(|(name, sum)| number::equal(sum, &number(name)))
                && rest.into_iter().all(|name| number::equal(&number(&name), "0"))
        };
        let is_right = match self.rows.at.get(&target).map(|at| &self.rows.rows[*at].change) {
            None => !stored.contains(VIEW_OWNER_ATTRIBUTE) && are_right(&none),
            Some(RowChange::Add(sums)) => are_right(sums),
            Some(RowChange::Put { taken, .. }) => taken.as_ref().is_some_and(|(owner, item)| {
                let as_stored = |(name, value): (&str, &AttributeValue)| {
                    stored.get(name).is_some_and(|stored| same(stored, value))
                };
                stored.get(VIEW_OWNER_ATTRIBUTE).is_some_and(|stored| same(stored, owner))
                    && item.iter().all(as_stored)
            }),
        };
        (!is_right && !self.disputed.contains(&target)).then_some(target)
    }

    pub(crate) fn rows(&self) -> u64 {
        u64::try_from(self.rows.rows.len()).unwrap_or(u64::MAX)
    }

    /// The rows that were not compared, since there are none, and those that several items put. A sum of nothing needs none.
    pub(crate) fn missing(self) -> impl Iterator<Item = Target> {
        let Self { rows, seen, disputed } = self;
        let known = disputed.clone();
        let is_missing =
            move |row: &Row| !seen.contains(&row.target) && !known.contains(&row.target);
        rows.changed().into_iter().filter(is_missing).map(|row| row.target).chain(disputed)
    }
}
