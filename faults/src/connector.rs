//! Carries faults out: stands where the SDK hands a request to its HTTP client.

mod answer;
mod batch;

use std::future::pending;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use crate::fault::Fault;
use crate::faults::Faults;
use crate::gate::Side;
use crate::plan::Planned;
use crate::request::Request;

type Answer = Result<HttpResponse, ConnectorError>;

/// An HTTP client whose requests meet faults.
#[derive(Debug)]
pub(crate) struct FaultyClient {
    inner: SharedHttpClient,
    faults: Faults,
}

impl FaultyClient {
    pub(crate) fn new(inner: SharedHttpClient, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

impl HttpClient for FaultyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            inner: self.inner.http_connector(settings, components),
            faults: self.faults.clone(),
            settings: settings.clone(),
        })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct FaultyConnector {
    inner: SharedHttpConnector,
    faults: Faults,
    settings: HttpConnectorSettings,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let seen = read(&request);
        let planned = {
            let mut plan = self.faults.plan();
            let planned = plan.take(&seen.operation);
            let fault = match &planned {
                Some(Planned::Fault(fault)) => Some(fault.clone()),
                _ => None,
            };
            plan.log.push(Request { fault, ..seen.clone() });
            planned
        };
        let delivery =
            Delivery { inner: self.inner.clone(), settings: self.settings.clone(), request, seen };
        match planned {
            None => delivery.inner.call(delivery.request),
            Some(Planned::Gate(hold, Side::Request)) => HttpConnectorFuture::new(async move {
                hold.wait().await;
                delivery.inner.call(delivery.request).await
            }),
            Some(Planned::Gate(hold, Side::Answer)) => HttpConnectorFuture::new(async move {
                let answer = delivery.inner.call(delivery.request).await;
                hold.wait().await;
                answer
            }),
            Some(Planned::Fault(fault)) => HttpConnectorFuture::new(delivery.meet(fault)),
        }
    }
}

/// One request on its way.
struct Delivery {
    inner: SharedHttpConnector,
    settings: HttpConnectorSettings,
    request: HttpRequest,
    seen: Request,
}

impl Delivery {
    async fn meet(self, fault: Fault) -> Answer {
        match fault {
            Fault::DropBefore => Err(broken("before the request arrived")),
            Fault::LoseAnswer => {
                self.inner.call(self.request).await?;
                Err(broken("before the answer arrived"))
            }
            Fault::LoseAnswerAs500 => {
                self.inner.call(self.request).await?;
                answer::error(500, "InternalServerError")
            }
            Fault::Hang => {
                self.inner.call(self.request).await?;
                hang(&self.settings).await
            }
            Fault::HangBefore => hang(&self.settings).await,
            Fault::ServerError => answer::error(500, "InternalServerError"),
            Fault::Throttle => {
                answer::throttled(&self.seen.operation, self.seen.tables().first().copied())
            }
            Fault::Service { status, code } => answer::error(status, &code),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                self.inner.call(self.request).await
            }
            Fault::TransactionConflict => self.conflict(),
            Fault::TransactionInProgress => self.in_progress(),
            Fault::Unprocessed { keep } => self.in_part(keep).await,
            Fault::Duplicate => self.twice().await,
        }
    }

    fn conflict(&self) -> Answer {
        let actions = match self.seen.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => "TransactItems",
            "ExecuteTransaction" => "TransactStatements",
            "PutItem" | "UpdateItem" | "DeleteItem" | "ExecuteStatement" => {
                return answer::error(400, "TransactionConflictException");
            }
            _ => return Err(self.misfit(&Fault::TransactionConflict)),
        };
        let actions = self.seen.body.get(actions).and_then(Value::as_array).map_or(0, Vec::len);
        answer::conflict(actions)
    }

    fn in_progress(&self) -> Answer {
        match self.seen.operation.as_str() {
            "TransactWriteItems" | "ExecuteTransaction" => {
                answer::error(400, "TransactionInProgressException")
            }
            _ => Err(self.misfit(&Fault::TransactionInProgress)),
        }
    }

    async fn in_part(mut self, keep: usize) -> Answer {
        let Some(kind) = batch::Kind::of(&self.seen.operation) else {
            return Err(self.misfit(&Fault::Unprocessed { keep }));
        };
        let batch::Split { first, rest, empty } = kind.split(&self.seen.body, keep);
        if empty {
            return answer::json(200, &kind.nothing_done(&rest));
        }
        batch::replace_body(&mut self.request, &first);
        let response = self.inner.call(self.request).await?;
        batch::add_unprocessed(kind, response, rest)
    }

    async fn twice(self) -> Answer {
        let Some(copy) = self.request.try_clone() else {
            return Err(self.misfit(&Fault::Duplicate));
        };
        self.inner.call(copy).await.ok();
        self.inner.call(self.request).await
    }

    fn misfit(&self, fault: &Fault) -> ConnectorError {
        ConnectorError::user(
            format!("the fault {fault:?} does not fit {}", self.seen.operation).into(),
        )
    }
}

/// Never answered, for as long as the client waits for an answer.
async fn hang(settings: &HttpConnectorSettings) -> Answer {
    match settings.read_timeout() {
        Some(time) => {
            tokio::time::sleep(time).await;
            Err(ConnectorError::timeout("no answer within the read timeout (injected)".into()))
        }
        None => pending().await,
    }
}

fn broken(when: &str) -> ConnectorError {
    ConnectorError::io(format!("the connection broke {when} (injected)").into())
}

fn read(request: &HttpRequest) -> Request {
    let headers = request.headers();
    let target = headers.get("x-amz-target").and_then(|target| target.split_once('.'));
    // `amz-sdk-request: attempt=1; max=3`
    let attempt = headers.get("amz-sdk-request").and_then(|header| {
        let mut fields =
            header.split(';').filter_map(|field| field.trim().strip_prefix("attempt="));
        fields.next()?.parse().ok()
    });
    Request {
        operation: target.map(|(_service, operation)| operation.to_owned()).unwrap_or_default(),
        body: request
            .body()
            .bytes()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default(),
        fault: None,
        attempt,
    }
}
