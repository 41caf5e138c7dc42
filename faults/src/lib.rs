//! Scripted faults between the AWS SDK and whatever answers it: lost answers, throttling, conflicts, half-done batches,
//! races in a chosen order. For tests.
//!
//! [`Faults`] sits around the HTTP client of any DynamoDB client (the embedded store, DynamoDB Local, the service), below
//! the SDK's retries: every *attempt* is one request here. It also keeps a log of what was sent.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use dynamap_faults::{Fault, Faults};
//!
//! let faults = Faults::new();
//! let client = faults.wrap(&dynamap_embedded::memory()?)?;
//!
//! faults.next("ListTables", Fault::ServerError);
//! client.list_tables().send().await?; // the SDK sends it again by itself
//! assert_eq!(faults.count("ListTables"), 2);
//! assert_eq!(faults.requests()[0].fault, Some(Fault::ServerError));
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! * `faults`: [`Faults`], the handle a test holds.
//! * `fault`: [`Fault`] and [`Operation`], the vocabulary.
//! * `gate`: [`Gate`], which holds a request until the test lets it go.
//! * `request`: [`Request`], an entry of the log.
//! * `plan`: which request meets which fault.
//! * `connector`: carries faults out; `connector::answer` makes up answers, `connector::batch` splits batches.

mod connector;
mod fault;
mod faults;
mod gate;
mod plan;
mod request;

pub use fault::{Fault, Operation};
pub use faults::{Faults, NoHttpClient};
pub use gate::Gate;
pub use request::Request;
