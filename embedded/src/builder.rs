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
    /// Has tables with provisioned throughput, and their global indexes, refuse what exceeds it, as the
    /// [service](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html) does:
    /// to test what a program does when it is throttled. Tables that are paid for by request are not throttled.
    ///
    /// **Capacity** comes in continuously, in
    /// [units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html) of reads and
    /// of writes for the table and for each global index. A table has that of one second when it is made, or first used
    /// after its file was opened. What is not used is kept for [`Throttle::burst`], which is
    /// [five minutes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html) unless
    /// set. What `UpdateTable` says counts at once. Partitions and account quotas have no limits of their own.
    ///
    /// **A request** is accepted as long as anything is left, and then pays what it consumes, whether it asks for
    /// `ReturnConsumedCapacity` or not. What it overdraws is paid off before the next one is accepted. A write needs
    /// capacity also in those global indexes whose entries it changes. A write whose condition fails pays for the item that
    /// is there, one unit at least. Statements of `PartiQL` pay, and are never refused.
    ///
    /// **A refusal** is the service's own: `ProvisionedThroughputExceededException` with its `ThrottlingReasons`. Nothing
    /// was done then, and nothing paid. Of a batch as much is done as can be paid, and the rest comes back unprocessed; it is
    /// refused where that is all of it. A transaction is cancelled as a whole, with the reason `ProvisionedThroughputExceeded` for each action that lacks
    /// capacity. A single request and a transaction are refused before anybody looks whether they are valid.
    ///
    /// **Time** is [`tokio::time::Instant`]: it stands still, and moves, with a runtime that is
    /// [paused](https://docs.rs/tokio/latest/tokio/time/fn.pause.html). Outside of a runtime it is the system's.
    ///
    /// A refused request is sent again by the SDK's client, three times in all unless configured otherwise. A test that
    /// counts refusals turns that off.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use aws_sdk_dynamodb::config::retry::RetryConfig;
    /// use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    /// use aws_sdk_dynamodb::types::ProvisionedThroughput;
    /// use aws_sdk_dynamodb::{Client, types::AttributeValue};
    /// use dynamap_embedded::{Throttle, builder};
    ///
    /// # use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
    /// let client = builder().throttle(Throttle::provisioned()).memory()?;
    /// let once = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
    /// let client = Client::from_conf(once);
    /// # let one_a_second = ProvisionedThroughput::builder().read_capacity_units(1).write_capacity_units(1).build()?;
    /// # client.create_table().table_name("pets").provisioned_throughput(one_a_second)
    /// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
    /// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
    /// #     .send().await?;
    /// // … the table `pets` with one write unit a second …
    /// let put = || client.put_item().table_name("pets").item("id", AttributeValue::S("rex".into())).send();
    ///
    /// put().await?;
    /// let refused = put().await.expect_err("a second write in the same second");
    /// assert_eq!(refused.code(), Some("ProvisionedThroughputExceededException"));
    ///
    /// tokio::time::advance(Duration::from_secs(1)).await;
    /// assert!(put().await.is_ok());
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn throttle(self, throttle: Throttle) -> Self {
        Self { throttle: Some(throttle) }
    }

    /// As [`memory`](crate::memory), with these options.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use dynamap_embedded::{Throttle, builder};
    ///
    /// let client = builder().throttle(Throttle::provisioned()).memory()?;
    /// assert!(client.list_tables().send().await?.table_names().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`memory`](crate::memory).
    pub fn memory(self) -> Result<Client, OpenError> {
        Ok(client::over(Arc::new(Store::memory(self.throttle)?)))
    }

    /// As [`open`](crate::open), with these options.
    ///
    /// ```
    /// use dynamap_embedded::{OpenError, Throttle, builder, open};
    ///
    /// # let directory = tempfile::tempdir().expect("a temporary directory");
    /// # let path = directory.path().join("bank.db");
    /// let client = builder().throttle(Throttle::provisioned()).open(&path)?;
    ///
    /// // Everybody in this process has to want the same of the file.
    /// assert!(matches!(open(&path), Err(OpenError::OtherThrottle { .. })));
    /// # drop(client);
    /// # Ok::<(), OpenError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](crate::open), and [`OpenError::OtherThrottle`] if this process has the file open with another throttle:
    /// a file has one store, and all its clients share the capacity. The store that is open is left as it is.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Client, OpenError> {
        Ok(client::over(file::open(path.as_ref(), self.throttle)?))
    }
}
