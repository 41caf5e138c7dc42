//! The buckets of a table, by its settings.

use std::collections::BTreeMap;
use std::time::Duration;

use dynoxide::TableMetadata;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::bucket::Bucket;

/// The read and the write capacity of a table or an index.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    pub(super) read: Bucket,
    pub(super) write: Bucket,
}

/// What is known of a table. One that is paid for by request has no capacity to run out of.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) own: Option<Capacity>,
    pub(super) indexes: BTreeMap<String, Capacity>,
    /// What alterations say of indexes.
    altered: BTreeMap<String, Throughput>,
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
    /// Whether nothing of it has a capacity to run out of.
    pub(super) fn is_unlimited(&self) -> bool {
        self.own.is_none() && self.indexes.is_empty()
    }

    /// Follows the settings: what is new begins as new, what stays goes on at its new rate.
    /// `altered` is what a request says of indexes.
    pub(super) fn follow(
        &mut self,
        settings: &TableMetadata,
        altered: Vec<Index>,
        burst: Duration,
        now: Instant,
    ) {
        let mut before = std::mem::take(self);
        let rates = |index: Index| Some((index.index_name, index.provisioned_throughput?));
        before.altered.extend(altered.into_iter().filter_map(rates));
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

/// What a request says of the throughput of indexes, altered or new: the engine keeps neither.
pub(super) fn altered_indexes(body: &[u8]) -> Vec<Index> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Alteration {
        global_secondary_index_updates: Vec<Change>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Change {
        update: Option<Index>,
        create: Option<Index>,
    }
    let alteration: Option<Alteration> = serde_json::from_slice(body).ok();
    let changes = alteration.map(|alteration| alteration.global_secondary_index_updates);
    changes.into_iter().flatten().filter_map(|change| change.update.or(change.create)).collect()
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
