//! The control plane: tables are administered as on the service, where the engine does everything at once and refuses little.
//!
//! * `plane`: the one way in, between `store` and `throttle`; `tables`: a request, and all tables that are known.
//! * `progress`: what is under way, counted in polls; `table`: all that is known of one table.
//! * `create`, `update`: what the two requests change, and why they are refused; `index`: the part of them about one index.
//! * `capacity`: provisioned units and how often they may go down; `windows`: what may happen so many times in a while.
//! * `warm`, `expiry`, `backups`: warm throughput, times to live, recovery to a point in time.
//! * `describe`: what a description tells beyond the engine's.
//! * `settings`: what is kept of a table; `disc`: where it is kept; `clock`: what time it is.
//! * `denial`: how the service words a refusal.

mod backups;
mod capacity;
mod clock;
mod create;
mod denial;
mod describe;
mod disc;
mod expiry;
mod index;
mod plane;
mod progress;
mod settings;
mod table;
mod tables;
mod update;
mod warm;
mod windows;

pub(crate) use denial::Denial;
pub(crate) use disc::{Disc, TABLE as DISC_TABLE};
pub(crate) use plane::Plane;

/// How the tables of a store are administered: see [`Builder::control_plane`](crate::Builder::control_plane).
///
/// ```
/// use dynamap_embedded::ControlPlane;
///
/// const SLOW: ControlPlane = ControlPlane::polled().creating(10).deleting(0);
/// assert_ne!(SLOW, ControlPlane::polled());
/// assert_eq!(SLOW.creating(2).deleting(2), ControlPlane::polled());
/// ```
///
/// What a program sees of a new index:
///
/// ```
/// use aws_sdk_dynamodb::types::IndexStatus;
/// use dynamap_embedded::{ControlPlane, builder};
///
/// # use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate};
/// # use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, Projection, ProjectionType, ScalarAttributeType};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let control = ControlPlane::at_once().updating(1).backfilling(1);
/// assert_eq!(control, ControlPlane::polled().unseen(0).creating(0).deleting(0).updating(1).backfilling(1));
/// let client = builder().control_plane(control).memory()?;
/// # let text = |name| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
/// # let hash = |name| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build();
/// # client.create_table().table_name("pets").billing_mode(BillingMode::PayPerRequest)
/// #     .attribute_definitions(text("id")?).key_schema(hash("id")?).send().await?;
/// # let all = Projection::builder().projection_type(ProjectionType::All).build();
/// # let by_owner = CreateGlobalSecondaryIndexAction::builder().index_name("by_owner");
/// # let by_owner = by_owner.key_schema(hash("owner")?).projection(all).build()?;
/// # let update = client.update_table().table_name("pets").attribute_definitions(text("id")?).attribute_definitions(text("owner")?);
/// # update.global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(by_owner).build()).send().await?;
/// // … the table `pets` gets an index …
/// let mut seen = Vec::new();
/// for _ in 0..3 {
///     let told = client.describe_table().table_name("pets").send().await?.table.expect("there");
///     let index = &told.global_secondary_indexes()[0];
///     seen.push((index.index_status().cloned(), index.backfilling()));
/// }
/// let [creating, active] = [IndexStatus::Creating, IndexStatus::Active].map(Some);
/// assert_eq!(seen, [(creating.clone(), Some(false)), (creating, Some(true)), (active, None)]);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: adding an index](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlPlane {
    unseen: u32,
    creating: u32,
    updating: u32,
    backfilling: u32,
    deleting: u32,
}

impl ControlPlane {
    /// What changes takes two polls, and a new table is not seen by the first one. A poll is a `DescribeTable` of the
    /// table.
    #[must_use]
    pub const fn polled() -> Self {
        Self { unseen: 1, creating: 2, updating: 2, backfilling: 2, deleting: 2 }
    }

    /// Nothing takes a poll. What is limited or refused stays so.
    #[must_use]
    pub const fn at_once() -> Self {
        Self { unseen: 0, creating: 0, updating: 0, backfilling: 0, deleting: 0 }
    }

    /// How many polls do not find a new table: `DescribeTable` is eventually consistent.
    #[must_use]
    pub const fn unseen(self, polls: u32) -> Self {
        Self { unseen: polls, ..self }
    }

    /// How many polls tell that a table is being created.
    #[must_use]
    pub const fn creating(self, polls: u32) -> Self {
        Self { creating: polls, ..self }
    }

    /// How many polls tell that a table is being updated. A new index has no entries meanwhile.
    #[must_use]
    pub const fn updating(self, polls: u32) -> Self {
        Self { updating: polls, ..self }
    }

    /// How many polls tell that a new index is backfilled, when the update is over.
    #[must_use]
    pub const fn backfilling(self, polls: u32) -> Self {
        Self { backfilling: polls, ..self }
    }

    /// How many polls tell that a table or an index is being deleted.
    #[must_use]
    pub const fn deleting(self, polls: u32) -> Self {
        Self { deleting: polls, ..self }
    }
}
