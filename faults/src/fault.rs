//! The vocabulary: what can go wrong, and with which operation.

use std::time::Duration;

/// What happens to a request. *Executed* means that the store behind saw it and did what it says.
///
/// A fault that does not fit its operation ([`Unprocessed`](Fault::Unprocessed) on a `PutItem`, say) is a mistake in the
/// test: the request fails with a dispatch failure of the kind *user*, which the SDK does not retry, and is not executed.
///
/// ```
/// use dynamap_faults::Fault;
///
/// let lost: Vec<Fault> = Fault::LOST.to_vec();
/// assert!(lost.contains(&Fault::LoseAnswerAs500));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Not executed: the connection breaks before the request arrives.
    DropBefore,
    /// Executed, then the connection breaks: the caller cannot know.
    LoseAnswer,
    /// Executed, but answered with a 500 `InternalServerError`: the caller cannot know.
    LoseAnswerAs500,
    /// Executed, and never answered. A read timeout of the client ends the wait, as do the SDK's other timeouts; without
    /// any it lasts until the caller drops the future.
    Hang,
    /// Not executed and never answered: as [`Hang`](Fault::Hang).
    HangBefore,
    /// Not executed: a 500 `InternalServerError`.
    ServerError,
    /// Not executed: `ProvisionedThroughputExceededException`, with the table in its `ThrottlingReasons`.
    Throttle,
    /// Not executed: another transaction is at an item. `TransactWriteItems`, `TransactGetItems` and `ExecuteTransaction`
    /// answer `TransactionCanceledException` with the reason `TransactionConflict` for the first action and `None` for the
    /// others; `PutItem`, `UpdateItem`, `DeleteItem` and `ExecuteStatement` answer `TransactionConflictException`.
    TransactionConflict,
    /// Not executed: `TransactionInProgressException`, the same token is being worked on. For `TransactWriteItems` and
    /// `ExecuteTransaction`.
    TransactionInProgress,
    /// Not executed: any error of the service.
    Service {
        /// The HTTP status: 400, or 500 and above for what the SDK takes for a failure of the server.
        status: u16,
        /// The error code, for example `ResourceInUseException`.
        code: String,
    },
    /// A batch that is done in part. `BatchWriteItem` and `BatchGetItem`: only the first `keep` entries of each table are
    /// executed; the rest come back as `UnprocessedItems` or `UnprocessedKeys`. The request is rewritten, so its signature
    /// no longer fits: not for stores that check signatures.
    Unprocessed {
        /// Entries executed for each table; 0 executes nothing.
        keep: usize,
    },
    /// Executed after this time (of tokio's clock). To order two requests use [`Faults::pause`](crate::Faults::pause).
    Delay(Duration),
    /// Executed twice, one after the other; the second answer is returned.
    Duplicate,
}

impl Fault {
    /// The faults after which a request was executed and its caller cannot know, and which end by themselves.
    pub const LOST: [Fault; 2] = [Fault::LoseAnswer, Fault::LoseAnswerAs500];

    /// An error of the service by its code, with status 400.
    ///
    /// ```
    /// use dynamap_faults::Fault;
    ///
    /// let fault = Fault::service("LimitExceededException");
    /// assert_eq!(fault, Fault::Service { status: 400, code: "LimitExceededException".into() });
    /// ```
    #[must_use]
    pub fn service(code: impl Into<String>) -> Self {
        Self::Service { status: 400, code: code.into() }
    }
}

/// Which requests are meant. Where one is asked for, a name will do: `faults.count("PutItem")`.
///
/// ```
/// use dynamap_faults::Operation;
///
/// assert_eq!(Operation::from("PutItem"), Operation::Named("PutItem".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Every operation.
    Any,
    /// The operation of this name, spelled as the service does: `TransactWriteItems`.
    Named(String),
}

impl Operation {
    pub(crate) fn covers(&self, name: &str) -> bool {
        match self {
            Operation::Any => true,
            Operation::Named(own) => own == name,
        }
    }
}

impl From<&str> for Operation {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for Operation {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}
