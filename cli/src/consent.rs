//! Whether something that cannot be undone may be done: on this machine always, elsewhere where `--yes` says so.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use dynamap_mapper::Database;

use crate::report::Failure;

/// Refuses `what` unless `--yes` was said or the store is on this machine. Nothing is sent.
pub(crate) async fn ask(db: &Database, yes: bool, what: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let host = host(db.client()).await;
    match host {
        Some(host) if is_here(&host) => Ok(()),
        host => {
            let host = host.unwrap_or_else(|| "an unknown place".to_owned());
            Err(Failure::usage(format!("{what} at {host}: say --yes to do it, nothing was done")))
        }
    }
}

/// Whether a host is this machine, or none at all: the embedded store's.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    // A top-level domain that never resolves: such a request reaches no network.
    is_loopback || host == "localhost" || host.ends_with(".localhost") || host.ends_with(".invalid")
}

/// Whether a client talks to an embedded store, which has no place on any network.
#[cfg(feature = "aws")]
pub(crate) async fn is_embedded(client: &Client) -> bool {
    host(client).await.is_some_and(|host| host.ends_with(".invalid"))
}

/// The host that a client talks to, as the SDK itself says.
async fn host(client: &Client) -> Option<String> {
    let nobody = Credentials::new("nobody", "nobody", None, None, "nobody");
    let config = client.config().to_builder().credentials_provider(nobody).build();
    let request = asked(&Client::from_conf(config)).await?;
    let (_, rest) = request.uri().split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let end = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => colon,
        _ => authority.len(),
    };
    Some(authority[..end].to_ascii_lowercase())
}

/// A request as a client makes it; it is not sent.
pub(crate) async fn asked(client: &Client) -> Option<HttpRequest> {
    let seen = Seen::default();
    let connector = SharedHttpConnector::new(seen.clone());
    let config = client
        .config()
        .to_builder()
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    // It fails, since it is not sent.
    drop(Box::pin(Client::from_conf(config).list_tables().send()).await);
    seen.0.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A connector that notes a request, and refuses it.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Option<HttpRequest>>>);

impl HttpConnector for Seen {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(request);
        HttpConnectorFuture::ready(Err(ConnectorError::user("it is not sent".into())))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};

    use super::*;

    #[test]
    fn what_only_looks_like_this_machine_is_another_one() {
        for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "db.localhost", "a.invalid"] {
            assert!(is_here(host), "{host}");
        }
        for host in [
            "dynamodb.eu-central-1.amazonaws.com",
            "localhost.example.org",
            "notlocalhost",
            "127.0.0.1.example.org",
            "10.0.0.1",
            "[2001:db8::1]",
            "0.0.0.0",
        ] {
            assert!(!is_here(host), "{host}");
        }
    }

    #[tokio::test]
    async fn the_host_is_the_one_that_the_sdk_would_send_to() {
        let config = || Config::builder().behavior_version(BehaviorVersion::latest());
        for (config, expected) in [
            (config().region(Region::new("eu-central-1")), "dynamodb.eu-central-1.amazonaws.com"),
            (
                config().region(Region::new("x")).endpoint_url("http://LOCALHOST:8000/a"),
                "localhost",
            ),
            (config().region(Region::new("x")).endpoint_url("http://[::1]:8000"), "[::1]"),
            (config().region(Region::new("x")).endpoint_url("http://[::1]"), "[::1]"),
        ] {
            let client = Client::from_conf(config.build());
            assert_eq!(host(&client).await.as_deref(), Some(expected));
        }
        assert_eq!(host(&Client::from_conf(config().build())).await, None);
    }
}
