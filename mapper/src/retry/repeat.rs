//! Sending what does no harm when it is sent again, until there is an answer.

use std::future::Future;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::{Attempt, Attempts};
use crate::capacity::charge::{Answer, Refusal};
use crate::database::Database;
use crate::error::{Error, ServiceError};

/// Sends a request whose repetition does no harm (reads, table operations, counters) until it has an answer.
pub(crate) async fn repeat<T, E, F>(
    db: &Database,
    operation: &'static str,
    table: &str,
    request: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    T: Answer + Send,
    E: Refusal + ProvideErrorMetadata + std::error::Error + Send + 'static,
{
    repeat_and_tell(db, operation, table, request).await.0
}

/// As [`repeat`]; tells too whether an earlier attempt may have been applied, its answer lost.
pub(crate) async fn repeat_and_tell<T, E, F>(
    db: &Database,
    operation: &'static str,
    table: &str,
    request: impl FnMut() -> F,
) -> (Result<T, Error>, bool)
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    T: Answer + Send,
    E: Refusal + ProvideErrorMetadata + std::error::Error + Send + 'static,
{
    let mut attempts = Attempts::new(db, operation, table);
    let result = attempts.repeat(request).await;
    (result, attempts.ambiguous)
}

impl Attempts<'_> {
    /// Sends a request whose repetition does no harm until it has an answer.
    pub(crate) async fn repeat<T, E, F>(
        &mut self,
        mut request: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        T: Answer + Send,
        E: Refusal + ProvideErrorMetadata + std::error::Error + Send + 'static,
    {
        loop {
            match self.send(request()).await {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Again(cause) => self.pause(cause, &[]).await?,
                Attempt::Failed(error) => return Err(self.failed(error, &[])),
                // Only conditional requests are rejected; whoever sends one here handles its code.
                Attempt::Rejected(error) => {
                    return Err(Error::Service(Box::new(ServiceError {
                        operation: self.operation,
                        table: self.table.clone().into_owned(),
                        code: error.code().unwrap_or_default().to_owned(),
                        message: error.message().unwrap_or_default().to_owned(),
                    })));
                }
            }
        }
    }
}
