//! Warm throughput: how much a table or an index can take at once. It only grows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capacity::Units;
use super::denial::Denial;

/// What each table that is paid for by request can take.
const READ: i64 = 12_000;
const WRITE: i64 = 4_000;

/// As it is asked for, and as it was asked for last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Warm {
    read_units_per_second: Option<i64>,
    write_units_per_second: Option<i64>,
}

impl Warm {
    /// What there is: what was asked for, and no less than what is provided anyway. `units` are those of a table that has
    /// provisioned throughput.
    fn current(self, units: Option<Units>) -> (i64, i64) {
        let (read, write) = units
            .map_or((READ, WRITE), |units| (units.read_capacity_units, units.write_capacity_units));
        let at_least =
            |asked: Option<i64>, provided: i64| asked.map_or(provided, |asked| asked.max(provided));
        (at_least(self.read_units_per_second, read), at_least(self.write_units_per_second, write))
    }

    /// Raises it to what is asked for.
    pub(super) fn raise(&mut self, asked: Self, units: Option<Units>) -> Result<(), Denial> {
        let (read, write) = self.current(units);
        for (name, asked, current) in [
            ("ReadUnitsPerSecond", asked.read_units_per_second, read),
            ("WriteUnitsPerSecond", asked.write_units_per_second, write),
        ] {
            if asked.is_some_and(|asked| asked < current) {
                return Err(Denial::invalid(format!(
                    "One or more parameter values were invalid: Requested {name} for WarmThroughput is lower than \
                     the current one; decreasing WarmThroughput is not supported"
                )));
            }
        }
        self.read_units_per_second = asked.read_units_per_second.or(self.read_units_per_second);
        self.write_units_per_second = asked.write_units_per_second.or(self.write_units_per_second);
        Ok(())
    }

    /// What a description tells of it.
    pub(super) fn describe(self, units: Option<Units>, status: &str) -> Value {
        let (read, write) = self.current(units);
        json!({"ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write, "Status": status})
    }
}
