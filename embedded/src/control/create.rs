//! `CreateTable`: what it settles beyond the engine.

use serde::Deserialize;
use serde_json::Value;

use super::capacity::Units;
use super::denial::Denial;
use super::index::Wish;
use super::settings::{IndexSettings, Settings};
use super::warm::Warm;

/// A request to make a table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Creation {
    pub(super) table_name: String,
    billing_mode: Option<String>,
    provisioned_throughput: Option<Units>,
    global_secondary_indexes: Option<Vec<Wish>>,
    local_secondary_indexes: Option<Vec<Value>>,
    warm_throughput: Option<Warm>,
}

impl Creation {
    /// Whether the table has secondary indexes.
    pub(super) fn indexed(&self) -> bool {
        self.global_secondary_indexes.as_ref().is_some_and(|indexes| !indexes.is_empty())
            || self.local_secondary_indexes.as_ref().is_some_and(|indexes| !indexes.is_empty())
    }

    /// What is kept of it.
    pub(super) fn settings(&self) -> Result<Settings, Denial> {
        let on_demand = self.billing_mode.as_deref() == Some("PAY_PER_REQUEST");
        let mut settings = Settings::default();
        for wish in self.global_secondary_indexes.iter().flatten() {
            let index = IndexSettings::new(wish, on_demand)?;
            settings.indexes.insert(wish.index_name.clone(), index);
        }
        let units = if on_demand { None } else { self.provisioned_throughput };
        settings.warm.raise(self.warm_throughput.unwrap_or_default(), units)?;
        Ok(settings)
    }
}
