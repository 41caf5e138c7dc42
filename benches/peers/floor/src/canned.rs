//! An HTTP client that answers from memory: what is measured is the mapper and the SDK, and not a network.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use crate::Outcome;

/// Which answer a request gets, by the name of its operation and its body.
pub trait Answers: Fn(&str, &[u8]) -> Bytes + Send + Sync + 'static {}
impl<F: Fn(&str, &[u8]) -> Bytes + Send + Sync + 'static> Answers for F {}

/// A client of canned answers, which counts what it is asked.
#[derive(Clone)]
pub struct Canned(Arc<Inner>);

struct Inner {
    answers: Box<dyn Answers>,
    /// How long each request takes; without one it is answered at once.
    delay: Option<Duration>,
    requests: AtomicU64,
    /// The body of the last request, where somebody wants it.
    last: Option<Mutex<Vec<u8>>>,
}

impl Canned {
    /// Answers at once.
    pub fn new(answers: impl Answers) -> Self {
        Self::with(answers, None, false)
    }

    /// Answers at once, and keeps the body of the last request.
    pub fn keeping(answers: impl Answers) -> Self {
        Self::with(answers, None, true)
    }

    /// Answers after this time.
    pub fn delayed(answers: impl Answers, delay: Duration) -> Self {
        Self::with(answers, Some(delay), false)
    }

    fn with(answers: impl Answers, delay: Option<Duration>, keeps: bool) -> Self {
        Self(Arc::new(Inner {
            answers: Box::new(answers),
            delay,
            requests: AtomicU64::new(0),
            last: keeps.then(Mutex::default),
        }))
    }

    /// A client as a program has it: requests are signed, retries are as the SDK sets them.
    #[must_use]
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "bench"))
            .http_client(self.clone());
        Client::from_conf(config.build())
    }

    /// How many requests were sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// The body of the last request.
    ///
    /// # Errors
    /// Where nothing was sent, or nothing is kept.
    pub fn last(&self) -> Outcome<serde_json::Value> {
        let last = self.0.last.as_ref().ok_or("bodies are not kept")?;
        Ok(serde_json::from_slice(&last.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or(target, |(_, operation)| operation);
        let body = request.body().bytes().unwrap_or_default();
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(last) = &self.0.last {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        }
        let answer = SdkBody::from((self.0.answers)(operation, body));
        let ok = StatusCode::try_from(200).expect("200 is a status");
        let mut response = HttpResponse::new(ok, answer);
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        response
    }
}

impl HttpClient for Canned {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(delay) = self.0.delay else {
            return HttpConnectorFuture::ready(Ok(self.answer(&request)));
        };
        let canned = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(delay).await;
            Ok(canned.answer(&request))
        })
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canned").field("requests", &self.requests()).finish_non_exhaustive()
    }
}
