//! Stores on the network: DynamoDB, and others that speak its protocol.

use std::net::IpAddr;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;

use super::{Database, DatabaseBuilder};

impl Database {
    /// DynamoDB with credentials, region and endpoint from the environment, as every AWS tool reads them: variables,
    /// profiles, roles.
    ///
    /// Nothing is sent yet. Where something is missing or wrong, the first request is
    /// [`Error::Unconfigured`](crate::Error::Unconfigured), and [`Error::Denied`](crate::Error::Denied) where a right is
    /// missing.
    ///
    /// ```no_run
    /// # use dynamap::{Database, Error, NamedTable};
    /// # async fn example() -> Result<(), Error> {
    /// let db = Database::from_env().await;
    /// let tables = match NamedTable::list(&db).await {
    ///     Err(Error::Unconfigured(error)) => panic!("look at the environment: {error}"),
    ///     tables => tables?,
    /// };
    /// assert!(tables.is_sorted());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [AWS: credentials and configuration](https://docs.aws.amazon.com/sdkref/latest/guide/overview.html)
    pub async fn from_env() -> Self {
        Self::builder_from_env().await.build()
    }

    /// As [`from_env`](Self::from_env), with settings.
    ///
    /// ```no_run
    /// # use dynamap::{Database, Model};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64 }
    /// # async fn example() {
    /// let db = Database::builder_from_env().await.table_prefix("staging_").build();
    /// assert_eq!(db.table_name(Account::layout()), "staging_accounts");
    /// # }
    /// ```
    pub async fn builder_from_env() -> DatabaseBuilder {
        let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
        Self::builder(Client::new(&config))
    }

    /// Another store that speaks DynamoDB's protocol, at this URL: DynamoDB Local, `ScyllaDB` Alternator, a served embedded
    /// store.
    ///
    /// Everything but the endpoint is as the environment says, as with [`from_env`](Self::from_env). A store on this
    /// machine, whose host is `localhost` or a loopback address, asks for a region and for credentials and rarely looks at
    /// them: where the variables `AWS_REGION` and `AWS_ACCESS_KEY_ID` are not set it gets stand-ins. No other store does.
    ///
    /// ```no_run
    /// # async fn example() {
    /// let db = dynamap::Database::at("http://localhost:8000").await;
    /// # let _ = db;
    /// # }
    /// ```
    pub async fn at(url: &str) -> Self {
        Self::builder_at(url).await.build()
    }

    /// As [`at`](Self::at), with settings.
    ///
    /// ```no_run
    /// # use dynamap::Database;
    /// # async fn example() {
    /// let db = Database::builder_at("http://localhost:8000").await.table_prefix("staging_").build();
    /// # let _ = db;
    /// # }
    /// ```
    pub async fn builder_at(url: &str) -> DatabaseBuilder {
        let mut config = aws_config::defaults(BehaviorVersion::latest()).endpoint_url(url);
        let is_missing = |name: &str| std::env::var_os(name).is_none();
        let is_here = is_here(url);
        if is_here && is_missing("AWS_REGION") {
            config = config.region(Region::new("us-east-1"));
        }
        if is_here && is_missing("AWS_ACCESS_KEY_ID") {
            let stand_in = Credentials::new("local", "local", None, None, "");
            config = config.credentials_provider(stand_in);
        }
        Self::builder(Client::new(&config.load().await))
    }
}

/// Whether the host of a URL is this machine.
fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => place.split(':').next(),
    };
    let host = host.unwrap_or_default();
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for url in [
            "http://localhost:8000",
            "http://LOCALHOST",
            "http://127.0.0.1:8000/",
            "http://127.9.9.9",
            "http://[::1]:8000/path",
        ] {
            assert!(is_here(url), "{url}");
        }
        for url in [
            "https://dynamodb.eu-central-1.amazonaws.com",
            "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com",
            "http://localhost.example.org:8000",
            "http://localhost@example.org",
            "http://example.org/localhost",
            "http://10.0.0.7:8000",
            "http://0.0.0.0:8000",
            "http://[2001:db8::1]:8000",
            "",
        ] {
            assert!(!is_here(url), "{url}");
        }
    }
}
