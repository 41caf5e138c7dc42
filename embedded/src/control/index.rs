//! What a request asks of one global index.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::capacity::Units;
use super::clock::Moment;
use super::denial::Denial;
use super::progress::{Progress, Stage};
use super::settings::{IndexSettings, Settings};
use super::warm::Warm;

/// An index, as a request creates or updates it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wish {
    pub(super) index_name: String,
    pub(super) provisioned_throughput: Option<Units>,
    warm_throughput: Option<Warm>,
    on_demand_throughput: Option<Maximum>,
}

/// One entry of a request that updates indexes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change {
    pub(super) create: Option<Wish>,
    pub(super) update: Option<Wish>,
    pub(super) delete: Option<Named>,
}

/// An index that is to be deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) index_name: String,
}

/// The way a table is paid for, before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment {
    pub(super) on_demand: bool,
    pub(super) was_on_demand: bool,
}

/// The most that is served of an index that is paid for by request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Maximum {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_read_request_units: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_write_request_units: Option<i64>,
}

impl Maximum {
    /// What is not asked for stays; -1 removes.
    fn merge(self, asked: Self) -> Self {
        let merge = |old: Option<i64>, new: Option<i64>| new.or(old).filter(|units| *units != -1);
        Self {
            max_read_request_units: merge(
                self.max_read_request_units,
                asked.max_read_request_units,
            ),
            max_write_request_units: merge(
                self.max_write_request_units,
                asked.max_write_request_units,
            ),
        }
    }
}

impl Change {
    /// What it does to its index; where that is afterwards.
    pub(super) fn apply(
        &self,
        settings: &mut Settings,
        progress: &Progress,
        told: &Value,
        payment: Payment,
        now: Moment,
    ) -> Result<Option<(String, Stage)>, Denial> {
        if let Some(wish) = &self.create {
            let index = IndexSettings::new(wish, payment.on_demand)?;
            settings.indexes.insert(wish.index_name.clone(), index);
            return Ok(Some((wish.index_name.clone(), Stage::Allocating)));
        }
        if let Some(wish) = &self.update {
            let name = &wish.index_name;
            let Some(described) = index(told, name) else {
                return Err(Denial::invalid(format!("The table does not have the index {name}")));
            };
            if progress.stages.contains_key(name) {
                return Err(Denial::in_use(&format!("Index is being updated: {name}")));
            }
            let units = (!payment.was_on_demand).then(|| Units::told(described));
            let before = wish.provisioned_throughput.map(|_| units.unwrap_or_default());
            let index = settings.indexes.entry(name.clone()).or_default();
            index.update(wish, units, payment.on_demand, now)?;
            return Ok(Some((name.clone(), Stage::Updating { before })));
        }
        Ok(self.delete.as_ref().and_then(|Named { index_name }| {
            settings.indexes.remove(index_name);
            let description = index(told, index_name)?.clone();
            Some((index_name.clone(), Stage::Deleting { polls: 0, description }))
        }))
    }
}

impl IndexSettings {
    /// Of a new index, in a table that is paid for by request or not.
    pub(super) fn new(wish: &Wish, on_demand: bool) -> Result<Self, Denial> {
        wish.check(on_demand)?;
        if !on_demand && wish.provisioned_throughput.is_none() {
            return Err(lacks_units(&wish.index_name));
        }
        let mut settings = Self { units: wish.provisioned_throughput, ..Self::default() };
        settings.extras(wish, wish.provisioned_throughput)?;
        Ok(settings)
    }

    /// Of an index that has `units`, or is paid for by request until now.
    pub(super) fn update(
        &mut self,
        wish: &Wish,
        units: Option<Units>,
        on_demand: bool,
        now: Moment,
    ) -> Result<(), Denial> {
        wish.check(on_demand)?;
        if let (Some(from), Some(to)) = (units, wish.provisioned_throughput) {
            self.changes.note(from, to, &format!("index {}", wish.index_name), now)?;
        }
        self.units = wish.provisioned_throughput.or(self.units);
        self.extras(wish, wish.provisioned_throughput.or(units))
    }

    fn extras(&mut self, wish: &Wish, units: Option<Units>) -> Result<(), Denial> {
        self.maximum = self.maximum.merge(wish.on_demand_throughput.unwrap_or_default());
        self.warm.raise(wish.warm_throughput.unwrap_or_default(), units)
    }
}

impl Wish {
    /// Refuses what the table's way of payment does not know.
    fn check(&self, on_demand: bool) -> Result<(), Denial> {
        let (wrong, mode) = if on_demand {
            (self.provisioned_throughput.map(|_| "ProvisionedThroughput"), "PAY_PER_REQUEST")
        } else {
            (self.on_demand_throughput.map(|_| "OnDemandThroughput"), "PROVISIONED")
        };
        match wrong {
            None => Ok(()),
            Some(what) => Err(Denial::invalid(format!(
                "One or more parameter values were invalid: {what} cannot be specified for index: {} \
                 when BillingMode is {mode}",
                self.index_name
            ))),
        }
    }
}

/// Refuses to provision a table without saying so of an index.
pub(super) fn lacks_units(index: &str) -> Denial {
    Denial::invalid(format!(
        "One or more parameter values were invalid: ProvisionedThroughput is not specified for index: {index}"
    ))
}

/// The global indexes that a description tells.
pub(super) fn indexes(told: &Value) -> impl Iterator<Item = &Value> {
    told["GlobalSecondaryIndexes"].as_array().into_iter().flatten()
}

fn index<'a>(told: &'a Value, name: &str) -> Option<&'a Value> {
    indexes(told).find(|index| index["IndexName"] == name)
}
