//! A DynamoDB store inside the process, for development and tests: an HTTP client *below* the AWS SDK that hands each
//! request to an embedded engine (SQLite underneath) instead of the network.
//!
//! [`memory`] gives a store that lives as long as its clients; [`open`] one that lives in a file. Both return an ordinary
//! [`Client`], so serialisation, retries and error mapping are the SDK's own. [`builder`] opens either with options: tables
//! that [throttle](#throttled-tables), and a [control plane](Builder::control_plane) that takes its time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = dynamap_embedded::memory()?;
//! let tables = client.list_tables().send().await?;
//! assert!(tables.table_names().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Throttled tables
//!
//! A store opened with [`Builder::throttle`] has tables as narrow as they are provisioned: a test sees what its program does
//! when it is throttled. In a runtime whose time is paused the same requests are refused in each run.
//!
//! ```
//! use std::time::Duration;
//!
//! use aws_sdk_dynamodb::types::{AttributeValue, ProvisionedThroughput};
//! use dynamap_embedded::{Throttle, builder};
//!
//! # use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! // In a `#[tokio::test(start_paused = true)]`:
//! let client = builder().throttle(Throttle::provisioned().burst(Duration::ZERO)).memory()?;
//! let two_a_second = ProvisionedThroughput::builder().read_capacity_units(2).write_capacity_units(2);
//! client.create_table().table_name("pets").provisioned_throughput(two_a_second.build()?)
//! #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
//! #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
//!     // … its key …
//!     .send().await?;
//!
//! let begin = tokio::time::Instant::now();
//! for name in ["rex", "tom", "kit"] {
//!     // The third is refused. The SDK waits, in no time, and sends it again.
//!     client.put_item().table_name("pets").item("id", AttributeValue::S(name.into())).send().await?;
//! }
//! assert!(begin.elapsed() > Duration::ZERO);
//! assert_eq!(client.scan().table_name("pets").send().await?.count(), 3);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Layout
//!
//! From the outside in:
//!
//! * `client`: the SDK configuration around a store.
//! * `connector`: HTTP request in, HTTP response out; where blocking work is kept away from the async runtime.
//! * `store`: one open store; turns an operation and a body into an answer, and survives a panic of the engine.
//! * `schema`: creating, deleting and altering tables, one at a time, with an intent on disc.
//! * `control`: tables that are administered as on the service, between `store` and `throttle`.
//! * `throttle`: tables of limited capacity, between `store` and `dispatch`. `demand`: what a request is about.
//! * `dispatch`: the engine's operations by name; `dispatch::decode` reads a request body and words its refusal,
//!   `dispatch::meter` tells what was consumed.
//! * `response`: HTTP answers.
//! * `serve` (feature): the store on a loopback address, for clients in other languages.
//! * `file`: opening a file: `file::registry` (one store per file and process), `file::lock` (one process per file, and
//!   the intent), `file::inspect` (look before adopting), `file::heal` (finish what a killed process left).
//! * `builder`: options; `error`: [`OpenError`].
//!
//! # What the engine does not do
//!
//! It is always consistent, and never conflicts, or answers `TransactionInProgressException`; it throttles only where it is
//! [told to](Builder::throttle); it has no rights, Regions or backups. Expired items stay. A table name that differs from
//! another only in case is refused with a `ValidationException` (the service accepts it), as is a name that is kept for the
//! store itself.
//!
//! Without a [control plane](Builder::control_plane) tables and indexes change at once and without limits, and
//! `DescribeTable` goes on to tell the throughput with which a global index was made. The throttle goes by what `UpdateTable`
//! said last, and by what was said first when a file is opened again, with a control plane too.

mod builder;
mod client;
mod connector;
mod control;
mod demand;
mod dispatch;
mod error;
mod file;
mod response;
mod schema;
#[cfg(feature = "serve")]
mod serve;
mod store;
mod throttle;

use std::path::Path;

use aws_sdk_dynamodb::Client;

pub use builder::{Builder, builder};
pub use control::ControlPlane;
pub use error::OpenError;
#[cfg(feature = "serve")]
pub use serve::{ServeError, Server};
pub use throttle::Throttle;

/// A new, empty store in memory: what most tests want.
///
/// Clones of the returned client share the store; it is gone with the last of them. Two calls give two stores. A request
/// is executed inline, on the task that sends it, in some tens of microseconds.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_sdk_dynamodb::types::AttributeValue;
///
/// let client = dynamap_embedded::memory()?;
/// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
/// # client.create_table().table_name("pets").billing_mode(BillingMode::PayPerRequest)
/// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
/// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
/// #     .send().await?;
/// client.put_item().table_name("pets").item("id", AttributeValue::S("rex".into())).send().await?;
/// assert_eq!(client.scan().table_name("pets").send().await?.count(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`OpenError::Engine`] when SQLite cannot start (out of memory). Nothing is left behind.
pub fn memory() -> Result<Client, OpenError> {
    builder().memory()
}

/// Opens the store in the file `path`, creating it when it is absent or empty.
///
/// Use it for a local program, or for a test that reopens its data. The call itself blocks for some milliseconds; requests
/// run on the runtime's blocking threads. **A request whose future is dropped is not taken back**: the engine finishes it in
/// the background, as a service would.
///
/// One handle per file: opening a file again, by whatever spelling of its path, gives a client of the same store, and
/// another process is refused until the last client here is gone. A lock file `PATH.lock` beside the file sees to that; it
/// stays there, empty, and also holds the *intent* of a table being created or deleted. A process killed in the middle of
/// that leaves a half-made table, which the next `open` removes: a creation that was never acknowledged is undone, a
/// deletion that was begun is finished, an index that has lost its data is removed from its table.
///
/// `Scan` and `Query` without a `Limit` answer in pages of at most 1,000 items (the engine would load all remaining rows
/// for each page): follow `LastEvaluatedKey`, as with the service.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("bank.db");
/// let client = dynamap_embedded::open(&path)?;
/// assert!(client.list_tables().send().await?.table_names().is_empty());
/// assert!(path.exists());
///
/// let again = dynamap_embedded::open(&path)?; // the same store
/// # drop((client, again));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`OpenError`]; each says what to do. A file that is not a store of this engine is left exactly as it was. An absent
/// file may have been created, empty.
pub fn open(path: impl AsRef<Path>) -> Result<Client, OpenError> {
    builder().open(path)
}
