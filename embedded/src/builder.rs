//! Opening a store with options.

#[cfg(feature = "serve")]
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use crate::control::ControlPlane;
use crate::error::OpenError;
#[cfg(feature = "serve")]
use crate::serve::{self, ServeError, Server};
use crate::store::Store;
use crate::throttle::Throttle;
use crate::{client, file};

/// A store with options: see [`builder`]. It is a value: what it opens it can open again.
///
/// ```
/// use dynamap_embedded::{ControlPlane, Throttle, builder};
///
/// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let strict = builder().throttle(Throttle::provisioned()).control_plane(ControlPlane::at_once());
/// let (one, two) = (strict.memory()?, strict.memory()?);
/// one.create_table().table_name("pets")
/// #     .billing_mode(BillingMode::PayPerRequest)
/// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
/// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
///     // … its key …
///     .send().await?;
/// assert_eq!(one.list_tables().send().await?.table_names(), ["pets"]);
/// assert!(two.list_tables().send().await?.table_names().is_empty()); // another store
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Builder {
    options: Options,
}

/// How a store behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) throttle: Option<Throttle>,
    pub(crate) control: Option<ControlPlane>,
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
        Self { options: Options { throttle: Some(throttle), ..self.options } }
    }

    /// Has tables administered as on the
    /// [service](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html): to test a
    /// program that creates, alters, describes and deletes tables. Without it all of that happens at once.
    ///
    /// **States** go on with each `DescribeTable` of the table, which is called a poll here, so a test decides how long they
    /// take: [`ControlPlane::polled`]. A new table is not found at first, then `CREATING`, and cannot be used until a poll
    /// has told `ACTIVE`: reads and writes are `ResourceNotFoundException` before, as they are when it is `DELETING`. One
    /// that is `UPDATING` can be used, tells its old units meanwhile, and accepts no other change
    /// (`ResourceInUseException`). A new global index is `CREATING`, then also `Backfilling`, and is not read before it is
    /// `ACTIVE` (`ValidationException`); one that is removed is `DELETING`, and not read any more.
    ///
    /// **Limits** are the
    /// [service's](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html), and answered by
    /// `LimitExceededException`: one table with secondary indexes is created at a time, one index is created or deleted at a
    /// time, units of a table or an index go down four times a UTC day and then once an hour, a table is switched to payment
    /// by request four times in 24 hours, and moved to another class twice in 30 days. Time to live is changed once an hour
    /// (`ValidationException`). Time is [`tokio::time::Instant`], counted from the system's time when the store was opened.
    ///
    /// **Settings** that the engine drops are kept, and described: units of global indexes, warm throughput, the on-demand
    /// maximum of indexes, encryption, recovery to a point in time (the setting only: there are no backups). Units that would
    /// not change are refused, as is warm throughput that would shrink, a stream that is there already, and an index without
    /// units in a table that has them.
    ///
    /// **A file** keeps the settings, and the times that limits count from. What was under way when it was closed is done
    /// when it is opened again. A process that is killed within a change may leave the part of it that the engine keeps.
    ///
    /// Where the service's documents say less than it does, this is the stricter reading: of tables with indexes, it may
    /// create more than one at a time by now, and a table that is `DELETING` may still be read for a moment. Statements of
    /// `PartiQL` are not held back by states. A table that is `DELETING` is not listed any more.
    ///
    /// ```
    /// use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    /// use dynamap_embedded::{ControlPlane, builder};
    ///
    /// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = builder().control_plane(ControlPlane::polled().unseen(1).creating(1)).memory()?;
    /// client.create_table().table_name("pets")
    /// #     .billing_mode(BillingMode::PayPerRequest)
    /// #     .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build()?)
    /// #     .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build()?)
    ///     // … its key …
    ///     .send().await?;
    ///
    /// let mut seen = Vec::new();
    /// for _ in 0..3 {
    ///     seen.push(match client.describe_table().table_name("pets").send().await {
    ///         Ok(told) => told.table.and_then(|table| table.table_status).map(|status| status.to_string()),
    ///         Err(error) => error.code().map(str::to_owned),
    ///     });
    /// }
    /// let seen: Vec<_> = seen.iter().flatten().collect();
    /// assert_eq!(seen, ["ResourceNotFoundException", "CREATING", "ACTIVE"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn control_plane(self, control: ControlPlane) -> Self {
        Self { options: Options { control: Some(control), ..self.options } }
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
        Ok(client::over(Arc::new(Store::memory(self.options)?)))
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
    /// assert!(matches!(open(&path), Err(OpenError::OtherOptions { .. })));
    /// # drop(client);
    /// # Ok::<(), OpenError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](crate::open), and [`OpenError::OtherOptions`] if this process has the file open with other ones:
    /// a file has one store, and all its clients share its capacity and its tables. The store that is open is left as it is.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Client, OpenError> {
        Ok(client::over(file::open(path.as_ref(), self.options)?))
    }

    /// As [`memory`](crate::memory), with these options, and with a [`Server`] on `address` for other programs. A port of
    /// 0 is one that is free.
    ///
    /// Needs the feature `embedded-serve`.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = dynamap_embedded::builder().serve_memory((Ipv4Addr::LOCALHOST, 0)).await?;
    /// assert!(server.address().ip().is_loopback());
    /// assert!(server.client().list_tables().send().await?.table_names().is_empty());
    /// server.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ServeError`]: an address that is not one of loopback, or is taken, or a store that does not open. Nothing is
    /// served then.
    #[cfg(feature = "serve")]
    pub async fn serve_memory(
        self,
        address: impl Into<SocketAddr> + Send,
    ) -> Result<Server, ServeError> {
        let listener = serve::listen(address.into()).await?;
        Ok(Server::of(Arc::new(Store::memory(self.options)?), listener))
    }

    /// As [`open`](crate::open), with these options, and with a [`Server`] on `address` for other programs, which may use
    /// the file while this one does.
    ///
    /// Needs the feature `embedded-serve`.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use dynamap_embedded::{ServeError, builder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("bank.db");
    /// let server = builder().serve_file(&path, (Ipv4Addr::LOCALHOST, 0)).await?;
    /// assert!(server.client().list_tables().send().await?.table_names().is_empty());
    ///
    /// let everywhere = builder().serve_file(&path, (Ipv4Addr::UNSPECIFIED, 0)).await;
    /// assert!(matches!(everywhere, Err(ServeError::NotLoopback { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`serve_memory`](Self::serve_memory), and what [`Builder::open`] fails with.
    #[cfg(feature = "serve")]
    pub async fn serve_file(
        self,
        path: impl AsRef<Path> + Send,
        address: impl Into<SocketAddr> + Send,
    ) -> Result<Server, ServeError> {
        let listener = serve::listen(address.into()).await?;
        Ok(Server::of(file::open(path.as_ref(), self.options)?, listener))
    }
}
