//! What a description tells beyond the engine's.

use serde_json::{Map, Value, json};

use super::capacity::Units;
use super::clock::Moment;
use super::progress::{Phase, Progress, Stage};
use super::settings::{IndexSettings, Settings};
use super::table::Table;
use super::update::on_demand;

/// Completes the engine's description of `table`.
pub(super) fn complete(description: &mut Value, table: &Table, now: Moment) {
    let Table { settings, progress, .. } = table;
    let on_demand = on_demand(description);
    let units = match progress.phase {
        Phase::Updating { before: Some(units), .. } => units,
        _ => Units::told(description),
    };
    let Some(members) = description.as_object_mut() else {
        return;
    };
    let status = progress.status();
    if status != "ACTIVE" {
        members.insert("TableStatus".into(), status.into());
    }
    members.insert("ProvisionedThroughput".into(), settings.changes.describe(units, now));
    let warm = settings.warm.describe((!on_demand).then_some(units), status);
    members.insert("WarmThroughput".into(), warm);
    payment(members, settings, on_demand);
    encryption(members, settings);
    indexes(members, settings, progress, on_demand, now);
}

/// When it was switched to payment by request.
fn payment(members: &mut Map<String, Value>, settings: &Settings, on_demand: bool) {
    let since = match settings.switches.last() {
        Some(then) => then.as_secs_f64().into(),
        None if on_demand => members.get("CreationDateTime").cloned().unwrap_or_default(),
        None => return,
    };
    let mode = if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" };
    let summary = json!({"BillingMode": mode, "LastUpdateToPayPerRequestDateTime": since});
    members.insert("BillingModeSummary".into(), summary);
}

fn encryption(members: &mut Map<String, Value>, settings: &Settings) {
    match &settings.encryption {
        None => {}
        Some(encryption) => match &encryption.key {
            None => drop(members.remove("SSEDescription")),
            Some(key) => {
                let key = dynoxide::streams::kms_key_arn(key);
                let told = json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key});
                members.insert("SSEDescription".into(), told);
            }
        },
    }
}

fn indexes(
    members: &mut Map<String, Value>,
    settings: &Settings,
    progress: &Progress,
    on_demand: bool,
    now: Moment,
) {
    let known = IndexSettings::default();
    let mut described = match members.remove("GlobalSecondaryIndexes") {
        Some(Value::Array(described)) => described,
        _ => Vec::new(),
    };
    for told in &mut described {
        let name = told["IndexName"].as_str().unwrap_or_default().to_owned();
        let settings = settings.indexes.get(&name).unwrap_or(&known);
        let stage = progress.stages.get(&name);
        let status = match (&progress.phase, stage) {
            (Phase::Creating { .. }, _) | (_, Some(Stage::Allocating | Stage::Backfilling(_))) => {
                "CREATING"
            }
            (_, Some(Stage::Updating { .. })) => "UPDATING",
            _ => "ACTIVE",
        };
        told["IndexStatus"] = status.into();
        if let Some(stage @ (Stage::Allocating | Stage::Backfilling(_))) = stage {
            told["Backfilling"] = matches!(stage, Stage::Backfilling(_)).into();
        }
        let units = match stage {
            Some(Stage::Updating { before: Some(units) }) => *units,
            _ if on_demand => Units::default(),
            _ => settings.units.unwrap_or_else(|| Units::told(told)),
        };
        told["ProvisionedThroughput"] = settings.changes.describe(units, now);
        told["WarmThroughput"] = settings.warm.describe((!on_demand).then_some(units), status);
        let maximum = json!(settings.maximum);
        if maximum != json!({}) {
            told["OnDemandThroughput"] = maximum;
        }
    }
    for stage in progress.stages.values() {
        if let Stage::Deleting { description, .. } = stage {
            let mut told = description.clone();
            told["IndexStatus"] = "DELETING".into();
            told.as_object_mut().map(|told| told.remove("Backfilling"));
            described.push(told);
        }
    }
    if !described.is_empty() {
        members.insert("GlobalSecondaryIndexes".into(), described.into());
    }
}
