//! The SDK client around a store: a configuration in which nothing reaches the network, the environment or a profile.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::TokioSleep;

use crate::connector::Connector;
use crate::store::Store;

/// The reserved top-level domain `.invalid` never resolves: a request that went to the network all the same would fail.
const ENDPOINT: &str = "http://embedded.invalid";

/// The Region the engine writes into its ARNs.
const REGION: &str = "us-east-1";

/// A client of `store`. Requests are not signed: the engine does not look at credentials, and signing costs more than many
/// a request.
pub(crate) fn over(store: Arc<Store>) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(ENDPOINT)
        .allow_no_auth()
        .sleep_impl(TokioSleep::new())
        // Answers are whole in memory: no stream can stall.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(Connector::new(store))
        .build();
    Client::from_conf(config)
}
