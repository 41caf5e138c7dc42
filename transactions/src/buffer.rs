//! What a transaction or a session intends to write: one entry per item, later writes folded into earlier ones.
//!
//! DynamoDB refuses two actions on one item, so an entry remembers what the item was before the transaction and what
//! it shall be after it; the action follows from the two.

use std::collections::HashMap;

use dynamap_mapper::error::Target;
use dynamap_mapper::model::Layout;
use dynamap_mapper::write::{After, Base, Planned, Write};
use dynamap_mapper::{Database, Error, Item, Key};

/// What is known about an item: it is this one, or there is none.
#[derive(Clone, PartialEq)]
pub(crate) enum Known {
    Absent,
    Item(Item),
    /// Written by key by this transaction, and not read: nobody knows what it is.
    ByKey,
}

impl Known {
    pub(crate) fn is_unread(&self) -> bool {
        *self == Self::ByKey
    }

    pub(crate) fn into_item(self) -> Option<Item> {
        match self {
            Self::Absent | Self::ByKey => None,
            Self::Item(item) => Some(item),
        }
    }
}

impl From<Option<Item>> for Known {
    fn from(item: Option<Item>) -> Self {
        item.map_or(Self::Absent, Self::Item)
    }
}

/// The write of a draft, once its id is taken; of a session's draft again, with another id, where it was refused.
type Finish = Box<dyn FnMut(&Database, u64) -> Result<Write, Error> + Send>;

/// What a transaction intends to write.
#[derive(Default)]
pub(crate) struct Buffer {
    entries: HashMap<Target, Entry>,
    added: usize,
    drafts: Vec<Draft>,
    /// Drafts that have an id, until they are written: of a session alone.
    keyed: HashMap<Target, Draft>,
    /// Keys that were given where a counter gives them.
    own_keys: Vec<(&'static Layout, Key)>,
}

#[derive(Clone)]
struct Entry {
    /// How many were added before: writes are sent in this order, so that the same transaction is the same request.
    place: usize,
    layout: &'static Layout,
    base: Base,
    after: After,
    number: usize,
    /// Where the item has not been read: `base` and `after` say nothing then.
    planned: Option<Planned>,
    /// Whether it was checked, or decided by conditions, so that all of the item must be as it was.
    decided: bool,
}

pub(crate) const BY_KEY: &str =
    "the transaction has written this item by key, and does not know it: get it, and write it then";

/// An insert whose key is taken from a counter when the transaction commits.
pub(crate) struct Draft {
    pub(crate) layout: &'static Layout,
    pub(crate) number: usize,
    /// Where it was given an id that is taken: of a session alone.
    pub(crate) refused: Option<Target>,
    pub(crate) finish: Finish,
}

impl Buffer {
    /// What the item is as far as this transaction is concerned; `None` where it has no intention with it.
    pub(crate) fn visible(&self, target: &Target) -> Option<Known> {
        self.entries.get(target).map(Entry::visible)
    }

    /// The items of a table with wanted keys that this transaction has intentions with, as it sees them.
    pub(crate) fn known(&self, table: &str, wanted: &dyn Fn(&Key) -> bool) -> Vec<(Key, Known)> {
        let entries = self.entries.iter().filter(|(target, _)| target.table == table);
        // A condition alone leaves the item as it is stored.
        let unread =
            |entry: &Entry| entry.planned.as_ref().is_none_or(|planned| !planned.is_check());
        let entries = entries.filter(|(target, entry)| wanted(&target.key) && unread(entry));
        entries.map(|(target, entry)| (target.key.clone(), entry.visible())).collect()
    }

    /// Adds an intended write. `below` is what the item is without this buffer, where that is known.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the write starts from another item than the one that is visible here.
    pub(crate) fn fold(
        &mut self,
        write: Write,
        number: usize,
        below: Option<Known>,
    ) -> Result<(), Error> {
        let visible = self.visible(write.target()).or(below);
        if let Some(visible) = visible {
            starts_from(&write, visible)?;
        }
        self.one_model(write.layout(), write.target())?;
        // A check is about all of the item, also where it is written for another reason.
        let decided = write.compares_all() || matches!(write.after(), After::Same);
        let (layout, target, base, after) = write.into_parts();
        if let Some(entry) = self.entries.get_mut(&target) {
            entry.fold(after, number);
            entry.decided |= decided;
        } else {
            let planned = None;
            self.add(target, Entry { place: 0, layout, base, after, number, planned, decided });
        }
        Ok(())
    }

    /// Adds an entry behind all others.
    fn add(&mut self, target: Target, entry: Entry) {
        self.entries.insert(target, Entry { place: self.added, ..entry });
        self.added += 1;
    }

    /// Adds a write by key of an item that is not known, here or below.
    ///
    /// # Errors
    /// [`Error::Usage`] where it depends on what an earlier write by key leaves.
    pub(crate) fn fold_by_key(
        &mut self,
        planned: Planned,
        number: usize,
        below: Option<&Known>,
    ) -> Result<(), Error> {
        if below.is_some() {
            return Err(Error::Usage(BY_KEY));
        }
        let blind = planned.blind();
        self.one_model(blind.layout(), blind.target())?;
        let Some(entry) = self.entries.get_mut(planned.target()) else {
            let (layout, target, base, after) = blind.into_parts();
            let (planned, decided) = (Some(planned), false);
            self.add(target, Entry { place: 0, layout, base, after, number, planned, decided });
            return Ok(());
        };
        let joined = entry.planned.clone().and_then(|earlier| earlier.join(&planned));
        entry.planned = Some(joined.ok_or(Error::Usage(BY_KEY))?);
        entry.number = number;
        Ok(())
    }

    /// Makes the write by key of an item, if there is one, of the item as it was read.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Conflict`] where it cannot be made of this item: the transaction cannot be
    /// committed.
    pub(crate) fn settle(&mut self, target: &Target, item: Option<&Item>) -> Result<(), Error> {
        let Some(entry) = self.entries.get_mut(target) else { return Ok(()) };
        let Some(planned) = &entry.planned else { return Ok(()) };
        let (_, _, base, after) = planned.on(item.cloned())?.into_parts();
        (entry.base, entry.after, entry.planned) = (base, after, None);
        entry.decided = true;
        Ok(())
    }

    /// The items that are written by key and are not known.
    pub(crate) fn by_key(&self) -> Vec<Target> {
        let by_key = self.entries.iter().filter(|(_, entry)| entry.planned.is_some());
        by_key.map(|(target, _)| target.clone()).collect()
    }

    /// The version and the keys of indexes are those of one model.
    fn one_model(&self, layout: &'static Layout, target: &Target) -> Result<(), Error> {
        let known = self.entries.get(target);
        if known.is_none_or(|entry| std::ptr::eq(entry.layout, layout)) {
            return Ok(());
        }
        Err(Error::Usage(
            "one transaction or session writes one item as two models: write it as one of them, or commit in between",
        ))
    }

    /// Remembers that a counter must be raised to this key before it is used.
    pub(crate) fn add_own_key(&mut self, layout: &'static Layout, key: Key) {
        self.own_keys.push((layout, key));
    }

    pub(crate) fn take_own_keys(&mut self) -> Vec<(&'static Layout, Key)> {
        std::mem::take(&mut self.own_keys)
    }

    pub(crate) fn add_draft(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Takes over everything that a nested transaction intends. `below` tells what an item is below this buffer.
    ///
    /// # Errors
    /// [`Error::Conflict`] where another nested transaction has changed one of its items meanwhile; then nothing is
    /// taken over.
    pub(crate) fn merge(
        &mut self,
        mut child: Buffer,
        below: impl Fn(&Target) -> Option<Known>,
    ) -> Result<(), Error> {
        let (drafts, own_keys) = (child.take_drafts(), child.take_own_keys());
        let (by_key, writes): (Vec<_>, Vec<_>) =
            child.in_order().partition(|(_, entry)| entry.planned.is_some());
        let writes: Vec<_> =
            writes.into_iter().map(|(target, entry)| entry.into_write(target)).collect();
        for (write, _) in &writes {
            if let Some(visible) = self.visible(write.target()).or_else(|| below(write.target())) {
                starts_from(write, visible)?;
            }
            self.one_model(write.layout(), write.target())?;
        }
        let known = |target: &Target| self.visible(target).or_else(|| below(target));
        if by_key.iter().any(|(target, _)| known(target).is_some()) {
            return Err(Error::Usage(BY_KEY));
        }
        for (write, number) in writes {
            self.fold(write, number, None)?;
        }
        for (target, entry) in by_key {
            self.add(target, entry);
        }
        self.drafts.extend(drafts);
        self.own_keys.extend(own_keys);
        Ok(())
    }

    /// The writes of the entries, the drafts, and those of the writes that are made by key.
    pub(crate) fn into_writes(mut self) -> (Vec<Write>, Vec<Draft>, Vec<Planned>) {
        let (mut writes, mut by_key) = (Vec::new(), Vec::new());
        let drafts = self.take_drafts();
        for (target, entry) in self.in_order() {
            by_key.extend(entry.planned.clone());
            let (write, number) = entry.into_write(target);
            writes.push(write.numbered(number));
        }
        (writes, drafts, by_key)
    }

    fn in_order(self) -> impl Iterator<Item = (Target, Entry)> {
        let mut entries: Vec<_> = self.entries.into_iter().collect();
        entries.sort_by_key(|(_, entry)| entry.place);
        entries.into_iter()
    }

    pub(crate) fn take_drafts(&mut self) -> Vec<Draft> {
        std::mem::take(&mut self.drafts)
    }

    /// The drafts that wait for an id: the number of each, and its model.
    pub(crate) fn waiting(&self) -> Vec<(usize, &'static Layout)> {
        self.drafts.iter().map(|draft| (draft.number, draft.layout)).collect()
    }

    /// Makes the write of a draft, now that its id is taken. `below` tells what an item is without this buffer.
    ///
    /// # Errors
    /// `Encode`, and as [`fold`](Self::fold); the draft is as it was.
    pub(crate) fn complete(
        &mut self,
        number: usize,
        db: &Database,
        id: u64,
        below: impl Fn(&Target) -> Option<Known>,
    ) -> Result<Target, Error> {
        let place = self.drafts.iter().position(|draft| draft.number == number);
        let place = place.expect("a session completes a draft that waits, and has it for itself");
        let write = (self.drafts[place].finish)(db, id)?;
        let target = write.target().clone();
        self.fold(write, number, below(&target))?;
        let draft = self.drafts.swap_remove(place);
        self.keyed.insert(target.clone(), draft);
        Ok(target)
    }

    /// Makes an insert wait for another id, since the one that it was given is taken; not one that was changed since.
    pub(crate) fn wait_again(&mut self, target: &Target) {
        let is_as_given =
            |draft: &Draft| self.entries.get(target).is_some_and(|e| e.number == draft.number);
        if self.keyed.get(target).is_some_and(is_as_given) {
            self.entries.remove(target);
            let refused = |draft| Draft { refused: Some(target.clone()), ..draft };
            self.drafts.extend(self.keyed.remove(target).map(refused));
        }
    }

    /// Gives up the inserts that wait for another id since this one is taken; their numbers.
    pub(crate) fn withdraw(&mut self, target: &Target) -> Vec<usize> {
        let (refused, drafts): (Vec<_>, _) =
            self.take_drafts().into_iter().partition(|d| d.refused.as_ref() == Some(target));
        self.drafts = drafts;
        refused.into_iter().map(|draft| draft.number).collect()
    }

    /// How many items, and new items without a key, this would change.
    pub(crate) fn changed(&self) -> usize {
        self.drafts.len() + self.entries.values().filter(|entry| entry.is_change()).count()
    }

    /// Whether this would change an item.
    pub(crate) fn changes_item(&self, target: &Target) -> bool {
        self.entries.get(target).is_some_and(Entry::is_change)
    }

    /// The writes of the entries that change something, in order; the entries stay.
    pub(crate) fn changes(&self) -> Vec<Write> {
        let mut changed: Vec<_> =
            self.entries.iter().filter(|(_, entry)| entry.is_change()).collect();
        changed.sort_by_key(|(_, entry)| entry.place);
        let write = |(target, entry): (&Target, &Entry)| {
            let (write, number) = entry.clone().into_write(target.clone());
            write.numbered(number)
        };
        changed.into_iter().map(write).collect()
    }

    /// Forgets what it intends with an item.
    pub(crate) fn forget(&mut self, target: &Target) {
        self.entries.remove(target);
        self.keyed.remove(target);
    }
}

/// Requires that a write expects the item that is there.
fn starts_from(write: &Write, visible: Known) -> Result<(), Error> {
    match (write.base(), &visible) {
        (_, Known::ByKey) => Err(Error::Usage(BY_KEY)),
        (Base::Any, _) | (Base::Absent, Known::Absent) => Ok(()),
        (Base::Stored(base), Known::Item(visible)) if base == visible => Ok(()),
        _ => Err(write.conflict(visible.into_item())),
    }
}

impl Entry {
    fn visible(&self) -> Known {
        if self.planned.is_some() {
            return Known::ByKey;
        }
        match (&self.after, &self.base) {
            (After::New(item) | After::Changed(item), _) | (After::Same, Base::Stored(item)) => {
                Known::Item(item.clone())
            }
            (After::Gone | After::Same | After::By(_), _) => Known::Absent,
        }
    }

    fn fold(&mut self, next: After, number: usize) {
        let created = matches!(self.after, After::New(_));
        let was_absent = matches!(self.base, Base::Absent);
        let after = match next {
            After::Same => return,
            // What this transaction created and deletes again was never there.
            After::Gone if was_absent => After::Same,
            // A change of what this transaction created is a creation.
            After::Changed(item) if created => After::New(item),
            next => next,
        };
        self.after = after;
        self.number = number;
    }

    fn is_change(&self) -> bool {
        match (&self.base, &self.after) {
            (_, After::Same) => false,
            // Changed, and changed back.
            (Base::Stored(base), After::Changed(after)) => base != after,
            _ => true,
        }
    }

    fn into_write(self, target: Target) -> (Write, usize) {
        if let Some(planned) = self.planned {
            return (planned.blind(), self.number);
        }
        let write = Write::new(self.layout, target, self.base, self.after);
        (if self.decided { write.comparing_all() } else { write }, self.number)
    }
}
