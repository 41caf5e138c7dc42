//! Stores on the network: DynamoDB, and others that speak its protocol.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;

use super::{Database, DatabaseBuilder};

impl Database {
    /// DynamoDB with credentials, region and endpoint from the environment, as every AWS tool reads them: variables,
    /// profiles, roles.
    ///
    /// Nothing is sent yet. Where something is missing or wrong, the first request is [`Error::Unconfigured`](crate::Error::Unconfigured), and
    /// [`Error::Denied`](crate::Error::Denied) where a right is missing.
    ///
    /// [AWS: credentials and configuration](https://docs.aws.amazon.com/sdkref/latest/guide/overview.html)
    pub async fn from_env() -> Self {
        Self::builder_from_env().await.build()
    }

    /// As [`from_env`](Self::from_env), with settings.
    pub async fn builder_from_env() -> DatabaseBuilder {
        let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
        Self::builder(Client::new(&config))
    }

    /// Another store that speaks DynamoDB's protocol, at this URL: DynamoDB Local, ScyllaDB Alternator, a served embedded
    /// store.
    ///
    /// Such stores ask for a region and for credentials, and rarely look at them: those of the environment are taken where
    /// its variables `AWS_REGION` and `AWS_ACCESS_KEY_ID` are set, and otherwise stand-ins.
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
        let config = aws_config::defaults(BehaviorVersion::latest()).endpoint_url(url);
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let config =
            if is_set("AWS_REGION") { config } else { config.region(Region::new("us-east-1")) };
        let config = if is_set("AWS_ACCESS_KEY_ID") {
            config
        } else {
            let stand_in = Credentials::new("local", "local", None, None, "");
            config.credentials_provider(stand_in)
        };
        Self::builder(Client::new(&config.load().await))
    }
}
