//! How long the library keeps trying, and how much it repeats.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::BusyCause;

/// How long the library keeps trying, and how.
///
/// ```
/// use std::time::Duration;
/// use dynamap::{Database, RetryPolicy};
///
/// let mut policy = RetryPolicy::default();
/// assert_eq!(policy.deadline.as_secs(), 30);
/// policy.throttled.longest = Duration::from_secs(20);
/// policy.contended.attempts = 1; // conflicts with transactions are reported, not waited for
/// let db = Database::builder(dynamap::embedded::memory()?).retry(policy).build();
/// # let _ = db;
/// # Ok::<(), dynamap::embedded::OpenError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The time after which a request that the service keeps refusing is given up. Default 30 s; at most 4 minutes are
    /// used, since a request that is signed once is accepted by AWS for 5 minutes.
    pub deadline: Duration,
    /// The time after which one attempt counts as unanswered. Default 5 s.
    pub attempt_timeout: Duration,
    /// How much the library repeats beyond what succeeds, over all requests of the database: repeating a request, the work
    /// of a transaction, or a write of what somebody else has changed first, costs 5; a success brings 1 back, and one after a repetition its 5. Without any left the
    /// library does not repeat, so that a hot key or a throttled table is not loaded further. A write that may have been
    /// applied is repeated all the same. Default 500, as in the SDK.
    ///
    /// [AWS: retry behavior](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)
    pub budget: u32,
    /// After no answer, or one that does not say whether the request was applied. Default 100 ms to 2 s.
    pub unanswered: Backoff,
    /// After a refusal for lack of capacity. Default 50 ms to 5 s.
    pub throttled: Backoff,
    /// After a refusal because a transaction holds an item, also of a single read or write, which the SDK would not send
    /// again. Default 8 ms to 500 ms.
    pub contended: Backoff,
    /// While the service works on the same transaction. Default 500 ms to 6 s: AWS may take five seconds before it looks
    /// after one that got stuck.
    pub in_progress: Backoff,
}

/// The pauses between attempts: each is of random length up to a bound (full jitter), which doubles from `first` to
/// `longest`.
///
/// ```
/// use std::time::Duration;
/// # use dynamap::{Database, Error, Model, RetryPolicy, Table};
/// # use dynamap::faults::{Fault, Faults};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// let mut policy = RetryPolicy::default();
/// policy.throttled.first = Duration::from_millis(10);
/// policy.throttled.longest = Duration::from_millis(40);
/// policy.throttled.attempts = 6; // pauses of up to 10, 20, 40, 40, 40 ms between them
/// let db = Database::builder(client).retry(policy).build();
/// # Table::<Account>::create(&db).await?;
/// faults.always("GetItem", Fault::Throttle);
/// let began = tokio::time::Instant::now();
/// assert!(matches!(Account::get(&db, 1).await, Err(Error::Busy(_))));
/// assert_eq!(faults.count("GetItem"), 6);
/// assert!(began.elapsed() <= Duration::from_millis(160)); // of a paused clock
/// # Ok(())
/// # }
/// ```
///
/// [AWS: exponential backoff and jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The bound of the first pause; it doubles with each attempt.
    pub first: Duration,
    /// The bound of the longest pause.
    pub longest: Duration,
    /// After how many attempts the request is given up, whatever the deadline; 1 is not to repeat. Default: no limit but
    /// the deadline.
    pub attempts: u32,
}

impl Backoff {
    const fn of(first: u64, longest: u64) -> Self {
        Self {
            first: Duration::from_millis(first),
            longest: Duration::from_millis(longest),
            attempts: u32::MAX,
        }
    }

    /// The bound of the pause after so many attempts, in milliseconds.
    fn bound(&self, attempts: u32) -> u64 {
        let bound =
            self.first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(self.longest);
        u64::try_from(bound.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(5),
            budget: 500,
            unanswered: Backoff::of(100, 2_000),
            throttled: Backoff::of(50, 5_000),
            contended: Backoff::of(8, 500),
            in_progress: Backoff::of(500, 6_000),
        }
    }
}

impl RetryPolicy {
    pub(crate) fn backoff(&self, cause: Cause) -> &Backoff {
        match cause {
            Cause::Lost | Cause::Unsent => &self.unanswered,
            Cause::Throttled | Cause::Limited => &self.throttled,
            Cause::Contended => &self.contended,
            Cause::InProgress => &self.in_progress,
        }
    }

    /// How long a request is repeated.
    pub(crate) fn time(&self) -> Duration {
        self.deadline.min(LONGEST_DEADLINE)
    }

    /// The bound of the pause after so many attempts, in milliseconds.
    pub(crate) fn bound(&self, cause: Cause, attempts: u32) -> u64 {
        self.backoff(cause).bound(attempts)
    }
}

/// Why a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No answer, or one that does not say whether the request was applied.
    Lost,
    /// It could not be signed for a while: it was not sent.
    Unsent,
    Throttled,
    /// Another transaction holds an item.
    Contended,
    /// A transaction with this token is still running.
    InProgress,
    /// The limits of the database handle do not allow it before the deadline: it was not sent.
    Limited,
}

impl From<Cause> for BusyCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Throttled => Self::Throttled,
            Cause::Contended | Cause::InProgress => Self::Contended,
            Cause::Lost | Cause::Unsent => Self::Unreachable,
            Cause::Limited => Self::Limited,
        }
    }
}

/// The longest deadline: below the 5 minutes for which AWS accepts a signature.
const LONGEST_DEADLINE: Duration = Duration::from_mins(4);

/// What is left of [`RetryPolicy::budget`].
pub(crate) struct Budget {
    left: AtomicU32,
    most: u32,
}

/// What one repetition costs.
const REPETITION: u32 = 5;

impl Budget {
    pub(crate) fn new(most: u32) -> Self {
        Self { left: AtomicU32::new(most), most }
    }

    /// Pays for a repetition; `false` where too little is left.
    pub(crate) fn pay(&self) -> bool {
        let pay = |left: u32| left.checked_sub(REPETITION);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok()
    }

    /// A request succeeded, at once or when it was repeated.
    pub(crate) fn refill(&self, repeated: bool) {
        let tokens = if repeated { REPETITION } else { 1 };
        let add = |left: u32| Some(left.saturating_add(tokens).min(self.most));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}
