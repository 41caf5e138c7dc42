//! Time to live: it is changed once an hour, and the change takes a while.

use std::time::Duration;

use serde_json::Value;

use super::clock::Moment;
use super::denial::Denial;

/// How long after a change the next one is refused.
const PAUSE: Duration = Duration::from_hours(1);

/// Refuses a change that comes too early, or is none. `told` is what DescribeTimeToLive tells.
pub(super) fn check(
    last: Option<Moment>,
    asked: &Value,
    told: &Value,
    now: Moment,
) -> Result<(), Denial> {
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
pub(super) fn under_way(told: &mut Value) {
    let status = &mut told["TimeToLiveDescription"]["TimeToLiveStatus"];
    *status = if *status == "ENABLED" { "ENABLING".into() } else { "DISABLING".into() };
}
