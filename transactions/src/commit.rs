//! Committing the outermost transaction: reads and writes become one request.

use std::collections::HashMap;

use dynamap_mapper::error::Target;
use dynamap_mapper::write::{After, Base, Write, apply, check_count};
use dynamap_mapper::{Error, Reader as _, sequence};

use crate::buffer::Buffer;
use crate::receipt::Receipt;
use crate::transaction::Transaction;

impl Transaction {
    /// Sends what the transaction intends, with a check for everything that it only read.
    pub(crate) async fn send(&self, mut buffer: Buffer) -> Result<Receipt, Error> {
        let db = self.database();
        let own_keys = buffer.take_own_keys();
        let (mut writes, drafts) = buffer.into_writes();
        let mut inserted = HashMap::new();
        // Before ids are taken for what cannot be committed.
        check_count(writes.len() + drafts.len())?;
        for (layout, key) in own_keys {
            sequence::raise(db, layout, &key).await?;
        }
        for draft in drafts {
            // Taken as late as possible; if the commit fails, the id is a gap.
            let id = sequence::next(db, draft.layout).await?;
            let write = (draft.finish)(db, id)?;
            inserted.insert(draft.number, write.target().clone());
            writes.push(write.numbered(draft.number));
        }
        let checks = self.checks(&writes);
        // One item that was only read was as it was at one moment: there is nothing to check it against.
        if !writes.is_empty() || checks.len() > 1 {
            writes.extend(checks);
        }
        let after = apply(db, &writes).await?;
        let targets = writes.iter().map(|write| write.target().clone());
        Ok(Receipt { items: targets.zip(after).collect(), inserted })
    }

    /// A check for each item that was read and is not written.
    fn checks(&self, writes: &[Write]) -> Vec<Write> {
        let reads = self.reads();
        let unwritten = |target: &&Target| writes.iter().all(|write| write.target() != *target);
        let mut targets: Vec<&Target> = reads.keys().filter(unwritten).collect();
        // In a fixed order, so that the same transaction is the same request.
        targets.sort_by_cached_key(ToString::to_string);
        let check = |target: &Target| {
            let read = reads.get(target)?;
            let base = read.item.clone().map_or(Base::Absent, Base::Stored);
            Some(Write::new(read.layout, target.clone(), base, After::Same))
        };
        targets.into_iter().filter_map(check).collect()
    }
}
