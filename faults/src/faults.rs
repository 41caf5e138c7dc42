//! The handle a test holds: script faults, hold requests, read the log.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_smithy_runtime::client::defaults::default_http_client_plugin_v2;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;

use crate::connector::FaultyClient;
use crate::fault::{Fault, Operation};
use crate::gate::{Gate, Side};
use crate::plan::{Plan, Planned};
use crate::request::Request;

/// A script of faults, shared by its clones and by every client it wraps.
///
/// Which fault a request meets: the oldest one-shot ([`next`](Self::next), [`pause`](Self::pause)) for its operation, else
/// the oldest for [`Operation::Any`], else what is [`always`](Self::always) set for its operation, else for any.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dynamap_faults::{Fault, Faults};
/// use aws_sdk_dynamodb::config::retry::RetryConfig;
///
/// let faults = Faults::new();
/// let client = faults.wrap(&dynamap_embedded::memory()?)?;
/// faults.next("ListTables", Fault::ServerError);
/// client.list_tables().send().await?; // the SDK sends it again by itself
/// assert_eq!(faults.count("ListTables"), 2);
/// let met: Vec<_> = faults.requests().into_iter().map(|request| request.fault).collect();
/// assert_eq!(met, [Some(Fault::ServerError), None]);
///
/// faults.clear_log();
/// assert_eq!(faults.count("ListTables"), 0);
/// faults.always("ListTables", Fault::Throttle);
/// let once = aws_sdk_dynamodb::config::Config::builder().retry_config(RetryConfig::disabled());
/// let throttled = client.list_tables().customize().config_override(once).send().await;
/// assert!(throttled.is_err());
///
/// faults.clear();
/// assert!(client.list_tables().send().await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

impl Faults {
    /// No faults: requests pass, and are logged.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A client with the configuration of `client` whose requests pass through these faults. `client` itself stays as it
    /// is. A wrapped client can be wrapped again: the last wrapper meets a request first.
    ///
    /// # Errors
    ///
    /// [`NoHttpClient`] when the configuration names no HTTP client and the build has no default one.
    pub fn wrap(&self, client: &Client) -> Result<Client, NoHttpClient> {
        let inner = choose(client.config().http_client(), sdk_default)?;
        let config = client.config().to_builder().http_client(self.http_client(inner)).build();
        Ok(Client::from_conf(config))
    }

    /// An HTTP client around `inner` whose requests pass through these faults, for a configuration that is built by hand.
    ///
    /// ```
    /// use dynamap_faults::Faults;
    ///
    /// let client = dynamap_embedded::memory().expect("SQLite starts");
    /// let inner = client.config().http_client().expect("the embedded store is an HTTP client");
    /// let config = client.config().to_builder().http_client(Faults::new().http_client(inner)).build();
    /// assert!(config.http_client().is_some());
    /// ```
    #[must_use]
    pub fn http_client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(FaultyClient::new(inner, self.clone()))
    }

    /// The next request of `operation` meets `fault`; called again, the one after it meets the next. Every attempt of the
    /// SDK counts as a request.
    pub fn next(&self, operation: impl Into<Operation>, fault: Fault) {
        self.plan().push(operation.into(), Planned::Fault(fault));
    }

    /// Every request of `operation` that no one-shot is planned for meets `fault`, until [`clear`](Self::clear). A later
    /// call for the same operation replaces it.
    pub fn always(&self, operation: impl Into<Operation>, fault: Fault) {
        self.plan().set(operation.into(), fault);
    }

    /// Holds the next request of `operation` *before* it is executed, until the gate is released.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use dynamap_faults::Faults;
    ///
    /// let faults = Faults::new();
    /// let client = faults.wrap(&dynamap_embedded::memory()?)?;
    /// let gate = faults.pause("ListTables");
    /// let held = tokio::spawn(client.list_tables().send());
    /// gate.reached().await;
    /// assert!(!held.is_finished()); // here another writer may go first
    /// gate.release();
    /// held.await??;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "dropping the gate releases it"]
    pub fn pause(&self, operation: impl Into<Operation>) -> Gate {
        self.gate(operation.into(), Side::Request)
    }

    /// Holds the answer of the next request of `operation`: the request has been executed, its caller does not know yet,
    /// until the gate is released.
    ///
    /// ```
    /// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use dynamap_faults::Faults;
    ///
    /// let faults = Faults::new();
    /// let store = dynamap_embedded::memory()?;
    /// let client = faults.wrap(&store)?;
    /// let gate = faults.pause_answer("CreateTable");
    /// let create = client.create_table().table_name("pets")
    /// #     .billing_mode(BillingMode::PayPerRequest)
    /// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
    /// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
    ///     ; // … its key …
    /// let held = tokio::spawn(create.send());
    /// gate.reached().await;
    /// assert_eq!(store.list_tables().send().await?.table_names(), ["pets"]); // it has happened
    /// assert!(!held.is_finished()); // and nobody has told the caller
    /// gate.release();
    /// held.await??;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "dropping the gate releases it"]
    pub fn pause_answer(&self, operation: impl Into<Operation>) -> Gate {
        self.gate(operation.into(), Side::Answer)
    }

    /// Forgets every fault that has not happened yet. Gates stay until they are released; the log stays.
    pub fn clear(&self) {
        self.plan().clear();
    }

    /// How many one-shot faults and gates no request has met yet. Asserting 0 at the end of a test finds a misspelled
    /// operation.
    ///
    /// ```
    /// use dynamap_faults::{Fault, Faults};
    ///
    /// let faults = Faults::new();
    /// faults.next("PutItem", Fault::Throttle);
    /// assert_eq!(faults.pending(), 1);
    /// ```
    #[must_use]
    pub fn pending(&self) -> usize {
        self.plan().pending()
    }

    /// The log: every request so far, in the order of arrival. It grows until [`clear_log`](Self::clear_log).
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.plan().log.clone()
    }

    /// How many requests of `operation` the log has: all that have arrived since [`clear_log`](Self::clear_log).
    #[must_use]
    pub fn count(&self, operation: impl Into<Operation>) -> usize {
        let operation = operation.into();
        self.plan().log.iter().filter(|request| operation.covers(&request.operation)).count()
    }

    /// Empties the log. Faults that have not happened yet stay.
    pub fn clear_log(&self) {
        self.plan().log.clear();
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gate(&self, operation: Operation, side: Side) -> Gate {
        let gate = Gate::new();
        self.plan().push(operation, Planned::Gate(gate.hold(), side));
        gate
    }
}

/// [`Faults::wrap`] was given a client whose configuration names no HTTP client, in a build that has no default one.
///
/// Nothing was wrapped. Name one: `Config::builder().http_client(..)`, or enable the feature `default-https-client` of
/// `aws-sdk-dynamodb`.
///
/// ```
/// use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
/// use dynamap_faults::Faults;
///
/// let config = Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1")).build();
/// match Faults::new().wrap(&aws_sdk_dynamodb::Client::from_conf(config)) {
///     Ok(client) => assert!(client.config().http_client().is_some()), // this build has a default
///     Err(error) => assert!(error.to_string().contains("http_client")),
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoHttpClient;

impl fmt::Display for NoHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "cannot put faults around this client: its configuration names no HTTP client and this build has no default; \
             set one with `http_client(..)`, or enable the feature `default-https-client` of aws-sdk-dynamodb",
        )
    }
}

impl Error for NoHttpClient {}

fn choose(
    configured: Option<SharedHttpClient>,
    default: impl FnOnce() -> Option<SharedHttpClient>,
) -> Result<SharedHttpClient, NoHttpClient> {
    configured.or_else(default).ok_or(NoHttpClient)
}

/// The HTTP client that the SDK would have put in. It keeps it in a plug-in that is added to each client behind its
/// configuration, and so is not seen there.
fn sdk_default() -> Option<SharedHttpClient> {
    let plugin = default_http_client_plugin_v2(BehaviorVersion::latest())?;
    let none = RuntimeComponentsBuilder::new("dynamap-faults");
    let components = plugin.runtime_components(&none);
    components.http_client()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_without_any_http_client_is_refused() {
        assert_eq!(choose(None, || None).err(), Some(NoHttpClient));
    }

    #[test]
    fn the_default_is_asked_for_only_when_none_is_configured() -> Result<(), Box<dyn Error>> {
        let configured = dynamap_embedded::memory()?.config().http_client();
        assert!(choose(configured.clone(), || None).is_ok());
        assert!(choose(None, || configured).is_ok());
        Ok(())
    }
}
