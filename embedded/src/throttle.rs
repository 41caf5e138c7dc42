//! Provisioned throughput: tables refuse what they have no capacity for, as the service does.
//!
//! * `gate`: the one way in; one request at a time.
//! * `request`: what stands in its way, its execution, and its price; `batch` and `transaction` are refused in their own
//!   ways.
//! * `ledger`: what all tables and their global indexes have left; `limits`: the buckets of one; `bucket`: one of them.
//! * `target`: the item that a write is about; `rehearsal`: what a write would cost.
//! * `refusal`: how the service words it.

mod batch;
mod bucket;
mod gate;
mod ledger;
mod limits;
mod refusal;
mod rehearsal;
mod request;
mod target;
mod transaction;

use std::time::Duration;

pub(crate) use gate::Gate;
pub(crate) use refusal::Refusal;

/// The service keeps five minutes of unused capacity.
const BURST: Duration = Duration::from_mins(5);

/// How the tables of a store refuse requests: see [`Builder::throttle`](crate::Builder::throttle).
///
/// ```
/// use std::time::Duration;
///
/// use dynamap_embedded::Throttle;
///
/// let impatient = Throttle::provisioned().burst(Duration::ZERO);
/// assert_ne!(impatient, Throttle::provisioned());
/// assert_eq!(impatient.burst(Duration::from_secs(300)), Throttle::provisioned());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    burst: Duration,
}

impl Throttle {
    /// Tables with provisioned throughput, and their global indexes, provide what is provisioned. Five minutes of unused
    /// capacity are kept, as by the service.
    #[must_use]
    pub const fn provisioned() -> Self {
        Self { burst: BURST }
    }

    /// How much unused capacity is kept, as the time in which it was provided. With [`Duration::ZERO`] a table provides
    /// the capacity of one second at most, however long it was left alone.
    #[must_use]
    pub const fn burst(self, burst: Duration) -> Self {
        Self { burst }
    }
}
