//! Why one entry of a batch was not done; can be told as often as somebody asks.

use super::{Busy, BusyCause, Error, OutcomeUnknown, ServiceError, Target, Throttled};

/// Why one entry of a batch was not done.
#[derive(Debug, Clone)]
pub(crate) enum Undone {
    /// The service kept refusing it, or left it unprocessed.
    Busy { operation: &'static str, attempts: u32, cause: BusyCause, throttled: Vec<Throttled> },
    /// An answer was lost, so it may have been done all the same.
    Unknown { operation: &'static str, attempts: u32 },
    /// It is wrong, or not allowed.
    Refused(Box<ServiceError>),
}

impl Undone {
    /// The error of the entry about this item.
    pub(crate) fn error(&self, target: &Target) -> Error {
        let table = target.table.clone();
        match self {
            Self::Busy { operation, attempts, cause, throttled } => Error::Busy(Box::new(Busy {
                operation,
                table,
                attempts: *attempts,
                cause: *cause,
                throttled: throttled.clone(),
                failures: Vec::new(),
            })),
            Self::Unknown { operation, attempts } => {
                let (operation, attempts) = (*operation, *attempts);
                let (targets, transaction) = (vec![target.clone()], None);
                Error::OutcomeUnknown(Box::new(OutcomeUnknown {
                    operation,
                    targets,
                    attempts,
                    transaction,
                }))
            }
            Self::Refused(error) => Box::new(ServiceError { table, ..(**error).clone() }).into(),
        }
    }
}
