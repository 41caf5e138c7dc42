//! What a model says of its table beside keys and indexes, and what names tables can have.

use std::fmt;

use aws_sdk_dynamodb::types::{SseSpecification, SseType, StreamViewType};

/// What a table shall be, beside its keys, indexes and time to live, which follow from the model.
///
/// What is not said is not compared, and not changed: whoever operates the table decides it. A table that the library
/// creates is then billed per request, and for the rest as the service does by default.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Encryption, StreamView, TableClass, TableSettings, Throughput};
///
/// static ORDERS: TableSettings = TableSettings::new()
///     .provisioned(10, 5)
///     .index_throughput(&[("by_day", Throughput::new(4, 3))])
///     .stream(StreamView::NewImage)
///     .encryption(Encryption::Managed)
///     .point_in_time_recovery(true)
///     .deletion_protection(true)
///     .class(TableClass::Standard)
///     .tags(&[("team", "shop")]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", settings = ORDERS, gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, day: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// assert!(Table::<Order>::verify(&db).await?.is_empty());
/// let info = db.table("orders").describe().await?.expect("there");
/// assert_eq!(info.tags["team"], "shop");
/// assert!(db.table("orders").delete().await.is_err()); // protected
/// # Ok(())
/// # }
/// ```
///
/// [AWS: CreateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSettings {
    pub(crate) billing: Option<Billing>,
    pub(crate) index_throughput: &'static [(&'static str, Throughput)],
    pub(crate) stream: Option<StreamView>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) point_in_time_recovery: Option<bool>,
    pub(crate) deletion_protection: Option<bool>,
    pub(crate) class: Option<TableClass>,
    pub(crate) tags: &'static [(&'static str, &'static str)],
}

/// Capacity units per second.
///
/// ```
/// use dynamap::Throughput;
///
/// const ORDERS: Throughput = Throughput::new(10, 5);
/// assert_eq!(ORDERS.to_string(), "10 read and 5 write units");
/// assert_eq!(Throughput { write: 50, ..ORDERS }, Throughput::new(10, 50));
/// ```
///
/// [AWS: provisioned capacity](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throughput {
    /// Read units per second: of up to 4 KB each, twice as many where reads are eventually consistent.
    pub read: u32,
    /// Write units per second, of up to 1 KB each.
    pub write: u32,
}

/// How a table is paid for.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Billing, TableSettings, Throughput};
///
/// static ORDERS: TableSettings = TableSettings::new().provisioned(10, 5);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", settings = ORDERS, validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// let info = db.table("orders").describe().await?.expect("there");
/// assert_eq!(info.billing(), Billing::Provisioned(Throughput::new(10, 5)));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: capacity modes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// Per request (AWS docs: on-demand).
    PerRequest,
    /// By capacity, used or not; more is throttled.
    Provisioned(Throughput),
}

/// What a table's stream tells of each change.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{StreamView, TableSettings};
///
/// static ORDERS: TableSettings = TableSettings::new().stream(StreamView::NewAndOldImages);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", settings = ORDERS, validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// let info = db.table("orders").describe().await?.expect("there");
/// let view = info.table.stream_specification().and_then(|stream| stream.stream_view_type());
/// assert_eq!(view.map(|view| view.as_str()), Some("NEW_AND_OLD_IMAGES"));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: streams](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamView {
    /// The key.
    KeysOnly,
    /// The item as it is after the change.
    NewImage,
    /// The item as it was.
    OldImage,
    /// Both.
    NewAndOldImages,
    /// There is no stream.
    Off,
}

/// With which key a table is encrypted; it always is.
///
/// The service tells a key's ARN and no more, so [`Managed`](Self::Managed) counts as the same as a key of yours, and one
/// alias as any key that is no alias of DynamoDB's own: compare these by hand.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Encryption, TableSettings};
///
/// static ORDERS: TableSettings = TableSettings::new().encryption(Encryption::Managed);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", settings = ORDERS, validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// let info = db.table("orders").describe().await?.expect("there");
/// let encrypted = info.table.sse_description().and_then(|sse| sse.sse_type());
/// assert_eq!(encrypted.map(|by| by.as_str()), Some("KMS")); // DynamoDB's own key is not told
/// # Ok(())
/// # }
/// ```
///
/// [AWS: encryption at rest](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// DynamoDB's own, which costs nothing.
    Owned,
    /// The account's key that KMS manages.
    Managed,
    /// A key of yours in KMS: its id, ARN or alias.
    Key(&'static str),
}

/// What a table costs: storage or requests.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{TableClass, TableSettings};
///
/// static ORDERS: TableSettings = TableSettings::new().class(TableClass::InfrequentAccess);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", settings = ORDERS, validate = false)]
/// # struct Order { #[model(hash_key)] id: u64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// let info = db.table("orders").describe().await?.expect("there");
/// let class = info.table.table_class_summary().and_then(|summary| summary.table_class());
/// assert_eq!(class.map(|class| class.as_str()), Some("STANDARD_INFREQUENT_ACCESS"));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: table classes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TableClasses.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableClass {
    /// For tables that are read and written.
    Standard,
    /// Cheap to keep, dear to use.
    InfrequentAccess,
}

impl TableSettings {
    /// Nothing is said; for models without settings.
    pub const DEFAULT: Self = Self::new();

    /// Nothing is said yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            billing: None,
            index_throughput: &[],
            stream: None,
            encryption: None,
            point_in_time_recovery: None,
            deletion_protection: None,
            class: None,
            tags: &[],
        }
    }

    /// Billed per request (AWS docs: on-demand).
    ///
    /// ```
    /// use dynamap::{StreamView, TableSettings};
    ///
    /// static LOGS: TableSettings = TableSettings::new().stream(StreamView::Off).per_request();
    /// assert_ne!(LOGS, LOGS.provisioned(10, 5)); // the last word counts
    /// assert_eq!(LOGS, LOGS.provisioned(10, 5).per_request());
    /// ```
    #[must_use]
    pub const fn per_request(mut self) -> Self {
        self.billing = Some(Billing::PerRequest);
        self
    }

    /// Billed by these read and write units per second, and so each global index that
    /// [`index_throughput`](Self::index_throughput) does not name.
    #[must_use]
    pub const fn provisioned(mut self, read: u32, write: u32) -> Self {
        self.billing = Some(Billing::Provisioned(Throughput { read, write }));
        self
    }

    /// The units per second of global indexes of a provisioned table, by their names.
    #[must_use]
    pub const fn index_throughput(
        mut self,
        throughput: &'static [(&'static str, Throughput)],
    ) -> Self {
        self.index_throughput = throughput;
        self
    }

    /// With a stream of changes, or with none.
    #[must_use]
    pub const fn stream(mut self, view: StreamView) -> Self {
        self.stream = Some(view);
        self
    }

    /// Encrypted with this key.
    #[must_use]
    pub const fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Whether the table can be restored as it was at any second of the last 35 days.
    ///
    /// [AWS: point-in-time recovery](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html)
    #[must_use]
    pub const fn point_in_time_recovery(mut self, on: bool) -> Self {
        self.point_in_time_recovery = Some(on);
        self
    }

    /// Whether the service refuses to delete the table.
    #[must_use]
    pub const fn deletion_protection(mut self, on: bool) -> Self {
        self.deletion_protection = Some(on);
        self
    }

    /// Of this class.
    #[must_use]
    pub const fn class(mut self, class: TableClass) -> Self {
        self.class = Some(class);
        self
    }

    /// With these tags. Others that the table has stay.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [(&'static str, &'static str)]) -> Self {
        self.tags = tags;
        self
    }

    /// What of it cannot be for a table with these global indexes.
    pub(crate) fn flaw(&self, is_global: impl Fn(&str) -> bool) -> Option<String> {
        let is_none = |throughput: &Throughput| throughput.read == 0 || throughput.write == 0;
        if let Some(Billing::Provisioned(table)) = self.billing
            && is_none(&table)
        {
            return Some("a throughput of 0 units".to_owned());
        }
        for (name, throughput) in self.index_throughput {
            if !is_global(name) {
                return Some(format!("a throughput of `{name}`, which is no global index of it"));
            }
            if is_none(throughput) {
                return Some(format!("a throughput of 0 units of the index `{name}`"));
            }
            if !matches!(self.billing, Some(Billing::Provisioned(_))) {
                return Some(format!(
                    "a throughput of the index `{name}` of a table that is not `provisioned`"
                ));
            }
        }
        None
    }

    /// Whether it says anything of point-in-time recovery.
    #[doc(hidden)]
    #[must_use]
    pub fn says_recovery(&self) -> bool {
        self.point_in_time_recovery.is_some()
    }

    /// Whether it says anything of tags.
    #[doc(hidden)]
    #[must_use]
    pub fn says_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// What a global index of a provisioned table gets.
    pub(crate) fn of_index(&self, index: &str) -> Option<Throughput> {
        let Some(Billing::Provisioned(table)) = self.billing else { return None };
        let own = self.index_throughput.iter().find(|(name, _)| *name == index);
        Some(own.map_or(table, |(_, own)| *own))
    }
}

impl Default for TableSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Throughput {
    /// So many read and write units per second.
    #[must_use]
    pub const fn new(read: u32, write: u32) -> Self {
        Self { read, write }
    }
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read and {} write units", self.read, self.write)
    }
}

impl fmt::Display for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerRequest => f.write_str("per request"),
            Self::Provisioned(_) => f.write_str("provisioned"),
        }
    }
}

impl StreamView {
    /// As AWS names it; nothing where there is no stream.
    pub(crate) fn aws(self) -> Option<StreamViewType> {
        match self {
            Self::KeysOnly => Some(StreamViewType::KeysOnly),
            Self::NewImage => Some(StreamViewType::NewImage),
            Self::OldImage => Some(StreamViewType::OldImage),
            Self::NewAndOldImages => Some(StreamViewType::NewAndOldImages),
            Self::Off => None,
        }
    }
}

impl Encryption {
    pub(crate) fn specification(self) -> SseSpecification {
        let builder = SseSpecification::builder().enabled(self != Self::Owned);
        match self {
            Self::Owned => builder.build(),
            Self::Managed => builder.sse_type(SseType::Kms).build(),
            Self::Key(key) => builder.sse_type(SseType::Kms).kms_master_key_id(key).build(),
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owned => f.write_str("DynamoDB's own key"),
            Self::Managed => f.write_str("the account's key"),
            Self::Key(key) => write!(f, "the key {key}"),
        }
    }
}

impl TableClass {
    pub(crate) fn aws(self) -> aws_sdk_dynamodb::types::TableClass {
        match self {
            Self::Standard => aws_sdk_dynamodb::types::TableClass::Standard,
            Self::InfrequentAccess => aws_sdk_dynamodb::types::TableClass::StandardInfrequentAccess,
        }
    }
}

/// Whether a table can have this name.
///
/// [AWS: naming rules](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html)
pub(crate) fn is_table_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (3..=255).contains(&name.len()) && name.bytes().all(is_legal)
}
