//! Opening a store with options.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use crate::error::OpenError;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::{client, file};

/// A store with options: see [`builder`].
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Builder {
    throttle: Option<Throttle>,
}

/// A store with options, opened by [`Builder::memory`] or [`Builder::open`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = dynamap_embedded::builder().memory()?; // without any option: the same as `memory()`
/// assert!(client.list_tables().send().await?.table_names().is_empty());
/// # Ok(())
/// # }
/// ```
pub fn builder() -> Builder {
    Builder::default()
}

impl Builder {
    /// Limits the capacity of tables.
    pub fn throttle(self, throttle: Throttle) -> Self {
        Self { throttle: Some(throttle) }
    }

    /// As [`memory`](crate::memory), with these options.
    ///
    /// # Errors
    ///
    /// As [`memory`](crate::memory).
    pub fn memory(self) -> Result<Client, OpenError> {
        Ok(client::over(Arc::new(Store::memory(self.throttle)?)))
    }

    /// As [`open`](crate::open), with these options.
    ///
    /// # Errors
    ///
    /// As [`open`](crate::open), and [`OpenError::OtherThrottle`] if this process has the file open with another throttle:
    /// a file has one store, and all its clients share the capacity.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Client, OpenError> {
        Ok(client::over(file::open(path.as_ref(), self.throttle)?))
    }
}
