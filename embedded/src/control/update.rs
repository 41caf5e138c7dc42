//! `UpdateTable`: what it changes beyond the engine, and why it is refused.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::capacity::Units;
use super::clock::Moment;
use super::denial::Denial;
use super::index::{Change, Maximum, Payment, indexes, lacks_units};
use super::progress::{Progress, Stage};
use super::settings::{Encryption, Settings};
use super::table::Table;
use super::warm::Warm;

const DAY: Duration = Duration::from_hours(24);

/// What the engine is not asked for.
const OURS: [&str; 2] = ["SSESpecification", "WarmThroughput"];

/// What a request without a wish consists of.
const NO_WISH: [&str; 2] = ["TableName", "AttributeDefinitions"];

/// A request to change a table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    billing_mode: Option<String>,
    provisioned_throughput: Option<Units>,
    global_secondary_index_updates: Option<Vec<Change>>,
    vector_index_updates: Option<Vec<Value>>,
    warm_throughput: Option<Warm>,
    stream_specification: Option<Stream>,
    #[serde(rename = "SSESpecification")]
    encryption: Option<Sse>,
    table_class: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stream {
    stream_enabled: bool,
}

#[derive(Debug, Deserialize)]
struct Sse {
    #[serde(rename = "Enabled", default)]
    enabled: bool,
    #[serde(rename = "KMSMasterKeyId")]
    key: Option<String>,
}

/// What an update does when the engine has said yes.
pub(super) struct Effect {
    pub(super) settings: Settings,
    /// What is told of the units meanwhile.
    pub(super) before: Option<Units>,
    pub(super) stages: Vec<(String, Stage)>,
}

impl Update {
    /// What it does to `table`, of which `told` is the description.
    pub(super) fn effect(
        &self,
        table: &Table,
        told: &Value,
        now: Moment,
    ) -> Result<Effect, Denial> {
        let name = told["TableName"].as_str().unwrap_or_default();
        table.progress.changes(name)?;
        self.check_shape(&table.progress)?;
        let mut settings = table.settings.clone();
        let was_on_demand = on_demand(told);
        let mode = self.billing_mode.as_deref();
        let on_demand = mode.map_or(was_on_demand, |mode| mode == "PAY_PER_REQUEST");
        let payment = Payment { on_demand, was_on_demand };
        self.switch(&mut settings, told, payment, now)?;
        let before = self.provision(&mut settings, told, payment, now)?;
        let mut stages = Vec::new();
        for change in self.changes() {
            stages.extend(change.apply(&mut settings, &table.progress, told, payment, now)?);
        }
        self.classify(&mut settings, told, now)?;
        self.stream(told)?;
        self.encrypt(&mut settings);
        Ok(Effect { settings, before, stages })
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        self.global_secondary_index_updates.iter().flatten()
    }

    /// One index at a time, and nothing of the table's throughput with it.
    fn check_shape(&self, progress: &Progress) -> Result<(), Denial> {
        let online = |change: &&Change| change.create.is_some() || change.delete.is_some();
        let count = self.changes().filter(online).count()
            + self.vector_index_updates.as_ref().map_or(0, Vec::len);
        if count == 0 {
            return Ok(());
        }
        let cancels = |index: &str| {
            let mut deleted = self.changes().filter_map(|change| change.delete.as_ref());
            deleted.any(|deleted| deleted.index_name == index)
        };
        let busy = progress.stages.iter().any(|(index, stage)| match stage {
            Stage::Backfilling(_) => !cancels(index),
            Stage::Allocating | Stage::Deleting { .. } => true,
            Stage::Updating { .. } => false,
        });
        if count > 1 || busy {
            return Err(Denial::limit(
                "Only 1 online index can be created or deleted simultaneously per table",
            ));
        }
        if self.provisioned_throughput.is_some() || self.billing_mode.is_some() {
            return Err(Denial::invalid(
                "One or more parameter values were invalid: an index is created or deleted by an UpdateTable of its \
                 own, without ProvisionedThroughput or BillingMode",
            ));
        }
        Ok(())
    }

    /// The way of payment: four times a day to payment by request, and back with the units of each index.
    fn switch(
        &self,
        settings: &mut Settings,
        told: &Value,
        payment: Payment,
        now: Moment,
    ) -> Result<(), Denial> {
        match (payment.was_on_demand, payment.on_demand) {
            (false, true) if !settings.switches.enter(4, DAY, now) => {
                return Err(Denial::limit(
                    "Updates to PAY_PER_REQUEST mode are limited to 4 in 24 hours",
                ));
            }
            (true, false) => {
                let stays = |index: &&Value| index["IndexStatus"] != "DELETING";
                let names = indexes(told).filter(stays).map(|index| &index["IndexName"]);
                for index in names.filter_map(Value::as_str) {
                    let mut updates = self.changes().filter_map(|change| change.update.as_ref());
                    if !updates.any(|wish| {
                        wish.index_name == index && wish.provisioned_throughput.is_some()
                    }) {
                        return Err(lacks_units(index));
                    }
                    let settings = settings.indexes.entry(index.to_owned()).or_default();
                    settings.maximum = Maximum::default();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The table's own units and warm throughput. The units that are told meanwhile.
    fn provision(
        &self,
        settings: &mut Settings,
        told: &Value,
        payment: Payment,
        now: Moment,
    ) -> Result<Option<Units>, Denial> {
        let units = Units::told(told);
        let asked = self.provisioned_throughput;
        if let Some(asked) = asked
            && !payment.was_on_demand
            && !payment.on_demand
        {
            settings.changes.note(units, asked, "table", now)?;
        }
        if let Some(warm) = self.warm_throughput {
            let units = (!payment.on_demand).then_some(asked.unwrap_or(units));
            settings.warm.raise(warm, units)?;
        }
        Ok(asked.map(|_| units))
    }

    fn classify(&self, settings: &mut Settings, told: &Value, now: Moment) -> Result<(), Denial> {
        let current = told["TableClassSummary"]["TableClass"].as_str().unwrap_or("STANDARD");
        let moves = self.table_class.as_deref().is_some_and(|class| class != current);
        if moves && !settings.moves.enter(2, 30 * DAY, now) {
            return Err(Denial::limit("Updates of the table class are limited to 2 in 30 days"));
        }
        Ok(())
    }

    fn stream(&self, told: &Value) -> Result<(), Denial> {
        let is = told["StreamSpecification"]["StreamEnabled"] == true;
        match &self.stream_specification {
            Some(Stream { stream_enabled: true }) if is => {
                Err(Denial::invalid("Table already has an enabled stream"))
            }
            Some(Stream { stream_enabled: false }) if !is => {
                Err(Denial::invalid("Table has no stream that could be disabled"))
            }
            _ => Ok(()),
        }
    }

    fn encrypt(&self, settings: &mut Settings) {
        if let Some(asked) = &self.encryption {
            let key = || asked.key.clone().unwrap_or_else(|| "alias/aws/dynamodb".to_owned());
            settings.encryption = Some(Encryption { key: asked.enabled.then(key) });
        }
    }
}

/// The request without what the engine does not do; nothing if nothing is left.
pub(super) fn for_engine(body: &[u8]) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let members = body.as_object_mut()?;
    let all = members.len();
    members.retain(|name, _| !OURS.contains(&name.as_str()));
    if let Some(Value::Array(changes)) = members.get_mut("GlobalSecondaryIndexUpdates") {
        // An update of an index without units is not for the engine.
        let asked = changes.len();
        changes.retain(|change| {
            change["Update"].is_null() || !change["Update"]["ProvisionedThroughput"].is_null()
        });
        if changes.is_empty() && asked > 0 {
            members.remove("GlobalSecondaryIndexUpdates");
        }
    }
    let wishes = members.keys().any(|name| !NO_WISH.contains(&name.as_str()));
    (wishes || members.len() == all).then_some(body)
}

/// Whether a table is paid for by request.
pub(super) fn on_demand(told: &Value) -> bool {
    told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
}
