//! Recovery to a point in time: the setting, not the backups.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ControlPlane;
use super::clock::Moment;
use super::denial::Denial;
use super::progress::Phase;
use super::table::Table;
use super::tables::{Request, Tables};
use crate::response::Failure;

/// How far back a table can be restored, unless something else is asked for; and at most.
const DAYS: u64 = 35;

const DAY: Duration = Duration::from_hours(24);

/// The latest moment to which a table can be restored is so long ago.
const LAG: Duration = Duration::from_mins(5);

/// Since when a table could be restored, and how far back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recovery {
    since: Moment,
    days: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    point_in_time_recovery_specification: Specification,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    point_in_time_recovery_enabled: bool,
    recovery_period_in_days: Option<u64>,
}

/// `UpdateContinuousBackups`.
pub(super) fn update(
    _: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    let table = ready(tables, request)?;
    let recovery = changed(table.settings.recovery, request.body, request.now)?;
    table.settings.recovery = recovery;
    tables.keep_known(request.table)?;
    Ok(told(recovery, request.now))
}

/// `DescribeContinuousBackups`.
pub(super) fn describe(
    _: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    Ok(told(ready(tables, request)?.settings.recovery, request.now))
}

/// A table that can have backups.
fn ready<'a>(tables: &'a mut Tables, request: Request<'_>) -> Result<&'a mut Table, Denial> {
    let gone = || Denial::table_not_found(request.table);
    let (table, _) = tables.know(request).map_err(|_| gone())?;
    match table.progress.phase {
        Phase::Creating { .. } => Err(Denial::no_backups_yet()),
        Phase::Deleting { .. } => Err(gone()),
        Phase::Active | Phase::Updating { .. } => Ok(table),
    }
}

/// What an update makes of `before`.
fn changed(before: Option<Recovery>, body: &[u8], now: Moment) -> Result<Option<Recovery>, Denial> {
    let Ok(Asked { point_in_time_recovery_specification: asked }) = serde_json::from_slice(body)
    else {
        return Err(Denial::invalid("PointInTimeRecoverySpecification is required"));
    };
    if !asked.point_in_time_recovery_enabled {
        return Ok(None);
    }
    let days = asked.recovery_period_in_days.unwrap_or(DAYS);
    if !(1..=DAYS).contains(&days) {
        return Err(Denial::invalid(format!("RecoveryPeriodInDays is between 1 and {DAYS}")));
    }
    Ok(Some(Recovery { since: before.map_or(now, |before| before.since), days }))
}

/// What both operations answer.
fn told(recovery: Option<Recovery>, now: Moment) -> Value {
    let point_in_time = match recovery {
        None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
        Some(Recovery { since, days }) => {
            let period = DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX));
            let earliest = since.max(now.saturating_sub(period));
            json!({
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": days,
                "EarliestRestorableDateTime": earliest.as_secs_f64(),
                "LatestRestorableDateTime": now.saturating_sub(LAG).max(earliest).as_secs_f64(),
            })
        }
    };
    json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": point_in_time,
    }})
}
