//! Waiting for what the service does in its own time.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::{IndexStatus, TableDescription, TableStatus};
use tokio::time::Instant;

use super::describe;
use crate::database::Database;
use crate::error::{Error, TableError};

/// A table is made within seconds. After this something is wrong. What the service says it is working on has no limit: an
/// index of a large table takes hours.
const PATIENCE: Duration = Duration::from_mins(10);
/// Between two looks at first.
const POLL: Duration = Duration::from_millis(500);
/// Between two looks after a while.
const SLOW_POLL: Duration = Duration::from_secs(5);
/// How many looks are quick.
const QUICK: u32 = 60;

/// How far the service is with a table.
///
/// ```
/// # use std::sync::Mutex;
/// # use dynamap::{Database, Model, Table};
/// # use dynamap::embedded::ControlPlane;
/// use dynamap::TableProgress;
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
/// # let client = dynamap::embedded::builder().control_plane(ControlPlane::polled()).memory()?;
/// # let db = Database::new(client);
/// # Table::<before::Order>::create(&db).await?;
/// let states = Mutex::new(Vec::new());
/// let watch = |progress: &TableProgress| {
///     assert_eq!(progress.table, "orders");
///     states.lock().expect("one thread").push(progress.state.clone());
/// };
/// Table::<Order>::update(&db).on_progress(watch).await?; // makes the index `by_day`
/// assert!(states.lock().expect("one thread").iter().any(|state| state.contains("index by_day")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableProgress {
    /// The table's full name.
    pub table: String,
    /// What it is doing: `CREATING`, `UPDATING`, `index by_status is CREATING and being filled`.
    pub state: String,
    /// For how long this has been waited for.
    pub waited: Duration,
}

/// Who is told.
pub(super) type Watch<'a> = dyn Fn(&TableProgress) + Send + Sync + 'a;

/// Waits until the table, or what there is of it, is as wanted.
pub(super) async fn until(
    db: &Database,
    name: &str,
    watch: Option<&Watch<'_>>,
    ready: impl Fn(Option<&TableDescription>) -> bool + Send,
) -> Result<Option<TableDescription>, Error> {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        let found = describe::table(db, name).await?;
        if ready(found.as_ref()) {
            return Ok(found);
        }
        let waited = began.elapsed();
        let progress =
            TableProgress { table: name.to_owned(), state: state(found.as_ref()), waited };
        if let Some(watch) = watch {
            watch(&progress);
        }
        if waited > PATIENCE && !is_worked_on(found.as_ref()) {
            let (table, what) = (progress.table, progress.state);
            let waited = format!("{} s", waited.as_secs());
            return Err(TableError::NotReady { table, what, waited }.into());
        }
        looks += 1;
        pause(looks).await;
    }
}

/// The pause behind so many looks.
pub(super) async fn pause(looks: u32) {
    tokio::time::sleep(if looks < QUICK { POLL } else { SLOW_POLL }).await;
}

/// Whether the service says that it is changing or deleting the table or an index.
fn is_worked_on(found: Option<&TableDescription>) -> bool {
    let Some(found) = found else { return false };
    let table = matches!(
        found.table_status(),
        Some(TableStatus::Updating | TableStatus::Deleting | TableStatus::Archiving)
    );
    let mut indexes = found.global_secondary_indexes().iter();
    table
        || indexes
            .any(|index| index.index_status().is_some_and(|status| *status != IndexStatus::Active))
}

/// DescribeTable is eventually consistent: just after CreateTable, not found means not yet.
fn state(found: Option<&TableDescription>) -> String {
    let Some(found) = found else { return "not there".to_owned() };
    let indexes = found.global_secondary_indexes().iter();
    let busy = indexes
        .filter(|index| index.index_status().is_some_and(|status| *status != IndexStatus::Active));
    let busy: Vec<String> = busy
        .map(|index| {
            let name = index.index_name().unwrap_or_default();
            let status = index.index_status().map(IndexStatus::as_str).unwrap_or_default();
            let filling = if index.backfilling() == Some(true) { " and being filled" } else { "" };
            format!("index {name} is {status}{filling}")
        })
        .collect();
    if busy.is_empty() {
        found.table_status().map(TableStatus::as_str).unwrap_or_default().to_owned()
    } else {
        busy.join(", ")
    }
}

impl fmt::Display for TableProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}: {}, since {} s", self.table, self.state, self.waited.as_secs())
    }
}
