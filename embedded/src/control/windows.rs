//! What may happen so many times in a while.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Moment;

/// When something happened, the last times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window(Vec<Moment>);

impl Window {
    /// Notes that it happens `now`, unless it did so `limit` times within `period`.
    pub(super) fn enter(&mut self, limit: usize, period: Duration, now: Moment) -> bool {
        self.0.retain(|then| now.saturating_sub(*then) < period);
        if self.0.len() >= limit {
            return false;
        }
        self.0.push(now);
        true
    }

    /// When it happened last.
    pub(super) fn last(&self) -> Option<Moment> {
        self.0.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_rolls_with_the_time() {
        let mut window = Window::default();
        let entered: Vec<bool> = [0, 3, 5, 9, 10, 12, 13]
            .map(|now| window.enter(2, Duration::from_secs(10), Moment::from_secs(now)))
            .to_vec();
        assert_eq!(entered, [true, true, false, false, true, false, true]);
    }
}
