//! Stores on the network, as command lines name them.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use dynamap_mapper::{Database, DatabaseBuilder};

/// Where a store is, as far as that is said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
}

impl Place {
    /// Whether nothing is said.
    pub(crate) fn is_unsaid(&self) -> bool {
        self.profile.is_none() && self.region.is_none() && self.endpoint.is_none()
    }

    /// The store there; what is not said is as the environment says, as for every AWS tool. Nothing is sent.
    pub(crate) async fn open(&self) -> DatabaseBuilder {
        if let (Some(url), None, None) = (&self.endpoint, &self.profile, &self.region) {
            return Database::builder_at(url).await;
        }
        let mut config = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            config = config.profile_name(profile);
        }
        self.said(Builder::from(&config.load().await))
    }

    /// The store there; what is not said is as this client has it. Nothing is sent.
    pub(crate) fn open_beside(&self, client: &Client) -> DatabaseBuilder {
        self.said(client.config().to_builder())
    }

    /// What is said replaces what is there.
    fn said(&self, mut config: Builder) -> DatabaseBuilder {
        if let Some(region) = &self.region {
            config = config.region(Region::new(region.clone()));
        }
        if let Some(url) = &self.endpoint {
            config = config.endpoint_url(url);
        }
        if let Some(profile) = &self.profile {
            // Of the profile even where the environment has keys: who names a profile means its account.
            let region = config.clone().build().region().cloned();
            let of = ProviderConfig::without_region().with_region(region);
            let keys = ProfileFileCredentialsProvider::builder().configure(&of);
            config = config.credentials_provider(keys.profile_name(profile).build());
        }
        Database::builder(Client::from_conf(config.build()))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::{Config, Credentials};

    use super::*;
    use crate::consent::asked;

    /// The account's key, the region and the URL of a request that this store would send.
    async fn signed(place: Place, source: &Client) -> (String, String, String) {
        let db = place.open_beside(source).build();
        let request = asked(db.client()).await.expect("a request");
        let signature = request.headers().get("authorization").expect("a signature").to_owned();
        let scope = signature.split("Credential=").nth(1).expect("a scope");
        let mut scope = scope.split('/').map(str::to_owned);
        let (key, region) = (scope.next().expect("a key"), scope.nth(1).expect("a region"));
        (key, region, request.uri().to_owned())
    }

    #[tokio::test]
    async fn what_is_not_said_of_a_target_is_as_with_its_source() {
        let source = Client::from_conf(
            Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-central-1"))
                .credentials_provider(Credentials::new("MINE", "secret", None, None, "a test"))
                .build(),
        );
        let of = |key: &str, region: &str, uri: &str| (key.into(), region.into(), uri.into());
        let region = Place { region: Some("eu-west-1".into()), ..Place::default() };
        let expected = of("MINE", "eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com/");
        assert_eq!(signed(region, &source).await, expected);
        let endpoint = Place { endpoint: Some("http://10.0.0.7:8000".into()), ..Place::default() };
        let expected = of("MINE", "eu-central-1", "http://10.0.0.7:8000/");
        assert_eq!(signed(endpoint, &source).await, expected);
    }
}
