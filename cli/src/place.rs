//! Stores on the network, as command lines name them.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use dynamap_mapper::{Database, DatabaseBuilder};

/// Where a store is, as far as that is said: the rest is what the environment says, as for every AWS tool.
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

    /// The store there. Nothing is sent.
    pub(crate) async fn open(&self) -> DatabaseBuilder {
        if let (Some(url), None, None) = (&self.endpoint, &self.profile, &self.region) {
            return Database::builder_at(url).await;
        }
        let mut config = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            config = config.profile_name(profile);
        }
        if let Some(region) = &self.region {
            config = config.region(Region::new(region.clone()));
        }
        if let Some(url) = &self.endpoint {
            config = config.endpoint_url(url);
        }
        Database::builder(Client::new(&config.load().await))
    }
}
