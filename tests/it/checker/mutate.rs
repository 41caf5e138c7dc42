//! Sabotage below the SDK: requests are changed on their way, as a defect of the library would send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynamap::embedded;
use serde_json::Value as Json;

/// A defect that the library does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Items that were only read are not checked at commit.
    SkipConditionChecks,
    /// As before, for one key only: one that is read in nested transactions that are rolled back.
    DropRolledBackRead { key: u32 },
    /// Each attempt of a transaction has a token of its own.
    RotateToken,
    /// A transaction that succeeded is executed once more later, without its conditions.
    ApplyTwice,
    /// Updates have no condition.
    StripConditions,
}

/// An embedded store below a mutant, or below none.
pub fn store(mutant: Option<Mutant>) -> aws_sdk_dynamodb::Client {
    let client = embedded::memory().expect("an embedded store");
    let Some(mutant) = mutant else { return client };
    let inner = client.config().http_client().expect("the embedded store is an HTTP client");
    let http = SharedHttpClient::new(MutantClient { inner, mutant, tokens: Arc::default() });
    aws_sdk_dynamodb::Client::from_conf(client.config().to_builder().http_client(http).build())
}

#[derive(Debug)]
struct MutantClient {
    inner: SharedHttpClient,
    mutant: Mutant,
    /// How many fresh tokens were made, over all connectors.
    tokens: Arc<AtomicU64>,
}

impl HttpClient for MutantClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(MutantConnector {
            inner,
            mutant: self.mutant,
            tokens: self.tokens.clone(),
        })
    }
}

#[derive(Debug)]
struct MutantConnector {
    inner: SharedHttpConnector,
    mutant: Mutant,
    tokens: Arc<AtomicU64>,
}

impl HttpConnector for MutantConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        let Some(mut body): Option<Json> = body else { return self.inner.call(request) };
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let transaction = target.ends_with(".TransactWriteItems");
        let update = target.ends_with(".UpdateItem");
        match self.mutant {
            Mutant::SkipConditionChecks if transaction => drop_checks(&mut body, |_| true),
            Mutant::DropRolledBackRead { key } if transaction => {
                let key = key.to_string();
                drop_checks(&mut body, |check| check["Key"]["key"]["N"] == key.as_str());
            }
            Mutant::RotateToken if transaction => {
                body["ClientRequestToken"] = self.fresh_token().into();
            }
            Mutant::StripConditions if transaction || update => strip_updates(&mut body),
            Mutant::ApplyTwice if transaction => return self.twice(request, body),
            _ => {}
        }
        replace(&mut request, &body);
        self.inner.call(request)
    }
}

impl MutantConnector {
    fn fresh_token(&self) -> String {
        format!("fresh-{}", self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    fn twice(&self, request: HttpRequest, mut body: Json) -> HttpConnectorFuture {
        let inner = self.inner.clone();
        let mut again = request.try_clone().expect("a request in memory");
        drop_checks(&mut body, |_| true);
        strip_all(&mut body);
        body["ClientRequestToken"] = self.fresh_token().into();
        replace(&mut again, &body);
        HttpConnectorFuture::new(async move {
            let answer = inner.call(request).await?;
            if answer.status().is_success() {
                tokio::spawn(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
                    inner.call(again).await.ok();
                });
            }
            Ok(answer)
        })
    }
}

fn actions(body: &mut Json) -> Option<&mut Vec<Json>> {
    body.get_mut("TransactItems").and_then(Json::as_array_mut)
}

fn drop_checks(body: &mut Json, which: impl Fn(&Json) -> bool) {
    if let Some(actions) = actions(body) {
        actions.retain(|action| !action.get("ConditionCheck").is_some_and(&which));
    }
}

fn strip_updates(body: &mut Json) {
    if let Some(actions) = actions(body) {
        actions.iter_mut().filter_map(|action| action.get_mut("Update")).for_each(strip);
    } else {
        strip(body);
    }
}

fn strip_all(body: &mut Json) {
    for action in actions(body).into_iter().flatten() {
        action.as_object_mut().into_iter().flat_map(|action| action.values_mut()).for_each(strip);
    }
}

/// Removes the condition, and the names and values that nothing else uses: the service refuses unused ones.
fn strip(action: &mut Json) {
    let Some(action) = action.as_object_mut() else { return };
    action.remove("ConditionExpression");
    let update = action.get("UpdateExpression").map(|text| format!("{text} ")).unwrap_or_default();
    let used = |name: &str| {
        update.split(|c: char| !c.is_alphanumeric() && !"#:_".contains(c)).any(|word| word == name)
    };
    for field in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(names) = action.get_mut(field).and_then(Json::as_object_mut) else { continue };
        names.retain(|name, _| used(name));
        if names.is_empty() {
            action.remove(field);
        }
    }
}

fn replace(request: &mut HttpRequest, body: &Json) {
    let body = body.to_string();
    if request.headers().get("content-length").is_some() {
        request.headers_mut().insert("content-length", body.len().to_string());
    }
    *request.body_mut() = SdkBody::from(body);
}
