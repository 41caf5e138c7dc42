//! Provisioned units of a table or an index, and how often they may go down.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock::Moment;
use super::denial::Denial;

/// Decreases a day that need no pause before them.
const FREE_DECREASES: u32 = 4;

/// The pause before each further one.
const PAUSE: Duration = Duration::from_hours(1);

/// Units of reading and of writing a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Units {
    pub(super) read_capacity_units: i64,
    pub(super) write_capacity_units: i64,
}

impl Units {
    /// Those a description tells.
    pub(super) fn told(description: &Value) -> Self {
        serde_json::from_value(description["ProvisionedThroughput"].clone()).unwrap_or_default()
    }
}

/// How units changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changes {
    increased: Option<Moment>,
    decreased: Option<Moment>,
    /// On the day of the last decrease.
    decreases: u32,
}

impl Changes {
    /// Notes that units change, unless they went down too often today. `of` names whose they are.
    pub(super) fn note(
        &mut self,
        from: Units,
        to: Units,
        of: &str,
        now: Moment,
    ) -> Result<(), Denial> {
        if from == to {
            return Err(Denial::invalid(format!(
                "The provisioned throughput for the {of} will not change. \
                 The requested value equals the current value."
            )));
        }
        let (read, write) = (from.read_capacity_units, from.write_capacity_units);
        if to.read_capacity_units < read || to.write_capacity_units < write {
            let today = self.today(now);
            let rested = self.decreased.is_none_or(|then| now.saturating_sub(then) >= PAUSE);
            if today >= FREE_DECREASES && !rested {
                return Err(Denial::limit(&format!(
                    "Provisioned throughput decreases are limited within a given UTC day. \
                     Number of decreases today: {today}."
                )));
            }
            self.decreased = Some(now);
            self.decreases = today + 1;
        }
        if to.read_capacity_units > read || to.write_capacity_units > write {
            self.increased = Some(now);
        }
        Ok(())
    }

    /// Decreases on the UTC day of `now`.
    fn today(&self, now: Moment) -> u32 {
        let day = |moment: Moment| moment.as_secs() / (24 * 60 * 60);
        let same = self.decreased.is_some_and(|then| day(then) == day(now));
        if same { self.decreases } else { 0 }
    }

    /// What a description tells of units.
    pub(super) fn describe(&self, units: Units, now: Moment) -> Value {
        let mut told = json!({
            "ReadCapacityUnits": units.read_capacity_units,
            "WriteCapacityUnits": units.write_capacity_units,
            "NumberOfDecreasesToday": self.today(now),
        });
        for (name, then) in
            [("LastIncreaseDateTime", self.increased), ("LastDecreaseDateTime", self.decreased)]
        {
            if let Some(then) = then {
                told[name] = then.as_secs_f64().into();
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn units(count: i64) -> Units {
        Units { read_capacity_units: count, write_capacity_units: 5 }
    }

    /// Whether a change from 9 to `to` is accepted at each moment.
    fn accepted(to: i64, moments: &[u64]) -> Vec<bool> {
        let mut changes = Changes::default();
        let at = |second: &u64| Moment::from_secs(*second);
        moments.iter().map(|s| changes.note(units(9), units(to), "table", at(s)).is_ok()).collect()
    }

    #[test]
    fn units_go_down_four_times_a_day_and_then_once_an_hour() {
        let hour = 60 * 60;
        let cases: [(&[u64], &[bool]); 3] = [
            (&[0, 1, 2, 3, 4, 3 + hour - 1], &[true, true, true, true, false, false]),
            (&[0, 1, 2, 3, 3 + hour, 4 + hour], &[true, true, true, true, true, false]),
            // A new day begins at midnight UTC, however late the last one was.
            (&[0, 1, 2, DAY - 1, DAY, DAY + 1], &[true; 6]),
        ];
        for (moments, expected) in cases {
            assert_eq!(accepted(1, moments), expected, "{moments:?}");
        }
        assert_eq!(accepted(10, &[0; 9]), [true; 9], "increases are not counted");
        assert_eq!(accepted(9, &[0]), [false], "and no change is none");
    }

    #[test]
    fn what_goes_up_and_down_at_once_is_both() {
        let mut changes = Changes::default();
        let to = Units { read_capacity_units: 8, write_capacity_units: 6 };
        let now = Moment::from_secs(7);
        assert!(changes.note(units(9), to, "table", now).is_ok());
        let told = changes.describe(to, now);
        assert_eq!(told["LastIncreaseDateTime"], 7.0);
        assert_eq!(told["LastDecreaseDateTime"], 7.0);
        assert_eq!(told["NumberOfDecreasesToday"], 1);
        assert_eq!(changes.describe(to, now + Moment::from_secs(DAY))["NumberOfDecreasesToday"], 0);
    }
}
