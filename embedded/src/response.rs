//! HTTP answers, as the service words them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::DynoxideError;

use crate::control::Denial;
use crate::throttle::Refusal;

/// Numbers the answers of this process, so that two errors in a log can be told apart.
static ANSWERS: AtomicU64 = AtomicU64::new(1);

/// Why an operation was not executed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine refused it, or could not.
    Engine(DynoxideError),
    /// There is no capacity for it.
    Throttled(Refusal),
    /// Its table is not ready for it, or cannot be changed so.
    Denied(Denial),
}

impl From<DynoxideError> for Failure {
    fn from(error: DynoxideError) -> Self {
        Self::Engine(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Throttled(refusal)
    }
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// The answer to an operation the engine executed.
pub(crate) fn ok(body: String) -> HttpResponse {
    json(200, body)
}

/// The answer to an operation that was not executed.
pub(crate) fn failure(failure: &Failure) -> HttpResponse {
    match failure {
        Failure::Engine(error) => json(error.status_code(), error.to_json()),
        Failure::Throttled(refusal) => json(400, refusal.to_json()),
        Failure::Denied(denial) => json(400, denial.to_json()),
    }
}

/// An operation the engine does not have (backups, exports, global tables, resource policies).
pub(crate) fn unknown_operation() -> HttpResponse {
    json(400, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_owned())
}

/// A body that is not in memory. The SDK streams none to this service.
pub(crate) fn unreadable_body() -> HttpResponse {
    json(400, r#"{"__type":"com.amazon.coral.service#SerializationException"}"#.to_owned())
}

/// A body that is larger than any request may be.
#[cfg(feature = "serve")]
pub(crate) fn too_large() -> HttpResponse {
    json(413, r#"{"__type":"com.amazon.coral.service#RequestEntityTooLargeException"}"#.to_owned())
}

/// A request that is meant for another server.
#[cfg(feature = "serve")]
pub(crate) fn misdirected() -> HttpResponse {
    json(403, r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"The header Host names no loopback address"}"#.to_owned())
}

fn json(status: u16, body: String) -> HttpResponse {
    let status = StatusCode::try_from(status).unwrap_or_else(|_| internal_server_error());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let id = format!("EMBEDDED{:012}", ANSWERS.fetch_add(1, Ordering::Relaxed));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    headers.insert("x-amzn-requestid", id);
    response
}

fn internal_server_error() -> StatusCode {
    StatusCode::try_from(500).expect("500 is a status code")
}
