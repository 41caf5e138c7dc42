//! What a transaction knows about items, for queries and scans.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use dynamap_mapper::error::Target;
use dynamap_mapper::model::Layout;
use dynamap_mapper::{Error, Item, Key, Noted, Overlay, Reader as _, Region};

use super::{FINISHED, Read, Transaction};
use crate::buffer::Known;

const UNREAD: &str = "the transaction has written an item by key that this may find, and does not know it: get the item first";

/// Queries and scans see what every level intends, and what was read before; what they find is read from then on.
impl Overlay for Transaction {
    fn known(
        &self,
        table: &str,
        wanted: &dyn Fn(&Key) -> bool,
    ) -> Result<dynamap_mapper::Known, Error> {
        if self.is_finished() {
            return Err(Error::Usage(FINISHED));
        }
        let mut known = HashMap::new();
        let mut level = Some(self);
        while let Some(tx) = level {
            for (key, item) in tx.state().buffer.known(table, wanted) {
                if item.is_unread() {
                    return Err(Error::Usage(UNREAD));
                }
                // What an inner level intends hides what is around it.
                known.entry(key).or_insert(item.into_item());
            }
            level = tx.shared.parent.as_ref();
        }
        for (target, read) in self.reads().iter() {
            if target.table == table && wanted(&target.key) {
                known.entry(target.key.clone()).or_insert_with(|| read.item.clone());
            }
        }
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort_by_cached_key(|(key, _)| key.to_string());
        Ok(known)
    }

    fn find(&self, table: &str, key: &Key) -> Result<Option<Option<Item>>, Error> {
        if self.is_finished() {
            return Err(Error::Usage(FINISHED));
        }
        let target = Target { table: table.to_owned(), key: key.clone() };
        let known = Transaction::known(self, &target).filter(|known| !known.is_unread());
        Ok(known.map(Known::into_item))
    }

    /// A transaction knows single items.
    fn covers(&self, _region: &Region) -> bool {
        false
    }

    fn note(
        &self,
        layout: &'static Layout,
        key: &Key,
        item: Option<&Item>,
    ) -> Result<Noted, Error> {
        if self.is_finished() {
            return Err(Error::Usage(FINISHED));
        }
        let table = self.database().table_name(layout);
        let target = Target { table, key: key.clone() };
        let known = Transaction::known(self, &target);
        if let Some(known) = known.clone().filter(|known| !known.is_unread()) {
            return Ok(Noted::Before(known.into_item()));
        }
        let (noted, read) = match self.reads().entry(target.clone()) {
            // Of two reads at the same time the first one counts.
            Entry::Occupied(read) => {
                let read = read.get().item.clone();
                (Noted::Before(read.clone()), read)
            }
            Entry::Vacant(unread) => {
                unread.insert(Read { layout, item: item.cloned() });
                (Noted::First, item.cloned())
            }
        };
        self.settle(&target, read.as_ref())?;
        match (known, Transaction::known(self, &target)) {
            // It was written by key: the write is made of what was read.
            (Some(_), Some(now)) => Ok(Noted::Before(now.into_item())),
            _ => Ok(noted),
        }
    }
}
