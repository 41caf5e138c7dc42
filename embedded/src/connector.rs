//! HTTP request in, HTTP response out: where the SDK hands over, and where blocking work is kept away from the async
//! runtime.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::runtime::Handle;

use crate::response;
use crate::store::Store;

/// Both the client and its only connector: there is nothing to pool.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    store: Arc<Store>,
}

impl Connector {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let store = Arc::clone(&self.store);
        if !store.blocks() {
            return HttpConnectorFuture::ready(Ok(answer(&store, &request)));
        }
        // Without a runtime (a caller that polls by hand) there is nobody to keep from blocking.
        let Ok(runtime) = Handle::try_current() else {
            return HttpConnectorFuture::ready(Ok(answer(&store, &request)));
        };
        HttpConnectorFuture::new(async move {
            runtime
                .spawn_blocking(move || answer(&store, &request))
                .await
                // Only a runtime that is shutting down cancels it before it has begun.
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The operation is named by the header `x-amz-target`, as `DynamoDB_20120810.PutItem`.
fn answer(store: &Store, request: &HttpRequest) -> HttpResponse {
    let operation = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.split_once('.'))
        .map(|(_service, operation)| operation);
    match (operation, request.body().bytes()) {
        (None, _) => response::unknown_operation(),
        (Some(_), None) => response::unreadable_body(),
        (Some(operation), Some(body)) => store.answer(operation, body),
    }
}
