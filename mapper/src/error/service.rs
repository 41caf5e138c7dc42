//! What the service said, where the library has nothing better to say.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// An answer of the service that has no variant of its own, or a request that could not be built.
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
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string(),
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

impl std::error::Error for ServiceError {}
