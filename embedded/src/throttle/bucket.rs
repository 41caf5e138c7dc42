//! A token bucket: capacity that refills continuously, is kept up to a limit, and may be overdrawn by one request.

use std::time::Duration;

use tokio::time::Instant;

/// Billionths of a capacity unit. A rate in units per second gives a whole number of them in each nanosecond, so that
/// nothing is rounded however often the bucket is looked at.
type Nano = i128;

/// The read or the write capacity of a table or an index.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    /// Units per second.
    rate: u64,
    /// How many seconds of capacity are kept.
    keeps: Duration,
    /// Negative when the last request took more than there was.
    balance: Nano,
    at: Instant,
}

impl Bucket {
    /// A bucket with the capacity of one second, and room for that of `burst` on top.
    pub(super) fn new(rate: u64, burst: Duration, now: Instant) -> Self {
        let second = Duration::from_secs(1);
        let keeps = second.saturating_add(burst);
        Self { rate, keeps, balance: provided(rate, second), at: now }
    }

    /// Whether a request has to wait.
    pub(super) fn is_spent(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.balance <= 0
    }

    /// Whether `units` are there.
    pub(super) fn affords(&mut self, units: f64, now: Instant) -> bool {
        self.refill(now);
        self.balance >= nano(units)
    }

    /// Takes `units`, whether they are there or not.
    pub(super) fn pay(&mut self, units: f64, now: Instant) {
        self.refill(now);
        self.balance = self.balance.saturating_sub(nano(units));
    }

    /// Changes the rate. What was saved stays, as far as there is room for it.
    pub(super) fn set_rate(&mut self, rate: u64, now: Instant) {
        self.refill(now);
        self.rate = rate;
        self.refill(now);
    }

    /// Time that runs backwards (two runtimes with clocks of their own) adds nothing.
    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        let full = provided(self.rate, self.keeps);
        self.balance = self.balance.saturating_add(provided(self.rate, elapsed)).min(full);
    }
}

/// What `rate` provides in `time`.
fn provided(rate: u64, time: Duration) -> Nano {
    let time = Nano::try_from(time.as_nanos()).unwrap_or(Nano::MAX);
    Nano::from(rate).saturating_mul(time)
}

/// Consumption comes in halves of units.
#[expect(clippy::cast_possible_truncation, reason = "a whole number; the cast saturates")]
fn nano(units: f64) -> Nano {
    (units * 1e9).round() as Nano
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_BURST: Duration = Duration::ZERO;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// How many requests of `units` are accepted at `now`.
    fn accepted(bucket: &mut Bucket, units: f64, now: Instant) -> u32 {
        let mut count = 0;
        while !bucket.is_spent(now) {
            bucket.pay(units, now);
            count += 1;
        }
        count
    }

    #[test]
    fn a_new_bucket_has_the_capacity_of_one_second() {
        let now = Instant::now();
        let mut bucket = Bucket::new(5, seconds(300), now);
        assert_eq!(accepted(&mut bucket, 1.0, now), 5);
        assert_eq!(accepted(&mut bucket, 1.0, now + seconds(1)), 5);
    }

    #[test]
    fn what_is_not_used_is_kept_up_to_the_burst() {
        let now = Instant::now();
        let mut bucket = Bucket::new(5, seconds(10), now);
        assert_eq!(accepted(&mut bucket, 1.0, now + seconds(1_000)), 55);
        let mut bucket = Bucket::new(5, NO_BURST, now);
        assert_eq!(accepted(&mut bucket, 0.5, now + seconds(1_000)), 10);
    }

    #[test]
    fn one_request_may_overdraw_and_the_next_wait_until_it_is_paid_off() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1, NO_BURST, now);
        assert_eq!(accepted(&mut bucket, 10.0, now), 1);
        assert!(bucket.is_spent(now + seconds(9)));
        assert!(!bucket.is_spent(now + seconds(9) + Duration::from_nanos(1)));
    }

    #[test]
    fn what_there_was_no_room_for_is_not_there_after_a_payment_either() {
        let now = Instant::now();
        let mut bucket = Bucket::new(5, NO_BURST, now);
        let later = now + seconds(100);
        bucket.pay(5.0, later);
        assert!(bucket.is_spent(later));
    }

    #[test]
    fn looking_often_rounds_nothing() {
        let mut now = Instant::now();
        let mut bucket = Bucket::new(3, NO_BURST, now);
        bucket.pay(6.0, now);
        for _ in 0..1_000_000 {
            now += Duration::from_micros(1);
            assert!(bucket.is_spent(now));
        }
        assert_eq!(accepted(&mut bucket, 1.0, now + Duration::from_nanos(1)), 1);
    }

    #[test]
    fn a_new_rate_counts_from_now_on() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1, seconds(10), now);
        bucket.pay(1.0, now);
        let later = now + seconds(2);
        bucket.set_rate(100, later);
        assert_eq!(accepted(&mut bucket, 1.0, later), 2);
        assert_eq!(accepted(&mut bucket, 1.0, later + seconds(1)), 100);
        bucket.set_rate(1, later + seconds(11));
        assert_eq!(accepted(&mut bucket, 1.0, later + seconds(11)), 11);
    }

    #[test]
    fn time_that_runs_backwards_adds_nothing() {
        let now = Instant::now() + seconds(100);
        let mut bucket = Bucket::new(1, seconds(300), now);
        bucket.pay(1.0, now);
        assert!(bucket.is_spent(now - seconds(50)));
        assert!(bucket.is_spent(now));
        assert_eq!(accepted(&mut bucket, 1.0, now + seconds(1)), 1);
    }
}
