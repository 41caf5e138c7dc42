//! Time to live: it is changed once an hour, and the change takes a while.

use std::time::Duration;

use serde_json::Value;

use super::ControlPlane;
use super::clock::Moment;
use super::denial::Denial;
use super::tables::{Request, Tables};
use crate::response::Failure;

/// How long after a change the next one is refused.
const PAUSE: Duration = Duration::from_hours(1);

/// `UpdateTimeToLive`.
pub(super) fn update(
    plane: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    let (table, _) = tables.know(request)?;
    table.progress.changes(request.table)?;
    let told = request.below("DescribeTimeToLive", &request.only_table())?;
    let asked = serde_json::from_slice(request.body).unwrap_or_default();
    check(table.settings.expiry, &asked, &told, request.now)?;
    let answer = request.execute()?;
    table.settings.expiry = Some(request.now);
    table.expiring = plane.updating;
    tables.keep_known(request.table)?;
    Ok(answer)
}

/// `DescribeTimeToLive`.
pub(super) fn describe(
    _: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    let mut answer = request.execute()?;
    if let Some(table) = tables.known.get_mut(request.table)
        && table.expiring > 0
    {
        table.expiring -= 1;
        under_way(&mut answer);
    }
    Ok(answer)
}

/// Refuses a change that comes too early, or is none. `told` is what `DescribeTimeToLive` tells.
fn check(last: Option<Moment>, asked: &Value, told: &Value, now: Moment) -> Result<(), Denial> {
    if last.is_some_and(|then| now.saturating_sub(then) < PAUSE) {
        return Err(Denial::invalid(
            "Time to live has been modified multiple times within a fixed interval",
        ));
    }
    let enabled = told["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED";
    match asked["TimeToLiveSpecification"]["Enabled"].as_bool() {
        Some(true) if enabled => Err(Denial::invalid("TimeToLive is already enabled")),
        Some(false) if !enabled => Err(Denial::invalid("TimeToLive is already disabled")),
        _ => Ok(()),
    }
}

/// Tells of a change that is under way.
fn under_way(told: &mut Value) {
    let status = &mut told["TimeToLiveDescription"]["TimeToLiveStatus"];
    *status = if *status == "ENABLED" { "ENABLING".into() } else { "DISABLING".into() };
}
