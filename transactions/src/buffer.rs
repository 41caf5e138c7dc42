//! What a transaction intends to write: one entry per item, later writes folded into earlier ones.
//!
//! DynamoDB refuses two actions on one item, so an entry remembers what the item was before the transaction and what
//! it shall be after it; the action follows from the two.

use dynamap_mapper::error::Target;
use dynamap_mapper::model::Layout;
use dynamap_mapper::write::{After, Base, Write};
use dynamap_mapper::{Database, Error, Item, Key};

/// What is known about an item: it is this one, or there is none.
#[derive(Clone)]
pub(crate) enum Known {
    Absent,
    Item(Item),
}

impl Known {
    pub(crate) fn into_item(self) -> Option<Item> {
        match self {
            Self::Absent => None,
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
}

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
        let entries = entries.filter(|entry| wanted(&entry.target.key));
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
        if matches!(write.after(), After::By(_)) {
            return Err(Error::Usage(
                "a transaction takes loaded items and inserts: read, change, save",
            ));
        }
        let visible = self.visible(write.target()).or(below);
        if let Some(visible) = visible
            && !starts_from(&write, &visible)
        {
            return Err(write.conflict(visible.into_item()));
        }
        self.one_model(&write)?;
        let (layout, target, base, after) = write.into_parts();
        match self.entries.iter_mut().find(|entry| entry.target == target) {
            Some(entry) => entry.fold(after, number),
            None => self.entries.push(Entry { layout, target, base, after, number }),
        }
        Ok(())
    }

    /// The version and the keys of indexes are those of one model.
    fn one_model(&self, write: &Write) -> Result<(), Error> {
        let known = self.entries.iter().find(|entry| entry.target == *write.target());
        if known.is_none_or(|entry| std::ptr::eq(entry.layout, write.layout())) {
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
        let child_writes: Vec<_> = child.entries.into_iter().map(Entry::into_write).collect();
        for (write, _) in &child_writes {
            let visible = self.visible(write.target()).or_else(|| below(write.target()));
            if let Some(visible) = visible
                && !starts_from(write, &visible)
            {
                return Err(write.conflict(visible.into_item()));
            }
            self.one_model(write)?;
        }
        for (write, number) in child_writes {
            self.fold(write, number, None)?;
        }
        self.drafts.extend(child.drafts);
        self.own_keys.extend(child.own_keys);
        Ok(())
    }

    /// The writes of the entries, and the drafts.
    pub(crate) fn into_writes(self) -> (Vec<Write>, Vec<Draft>) {
        let numbered = |entry: Entry| {
            let (write, number) = entry.into_write();
            write.numbered(number)
        };
        (self.entries.into_iter().map(numbered).collect(), self.drafts)
    }
}

/// Whether a write expects the item that is there.
fn starts_from(write: &Write, visible: &Known) -> bool {
    match (write.base(), visible) {
        (Base::Any, _) | (Base::Absent, Known::Absent) => true,
        (Base::Stored(base), Known::Item(visible)) => base == visible,
        _ => false,
    }
}

impl Entry {
    fn visible(&self) -> Known {
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
        (Write::new(self.layout, self.target, self.base, self.after), self.number)
    }
}
