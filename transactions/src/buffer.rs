//! What a transaction intends to write: one entry per item, later writes folded into earlier ones.
//!
//! DynamoDB refuses two actions on one item, so an entry remembers what the item was before the transaction and what
//! it shall be after it; the action follows from the two.

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

/// The write of a draft, once its id is taken.
type Finish = Box<dyn FnOnce(&Database, u64) -> Result<Write, Error> + Send>;

/// What a transaction intends to write.
#[derive(Default)]
pub(crate) struct Buffer {
    entries: Vec<Entry>,
    drafts: Vec<Draft>,
    /// Keys that were given where a counter gives them.
    own_keys: Vec<(&'static Layout, Key)>,
}

struct Entry {
    layout: &'static Layout,
    target: Target,
    base: Base,
    after: After,
    number: usize,
    /// Where the item has not been read: `base` and `after` say nothing then.
    planned: Option<Planned>,
    /// Whether it was decided by conditions, so that all of the item must be as it was.
    decided: bool,
}

pub(crate) const BY_KEY: &str =
    "the transaction has written this item by key, and does not know it: get it, and write it then";

/// An insert whose key is taken from a counter when the transaction commits.
pub(crate) struct Draft {
    pub(crate) layout: &'static Layout,
    pub(crate) number: usize,
    pub(crate) finish: Finish,
}

impl Buffer {
    /// What the item is as far as this transaction is concerned; `None` where it has no intention with it.
    pub(crate) fn visible(&self, target: &Target) -> Option<Known> {
        self.entries.iter().find(|entry| entry.target == *target).map(Entry::visible)
    }

    /// The items of a table with wanted keys that this transaction has intentions with, as it sees them.
    pub(crate) fn known(&self, table: &str, wanted: &dyn Fn(&Key) -> bool) -> Vec<(Key, Known)> {
        let entries = self.entries.iter().filter(|entry| entry.target.table == table);
        // A condition alone leaves the item as it is stored.
        let unread =
            |entry: &&Entry| entry.planned.as_ref().is_none_or(|planned| !planned.is_check());
        let entries = entries.filter(|entry| wanted(&entry.target.key)).filter(unread);
        entries.map(|entry| (entry.target.key.clone(), entry.visible())).collect()
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
        let decided = write.compares_all();
        let (layout, target, base, after) = write.into_parts();
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.target == target) {
            entry.fold(after, number);
            entry.decided |= decided;
        } else {
            let planned = None;
            self.entries.push(Entry { layout, target, base, after, number, planned, decided });
        }
        Ok(())
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
        let earlier = self.entries.iter_mut().find(|entry| entry.target == *planned.target());
        let Some(entry) = earlier else {
            let (layout, target, base, after) = blind.into_parts();
            self.entries.push(Entry {
                layout,
                target,
                base,
                after,
                number,
                planned: Some(planned),
                decided: false,
            });
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
        let entry = self.entries.iter_mut().find(|entry| entry.target == *target);
        let Some(entry) = entry else { return Ok(()) };
        let Some(planned) = &entry.planned else { return Ok(()) };
        let (_, _, base, after) = planned.on(item.cloned())?.into_parts();
        (entry.base, entry.after, entry.planned) = (base, after, None);
        entry.decided = true;
        Ok(())
    }

    /// The items that are written by key and are not known.
    pub(crate) fn by_key(&self) -> Vec<Target> {
        let by_key = self.entries.iter().filter(|entry| entry.planned.is_some());
        by_key.map(|entry| entry.target.clone()).collect()
    }

    /// The version and the keys of indexes are those of one model.
    fn one_model(&self, layout: &'static Layout, target: &Target) -> Result<(), Error> {
        let known = self.entries.iter().find(|entry| entry.target == *target);
        if known.is_none_or(|entry| std::ptr::eq(entry.layout, layout)) {
            return Ok(());
        }
        Err(Error::Usage(
            "one transaction writes one item as two models: write it as one of them, or commit in between",
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
        child: Buffer,
        below: impl Fn(&Target) -> Option<Known>,
    ) -> Result<(), Error> {
        let (by_key, writes): (Vec<_>, Vec<_>) =
            child.entries.into_iter().partition(|entry| entry.planned.is_some());
        let writes: Vec<_> = writes.into_iter().map(Entry::into_write).collect();
        for (write, _) in &writes {
            if let Some(visible) = self.visible(write.target()).or_else(|| below(write.target())) {
                starts_from(write, visible)?;
            }
            self.one_model(write.layout(), write.target())?;
        }
        let known = |entry: &Entry| self.visible(&entry.target).or_else(|| below(&entry.target));
        if by_key.iter().any(|entry| known(entry).is_some()) {
            return Err(Error::Usage(BY_KEY));
        }
        for (write, number) in writes {
            self.fold(write, number, None)?;
        }
        self.entries.extend(by_key);
        self.drafts.extend(child.drafts);
        self.own_keys.extend(child.own_keys);
        Ok(())
    }

    /// The writes of the entries, the drafts, and those of the writes that are made by key.
    pub(crate) fn into_writes(self) -> (Vec<Write>, Vec<Draft>, Vec<Planned>) {
        let (mut writes, mut by_key) = (Vec::new(), Vec::new());
        for entry in self.entries {
            by_key.extend(entry.planned.clone());
            let (write, number) = entry.into_write();
            writes.push(write.numbered(number));
        }
        (writes, self.drafts, by_key)
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

    fn into_write(self) -> (Write, usize) {
        if let Some(planned) = self.planned {
            return (planned.blind(), self.number);
        }
        let write = Write::new(self.layout, self.target, self.base, self.after);
        (if self.decided { write.comparing_all() } else { write }, self.number)
    }
}
