//! What all tables and their global indexes have left, and who pays.

use std::collections::HashMap;
use std::time::Duration;

use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};
use tokio::time::Instant;

use super::bucket::Bucket;
use super::limits::{Index, Table};
use crate::demand::Access;

/// What has a capacity of its own: a table, or one of its global indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) table: String,
    pub(super) index: Option<String>,
    pub(super) access: Access,
}

/// The buckets of the tables that were used so far.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    burst: Duration,
    tables: HashMap<String, Table>,
}

impl Ledger {
    pub(super) fn new(burst: Duration) -> Self {
        Self { burst, tables: HashMap::new() }
    }

    /// Makes the buckets of `table` known. A table that does not exist has none.
    pub(super) fn know(
        &mut self,
        engine: &Database,
        table: &str,
        now: Instant,
    ) -> Result<(), DynoxideError> {
        if self.tables.contains_key(table) {
            return Ok(());
        }
        self.follow(engine, table, Vec::new(), now)
    }

    /// Brings the buckets of `table` in line with its settings: after it was created, altered or deleted. What a request
    /// alters of indexes is not stored by the engine.
    pub(super) fn follow(
        &mut self,
        engine: &Database,
        table: &str,
        altered: Vec<Index>,
        now: Instant,
    ) -> Result<(), DynoxideError> {
        match engine.get_table_metadata(table)? {
            Some(settings) => {
                let known = self.tables.entry(table.to_owned()).or_default();
                known.follow(&settings, altered, self.burst, now);
            }
            None => drop(self.tables.remove(table)),
        }
        Ok(())
    }

    /// Whether a request that draws on `resource` has to wait.
    pub(super) fn is_spent(&mut self, resource: &Resource, now: Instant) -> bool {
        self.bucket(resource).is_some_and(|bucket| bucket.is_spent(now))
    }

    /// What a read draws on. A local index has no capacity of its own.
    pub(super) fn read(&self, table: &str, index: Option<&str>) -> Resource {
        let known = self.tables.get(table);
        let global = |index: &&str| known.is_some_and(|table| table.indexes.contains_key(*index));
        Resource {
            table: table.to_owned(),
            index: index.filter(global).map(str::to_owned),
            access: Access::Read,
        }
    }

    /// What a write of an item in `table` would have to wait for, if it is in all indexes.
    pub(super) fn spent_by_write(&mut self, table: &str, now: Instant) -> Vec<Resource> {
        let Some(known) = self.tables.get_mut(table) else {
            return Vec::new();
        };
        let own = known.own.as_mut().map(|own| (None, own));
        let indexes = known.indexes.iter_mut().map(|(index, capacity)| (Some(index), capacity));
        own.into_iter()
            .chain(indexes)
            .filter_map(|(index, capacity)| {
                capacity.write.is_spent(now).then(|| Resource {
                    table: table.to_owned(),
                    index: index.cloned(),
                    access: Access::Write,
                })
            })
            .collect()
    }

    /// Whether none of `tables` has a limit.
    pub(super) fn is_unlimited(&self, tables: &[String]) -> bool {
        tables.iter().all(|table| {
            let known = self.tables.get(table);
            known.is_none_or(Table::is_unlimited)
        })
    }

    /// Whether all of it is there to be consumed.
    pub(super) fn affords(
        &mut self,
        consumed: &[ConsumedCapacity],
        access: Access,
        now: Instant,
    ) -> bool {
        shares(consumed, access).all(|(resource, units)| {
            self.bucket(&resource).is_none_or(|bucket| bucket.affords(units, now))
        })
    }

    /// What has to be waited for before it can be consumed.
    pub(super) fn spent(
        &mut self,
        consumed: &[ConsumedCapacity],
        access: Access,
        now: Instant,
    ) -> Vec<Resource> {
        let resources = shares(consumed, access).map(|(resource, _)| resource);
        resources.filter(|resource| self.is_spent(resource, now)).collect()
    }

    /// Charges what was consumed.
    pub(super) fn charge(&mut self, consumed: &[ConsumedCapacity], access: Access, now: Instant) {
        for (resource, units) in shares(consumed, access) {
            self.pay(&resource, units, now);
        }
    }

    /// Charges `units` to a table or an index.
    pub(super) fn pay(&mut self, resource: &Resource, units: f64, now: Instant) {
        if let Some(bucket) = self.bucket(resource) {
            bucket.pay(units, now);
        }
    }

    fn bucket(&mut self, Resource { table, index, access }: &Resource) -> Option<&mut Bucket> {
        let table = self.tables.get_mut(table)?;
        let capacity = match index {
            None => table.own.as_mut(),
            Some(index) => table.indexes.get_mut(index),
        }?;
        Some(match access {
            Access::Read => &mut capacity.read,
            Access::Write => &mut capacity.write,
        })
    }
}

/// What the engine reports, by what pays it. Local indexes draw on their table. A transaction of writes that is sent again
/// is answered by a read.
fn shares(consumed: &[ConsumedCapacity], access: Access) -> impl Iterator<Item = (Resource, f64)> {
    consumed.iter().flat_map(move |consumed| {
        let access = if consumed.read_capacity_units.is_some() { Access::Read } else { access };
        let resource = |index| Resource { table: consumed.table_name.clone(), index, access };
        let mut own = consumed.capacity_units;
        let mut shares = Vec::new();
        for (index, detail) in consumed.global_secondary_indexes.iter().flatten() {
            own -= detail.capacity_units;
            shares.push((resource(Some(index.clone())), detail.capacity_units));
        }
        if own > 0.0 {
            shares.push((resource(None), own));
        }
        shares
    })
}
