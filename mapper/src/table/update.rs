//! `UpdateTable`, until a table is as its models want it.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    BillingMode, CreateGlobalSecondaryIndexAction, DeleteGlobalSecondaryIndexAction,
    GlobalSecondaryIndexUpdate, UpdateGlobalSecondaryIndexAction,
};
use tokio::time::Instant;

use super::describe::{self, TableInfo};
use super::difference::{Difference, DifferenceKind, OFF, Remedy, differences};
use super::wait::{self, TableProgress, Watch};
use super::wanted::{Wanted, provisioned, wanted};
use super::{create, recovery, ttl, unbuilt};
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::layout::Layout;
use crate::read::BoxFuture;
use crate::retry::{repeat, repeat_and_tell};
use crate::settings::{Billing, Throughput};

/// Brings tables to what their models want; from [`Table::update`](crate::Table::update) and
/// [`Tables::update`](crate::Tables::update).
///
/// It compares, changes one thing, waits until the service has done it, and compares again, until nothing is left that it
/// can change. So it can be run again after anything, also beside others. If the future is dropped the service finishes
/// what it was asked last.
///
/// The service makes one index at a time. A large table takes hours for each, and can be read and written meanwhile.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::Remedy;
/// # mod before {
/// #     #[derive(Debug, Clone, dynamap::Model)]
/// #     #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String, pub day: String }
/// # }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, status: String, day: String }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<before::Order>::create(&db).await?;
/// // The table was made by an earlier release, with the index `by_status`, and without `by_day`.
/// let plan = Table::<Order>::update(&db).plan().await?;
/// assert_eq!(plan[0].index.as_deref(), Some("by_day"));
///
/// let log = |progress: &dynamap::TableProgress| eprintln!("{}: {}", progress.table, progress.state);
/// let updated = Table::<Order>::update(&db).on_progress(log).await?;
/// assert_eq!(updated.done, plan);
/// assert_eq!(updated.left[0].remedy(), Remedy::UpdateDroppingIndexes); // of `by_status`
///
/// let updated = Table::<Order>::update(&db).drop_indexes().remake_stream().await?;
/// assert!(updated.left.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What keeps everything from going on: rights, credentials, a network that is down. A change that the service refuses is in
/// [`TableUpdated::refused`], and the others are made. [`Error::Usage`] for [`drop_indexes`](Self::drop_indexes) of one
/// model whose table holds others.
///
/// [AWS: UpdateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html)
#[must_use = "an update does nothing until it is awaited"]
pub struct TableUpdate<'a> {
    db: &'a Database,
    layouts: Vec<&'static Layout>,
    drop_indexes: bool,
    remake_stream: bool,
    watch: Option<Box<Watch<'a>>>,
}

/// What an update did.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # use dynamap::faults::{Fault, Faults};
/// # mod before {
/// #     #[derive(Debug, Clone, dynamap::Model)]
/// #     #[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
/// #     pub struct Order { #[model(hash_key)] pub id: u64, pub status: String, pub day: String }
/// # }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
/// struct Order { #[model(hash_key)] id: u64, status: String, day: String }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let faults = Faults::new();
/// # let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// # let db = Database::new(client);
/// # Table::<before::Order>::create(&db).await?;
/// faults.always("UpdateTable", Fault::service("LimitExceededException"));
/// let updated = Table::<Order>::update(&db).await?;
/// assert!(updated.done.is_empty());
/// let (refused, why) = &updated.refused[0];
/// assert_eq!(refused.index.as_deref(), Some("by_day"));
/// assert!(updated.left.contains(refused) && why.to_string().contains("LimitExceededException"));
///
/// faults.clear();
/// assert_eq!(Table::<Order>::update(&db).await?.done.len(), 1); // as if nothing had been
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "changes can be left, or refused"]
#[non_exhaustive]
pub struct TableUpdated {
    /// What was different, and is not any more.
    pub done: Vec<Difference>,
    /// What still is: each says what can be done about it.
    pub left: Vec<Difference>,
    /// What of that the service refused, and why: the throughput was lowered too often today, say.
    pub refused: Vec<(Difference, Error)>,
}

/// How an update of one table goes.
#[derive(Default)]
struct Course {
    /// Everything that was to be changed.
    seen: Vec<Difference>,
    /// How often each change was asked for.
    asked: HashMap<Difference, u32>,
    refused: Vec<(Difference, Error)>,
}

/// How often the service may say no to one change before that is believed: somebody else may have made it.
const ASKED_AT_MOST: u32 = 3;
/// How long a change that the service has accepted may take to be told: descriptions are eventually consistent, tags more so.
const UNTOLD: Duration = Duration::from_secs(10);

impl<'a> TableUpdate<'a> {
    pub(super) fn of(db: &'a Database, layouts: Vec<&'static Layout>) -> Self {
        Self { db, layouts, drop_indexes: false, remake_stream: false, watch: None }
    }

    /// Also drops indexes: those that none of these models knows, and those with another key or other attributes, which are
    /// made again. Until then they cannot be read. Without it such indexes stay as they are.
    ///
    /// **Of a table that holds several models all of them must be named**, with [`Tables`](crate::Tables): the others'
    /// indexes are dropped else. One model with a discriminator is refused.
    pub fn drop_indexes(mut self) -> Self {
        self.drop_indexes = true;
        self
    }

    /// Also turns streams off, and makes those anew that tell something else. What reads the old stream, such as a trigger,
    /// gets nothing more, and changes in between are in neither. Without it a stream stays as it is.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// use dynamap::{Remedy, StreamView, TableSettings};
    /// # static KEYS: TableSettings = TableSettings::new().stream(StreamView::KeysOnly);
    /// # mod before {
    /// #     #[derive(Debug, Clone, dynamap::Model)]
    /// #     #[model(table = "orders", settings = super::KEYS, validate = false)]
    /// #     pub struct Order { #[model(hash_key)] pub id: u64 }
    /// # }
    ///
    /// static OFF: TableSettings = TableSettings::new().stream(StreamView::Off);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "orders", settings = OFF, validate = false)]
    /// struct Order { #[model(hash_key)] id: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<before::Order>::create(&db).await?; // with a stream of keys
    /// let updated = Table::<Order>::update(&db).await?;
    /// assert_eq!(updated.left[0].remedy(), Remedy::UpdateRemakingStream);
    /// assert!(Table::<Order>::update(&db).remake_stream().await?.left.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn remake_stream(mut self) -> Self {
        self.remake_stream = true;
        self
    }

    /// Calls this at every look at what the service does.
    pub fn on_progress(mut self, watch: impl Fn(&TableProgress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// What the update would change, in its order. Nothing is changed.
    ///
    /// # Errors
    /// What the service says.
    #[must_use = "nothing is compared until this is awaited"]
    pub fn plan(self) -> BoxFuture<'a, Result<Vec<Difference>, Error>> {
        Box::pin(self.planned())
    }

    async fn planned(self) -> Result<Vec<Difference>, Error> {
        let mut all = Vec::new();
        for wanted in wanted(self.db, &self.layouts)? {
            let found = describe::describe(self.db, &wanted.name).await?;
            all.extend(differences(&wanted, found.as_ref()));
        }
        all.retain(|difference| self.changes(difference));
        Ok(all)
    }

    async fn run(self) -> Result<TableUpdated, Error> {
        let alone = matches!(self.layouts.as_slice(), [one] if one.discriminator.is_some());
        if self.drop_indexes && alone {
            return Err(Error::Usage(
                "the table holds other models, whose indexes would be dropped: name them all with `Tables`, nothing was sent",
            ));
        }
        let (mut done, mut left, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for wanted in wanted(self.db, &self.layouts)? {
            if wanted.own {
                create::one(self.db, &wanted, true).await?;
            }
            let mut course = Course::default();
            let found = self.one(&wanted, &mut course).await?;
            done.extend(course.seen.into_iter().filter(|seen| !found.contains(seen)));
            refused.extend(course.refused);
            left.extend(found);
        }
        Ok(TableUpdated { done, left, refused })
    }

    /// What is left in the end.
    async fn one(&self, wanted: &Wanted, course: &mut Course) -> Result<Vec<Difference>, Error> {
        let name = wanted.name.as_str();
        loop {
            let active = |found: Option<&_>| found.is_none_or(describe::is_active);
            wait::until(self.db, name, self.watch.as_deref(), active).await?;
            let found = describe::describe(self.db, name).await?;
            let left = differences(wanted, found.as_ref());
            for one in left.iter().filter(|one| self.changes(one)) {
                if !course.seen.contains(one) {
                    course.seen.push(one.clone());
                }
            }
            let next = left.iter().find(|one| self.changes(one) && !course.is_over(one));
            let (Some(next), Some(found)) = (next.cloned(), found) else { return Ok(left) };
            *course.asked.entry(next.clone()).or_default() += 1;
            match self.apply(wanted, &found, &next).await {
                Ok(Sent::Accepted) => {
                    course.asked.insert(next.clone(), ASKED_AT_MOST);
                    self.told(wanted, &next).await?;
                }
                // Somebody else changes the table: what it wants now is seen afterwards.
                Ok(Sent::Busy) => {
                    course.asked.remove(&next);
                    wait::pause(1).await;
                }
                Err(error @ (Error::Service(_) | Error::NoSuchTable(_))) => {
                    if course.is_over(&next) {
                        course.refused.push((next, error));
                    } else {
                        wait::pause(1).await;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until the change is told, or the table is at work on it.
    async fn told(&self, wanted: &Wanted, change: &Difference) -> Result<(), Error> {
        let began = Instant::now();
        let mut looks = 0;
        while began.elapsed() < UNTOLD {
            let found = describe::describe(self.db, &wanted.name).await?;
            let is_at_work = found.as_ref().is_some_and(|found| !found.is_active());
            if is_at_work || !differences(wanted, found.as_ref()).contains(change) {
                break;
            }
            looks += 1;
            wait::pause(looks).await;
        }
        Ok(())
    }

    fn changes(&self, difference: &Difference) -> bool {
        match difference.remedy() {
            Remedy::Update => true,
            Remedy::UpdateDroppingIndexes => self.drop_indexes,
            Remedy::UpdateRemakingStream => self.remake_stream,
            _ => false,
        }
    }

    /// Asks for one change.
    async fn apply(
        &self,
        wanted: &Wanted,
        found: &TableInfo,
        difference: &Difference,
    ) -> Result<Sent, Error> {
        let (db, name) = (self.db, wanted.name.as_str());
        match (difference.kind, wanted.ttl) {
            (DifferenceKind::TimeToLive, Some(attribute)) => {
                ttl::enable(db, name, attribute).await.map(|()| Sent::Accepted)
            }
            (DifferenceKind::PointInTimeRecovery, _) => {
                let on = wanted.settings.point_in_time_recovery.unwrap_or_default();
                recovery::set(db, name, on).await.map(|()| Sent::Accepted)
            }
            (DifferenceKind::Tag, _) => tag(db, wanted, found).await.map(|()| Sent::Accepted),
            _ => {
                let request = request(wanted, found, difference, db.once().update_table())
                    .map_err(|error| unbuilt("UpdateTable", name, error))?;
                send(db, name, request.table_name(name)).await
            }
        }
    }
}

impl Course {
    /// Whether a change was made, or refused for good.
    fn is_over(&self, change: &Difference) -> bool {
        self.asked.get(change).is_some_and(|asked| *asked >= ASKED_AT_MOST)
    }
}

/// What became of an `UpdateTable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Accepted,
    /// Somebody else changes the table just now, or an attempt of ours did whose answer was lost.
    Busy,
}

/// Sends an `UpdateTable`.
pub(super) async fn send(
    db: &Database,
    name: &str,
    request: UpdateTableFluentBuilder,
) -> Result<Sent, Error> {
    let (answer, was_lost) =
        repeat_and_tell(db, "UpdateTable", name, || request.clone().send()).await;
    let Err(error) = answer else { return Ok(Sent::Accepted) };
    if was_lost && matches!(error, Error::Busy(_)) {
        let (table, operation) = (name.to_owned(), "UpdateTable");
        return Err(TableError::Unknown { table, operation }.into());
    }
    let is_busy = match &error {
        Error::Service(error) => {
            matches!(error.code.as_str(), "ResourceInUseException" | "LimitExceededException")
        }
        _ => false,
    };
    let is_refused = matches!(&error, Error::Service(_) | Error::NoSuchTable(_));
    let looks_again = (was_lost && is_refused) || (is_busy && is_changing(db, name).await);
    if looks_again { Ok(Sent::Busy) } else { Err(error) }
}

async fn is_changing(db: &Database, name: &str) -> bool {
    let found = describe::table(db, name).await.ok().flatten();
    found.is_some_and(|found| !describe::is_active(&found))
}

async fn tag(db: &Database, wanted: &Wanted, found: &TableInfo) -> Result<(), Error> {
    let name = wanted.name.as_str();
    let tags: Result<Vec<_>, _> = wanted.settings.tags.iter().map(create::tag).collect();
    let tags = tags.map_err(|error| unbuilt("TagResource", name, error))?;
    let arn = found.table.table_arn().unwrap_or_default();
    let answer = repeat(db, "TagResource", name, || {
        db.once().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
    });
    answer.await.map(drop)
}

/// The one change that a difference asks for.
fn request(
    wanted: &Wanted,
    found: &TableInfo,
    difference: &Difference,
    request: UpdateTableFluentBuilder,
) -> Result<UpdateTableFluentBuilder, BuildError> {
    let settings = wanted.settings;
    let index = difference.index.as_deref().unwrap_or_default();
    Ok(match difference.kind {
        DifferenceKind::NoIndex => {
            let keys = wanted.index(index).map(|index| index.keys.clone()).unwrap_or_default();
            let keys: Vec<_> = wanted.keys.iter().cloned().chain(keys).collect();
            request
                .set_attribute_definitions(Some(wanted.definitions(&keys)))
                .global_secondary_index_updates(add(wanted, index, found.billing())?)
        }
        DifferenceKind::UnknownIndex | DifferenceKind::IndexKeys | DifferenceKind::Projection => {
            let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(index).build()?;
            let update = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
            request.global_secondary_index_updates(update)
        }
        DifferenceKind::Billing => billing(request, wanted, found)?,
        DifferenceKind::Throughput => match (difference.index.as_deref(), settings.billing) {
            (Some(index), _) => {
                let throughput = settings.of_index(index).unwrap_or(Throughput::new(1, 1));
                request.global_secondary_index_updates(index_throughput(index, throughput)?)
            }
            (None, Some(Billing::Provisioned(throughput))) => {
                request.provisioned_throughput(provisioned(throughput)?)
            }
            (None, _) => request,
        },
        // The service refuses to change a stream: it is turned off, and made anew.
        DifferenceKind::Stream => {
            let view = settings.stream.unwrap_or(crate::settings::StreamView::Off);
            let view =
                if difference.found == OFF { view } else { crate::settings::StreamView::Off };
            request.stream_specification(create::stream(view)?)
        }
        DifferenceKind::Encryption => {
            let encryption = settings.encryption.unwrap_or(crate::settings::Encryption::Owned);
            request.sse_specification(encryption.specification())
        }
        DifferenceKind::DeletionProtection => {
            request.set_deletion_protection_enabled(settings.deletion_protection)
        }
        DifferenceKind::Class => {
            request.set_table_class(settings.class.map(crate::settings::TableClass::aws))
        }
        _ => request,
    })
}

/// All of a table's capacity at once, as the service wants it.
fn billing(
    request: UpdateTableFluentBuilder,
    wanted: &Wanted,
    found: &TableInfo,
) -> Result<UpdateTableFluentBuilder, BuildError> {
    let Some(Billing::Provisioned(throughput)) = wanted.settings.billing else {
        return Ok(request.billing_mode(BillingMode::PayPerRequest));
    };
    let mut request = request
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(provisioned(throughput)?);
    for index in found.indexes().iter().filter(|index| !index.local) {
        let own = wanted.settings.of_index(index.name).unwrap_or(throughput);
        request = request.global_secondary_index_updates(index_throughput(index.name, own)?);
    }
    Ok(request)
}

fn add(
    wanted: &Wanted,
    index: &str,
    billing: Billing,
) -> Result<GlobalSecondaryIndexUpdate, BuildError> {
    let found = wanted.index(index);
    let throughput = match billing {
        Billing::PerRequest => None,
        Billing::Provisioned(table) => Some(wanted.settings.of_index(index).unwrap_or(table)),
    };
    let create = CreateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .set_key_schema(found.map(|index| index.keys.clone()))
        .set_projection(found.map(|index| index.projection.clone()))
        .set_provisioned_throughput(throughput.map(provisioned).transpose()?)
        .build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().create(create).build())
}

pub(super) fn index_throughput(
    index: &str,
    throughput: Throughput,
) -> Result<GlobalSecondaryIndexUpdate, BuildError> {
    let update = UpdateGlobalSecondaryIndexAction::builder()
        .index_name(index)
        .provisioned_throughput(provisioned(throughput)?)
        .build()?;
    Ok(GlobalSecondaryIndexUpdate::builder().update(update).build())
}

impl<'a> IntoFuture for TableUpdate<'a> {
    type Output = Result<TableUpdated, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for TableUpdate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableUpdate")
            .field("drop_indexes", &self.drop_indexes)
            .finish_non_exhaustive()
    }
}
