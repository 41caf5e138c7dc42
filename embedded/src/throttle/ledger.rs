//! The buckets of all tables and their global indexes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError, TableMetadata};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::bucket::Bucket;

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// What has a capacity of its own: a table, or one of its global indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) table: String,
    pub(super) index: Option<String>,
    pub(super) access: Access,
}

/// The read and the write capacity of a table or an index.
#[derive(Debug, Clone)]
struct Capacity {
    read: Bucket,
    write: Bucket,
}

/// What is known of a table. One that is paid for by request has no capacity to run out of.
#[derive(Debug, Clone, Default)]
struct Table {
    own: Option<Capacity>,
    indexes: BTreeMap<String, Capacity>,
    /// What alterations say of indexes.
    altered: BTreeMap<String, Throughput>,
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
        self.renew(engine, table, now)
    }

    /// Brings the buckets of `table` in line with its settings: after it was created, altered or deleted.
    pub(super) fn renew(
        &mut self,
        engine: &Database,
        table: &str,
        now: Instant,
    ) -> Result<(), DynoxideError> {
        self.follow(engine, table, Vec::new(), now)
    }

    /// As [`renew`](Self::renew), after an alteration of indexes. The engine does not store that one, so the ledger does.
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
                let rates = |index: Index| Some((index.index_name, index.provisioned_throughput?));
                known.altered.extend(altered.into_iter().filter_map(rates));
                known.follow(&settings, self.burst, now);
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
            known.is_none_or(|known| known.own.is_none() && known.indexes.is_empty())
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

/// A setting of throughput, as the engine stores it.
#[derive(Debug, Deserialize, Clone, Copy)]
#[serde(rename_all = "PascalCase")]
struct Throughput {
    read_capacity_units: u64,
    write_capacity_units: u64,
}

/// An index, as the engine stores it, and as a request alters it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Index {
    index_name: String,
    provisioned_throughput: Option<Throughput>,
}

impl Table {
    /// Follows the settings: what is new begins as new, what stays goes on at its new rate.
    fn follow(&mut self, settings: &TableMetadata, burst: Duration, now: Instant) {
        let mut before = std::mem::take(self);
        if settings.billing_mode.as_deref() == Some("PAY_PER_REQUEST") {
            return;
        }
        let own: Option<Throughput> = stored(settings.provisioned_throughput.as_deref());
        self.own = own.map(|rates| Capacity::following(before.own.take(), rates, burst, now));
        let indexes: Option<Vec<Index>> = stored(settings.gsi_definitions.as_deref());
        for Index { index_name, provisioned_throughput } in indexes.unwrap_or_default() {
            let altered = before.altered.remove(&index_name);
            if let Some(rates) = altered.or(provisioned_throughput) {
                let bucket = before.indexes.remove(&index_name);
                let bucket = Capacity::following(bucket, rates, burst, now);
                self.indexes.insert(index_name.clone(), bucket);
            }
            self.altered.extend(altered.map(|rates| (index_name, rates)));
        }
    }
}

/// A setting that the engine keeps as text. It too reads an unreadable one as none.
fn stored<T: DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

impl Capacity {
    fn following(before: Option<Self>, rates: Throughput, burst: Duration, now: Instant) -> Self {
        let Throughput { read_capacity_units: read, write_capacity_units: write } = rates;
        match before {
            Some(mut capacity) => {
                capacity.read.set_rate(read, now);
                capacity.write.set_rate(write, now);
                capacity
            }
            None => {
                Self { read: Bucket::new(read, burst, now), write: Bucket::new(write, burst, now) }
            }
        }
    }
}
