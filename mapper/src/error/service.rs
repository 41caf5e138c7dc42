//! What the service said, where the library has nothing better to say.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http::endpoint::error::ResolveEndpointError;

use super::{Error, TableError};
use crate::settings::is_table_name;

/// An answer of the service that has no variant of its own, or a request that could not be built.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Account>::create(&db).await?;
/// let Err(Error::Service(error)) = Table::<Account>::create(&db).await else { panic!("it is there") };
/// assert_eq!((error.operation, error.table.as_str()), ("CreateTable", "accounts"));
/// assert_eq!(error.code, "ResourceInUseException");
/// # Ok(())
/// # }
/// ```
///
/// [AWS: error handling](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html)
#[derive(Debug, Clone)]
pub struct ServiceError {
    /// The operation, as AWS names it.
    pub operation: &'static str,
    /// The first table it was for.
    pub table: String,
    /// The service's code, such as `ValidationException`; empty where there was no answer.
    pub code: String,
    /// The service's words, or the SDK's. For people; programs match on the code.
    pub message: String,
}

impl ServiceError {
    pub(crate) fn new<E, R>(operation: &'static str, table: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: fmt::Debug + 'static,
    {
        let code = match error.code() {
            Some(code) => code.to_owned(),
            None if is_unconfigured(error) => UNCONFIGURED.to_owned(),
            None => String::new(),
        };
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": "),
        };
        Self { operation, table: table.to_owned(), code, message }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, table, code, message } = self;
        if code.is_empty() {
            write!(f, "{operation} on table {table} failed: {message}")
        } else {
            write!(f, "{operation} on table {table} was refused ({code}): {message}")
        }
    }
}

impl StdError for ServiceError {}

/// Each by what a caller can do about it.
impl From<Box<ServiceError>> for Error {
    fn from(error: Box<ServiceError>) -> Self {
        match error.code.as_str() {
            "ResourceNotFoundException" => Self::NoSuchTable(error.table.into()),
            "AccessDeniedException" => Self::Denied(error),
            UNCONFIGURED
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException" => Self::Unconfigured(error),
            "ValidationException" if !error.table.split(", ").all(is_table_name) => {
                TableError::IllegalName { table: error.table }.into()
            }
            _ => Self::Service(error),
        }
    }
}

/// Stands in for a code where credentials or a region are missing, and nothing was sent.
const UNCONFIGURED: &str = "Unconfigured";

/// Whether a request was not sent for want of credentials or of an endpoint, and will not be.
pub(crate) fn is_unconfigured(error: &(dyn StdError + 'static)) -> bool {
    let not_for_now = |error: &CredentialsError| {
        matches!(
            error,
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)
        )
    };
    chain(error).any(|error| {
        error.is::<ResolveEndpointError>() || error.downcast_ref().is_some_and(not_for_now)
    })
}

/// Whether a request was not sent because whoever gives credentials did not do so in time.
pub(crate) fn is_unsent(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(<dyn StdError>::is::<CredentialsError>)
}

fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
