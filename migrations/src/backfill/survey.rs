//! What a table holds, without a write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use dynamap_mapper::error::FailedItem;
use dynamap_mapper::schema::Standing;
use dynamap_mapper::{Database, Error, Item, Key, Model, examine};
use semver::Version;

use super::upgrade::Upgrader;

/// What a table holds of a model, by schema; from [`Backfill::plan`](super::Backfill::plan) and
/// [`verify`](super::Backfill::verify).
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use semver::Version;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// let survey = Backfill::<User>::of(&db).plan().await?.survey;
/// assert_eq!((survey.items, survey.schemas[&Version::new(1, 0, 0)]), (3, 3));
/// assert_eq!(survey.write_units, 3); // items of up to 1 KB
/// assert!(!survey.is_complete());
///
/// Backfill::<User>::of(&db).run().await?;
/// assert!(Backfill::<User>::of(&db).verify().await?.is_complete());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Survey {
    /// How many items there are.
    pub items: u64,
    /// How many of them are older than the model's schema.
    pub older: u64,
    /// How many there are of each schema.
    pub schemas: BTreeMap<Version, u64>,
    /// How many
    /// [write units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html) upgrading
    /// the older ones takes at least, without indexes.
    pub write_units: u64,
}

/// What a backfill would do; from [`Backfill::dry_run`](super::Backfill::dry_run).
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// # put(7).send().await?;
/// // Three users, and one without `mail`.
/// let tried = Backfill::<User>::of(&db).dry_run().await?;
/// assert_eq!((tried.upgraded, tried.samples.len()), (3, 3));
/// assert!(tried.failed[0].to_string().contains("id = 7"));
/// assert_eq!(Backfill::<User>::of(&db).plan().await?.survey.older, 4); // nothing was written
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DryRun {
    /// How many older items can be upgraded.
    pub upgraded: u64,
    /// Those that cannot, up to 10,000: where more fail the dry run itself does.
    pub failed: Vec<FailedItem>,
    /// What the first 5 would become.
    pub samples: Vec<Sample>,
}

/// What a backfill would do to one item. Names and keys only, no other values.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// let sample = &Backfill::<User>::of(&db).dry_run().await?.samples[0];
/// assert_eq!((&sample.added[..], &sample.removed[..]), (&["_schema".into(), "email".into()][..], &["mail".into()][..]));
/// assert!(sample.changed.is_empty());
/// assert_eq!(sample.becomes, [sample.key.clone()]); // it stays where it is
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// Which item.
    pub key: Key,
    /// The keys of the items that are left of it; the same one, unless a step changes the key.
    pub becomes: Vec<Key>,
    /// The attributes that are added.
    pub added: Vec<String>,
    /// The attributes that are removed.
    pub removed: Vec<String>,
    /// The attributes whose values change.
    pub changed: Vec<String>,
}

/// How many samples a dry run keeps.
const SAMPLES: usize = 5;
/// How many items a dry run reports as failed before it ends.
const MOST_FAILED: usize = 10_000;

impl Survey {
    /// Whether nothing is older than the model's schema.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.older == 0
    }

    fn add(&mut self, found: Version, is_older: bool, item: &Item) {
        self.items += 1;
        *self.schemas.entry(found).or_default() += 1;
        if is_older {
            self.older += 1;
            let kb = item.size().div_ceil(1024).max(1);
            self.write_units = self.write_units.saturating_add(kb.try_into().unwrap_or(u64::MAX));
        }
    }
}

/// Looks at every item; a consistent look sees all that was acknowledged before it began.
pub(super) async fn survey<M: Model>(
    db: &Database,
    segments: usize,
    is_consistent: bool,
) -> Result<Survey, Error> {
    let (layout, table) = (M::layout(), db.table_name(M::layout()));
    let survey = Mutex::new(Survey::default());
    let (counted, table) = (&survey, &table);
    let look = |item: Item| async move {
        let key = key::<M>(&item)?;
        let (found, is_older) = match examine(layout, table, &key, &item) {
            Ok((found, standing)) => (found, standing == Standing::Older),
            Err(Error::SchemaTooNew(gap)) => (gap.stored, false),
            Err(error) => return Err(error),
        };
        let mut survey = counted.lock().unwrap_or_else(PoisonError::into_inner);
        survey.add(found, is_older, &item);
        Ok::<_, Error>(())
    };
    let scan = M::scan(db).segments(segments);
    let scan = if is_consistent { scan.consistent() } else { scan };
    scan.raw().sweep().run(look).await?;
    Ok(survey.into_inner().unwrap_or_else(PoisonError::into_inner))
}

pub(super) async fn dry_run<M: Model>(db: &Database, segments: usize) -> Result<DryRun, Error> {
    let upgrader = Upgrader::<M>::new(db);
    let run = Mutex::new(DryRun::default());
    let (noted, upgrader) = (&run, &upgrader);
    let try_out = |item: Item| async move {
        let key = key::<M>(&item)?;
        if let Some(made) = upgrader.upgraded(&key, &item)? {
            let sample = sample(key, &item, made);
            let mut run = noted.lock().unwrap_or_else(PoisonError::into_inner);
            run.upgraded += 1;
            if run.samples.len() < SAMPLES {
                run.samples.push(sample);
            }
        }
        Ok::<_, Error>(())
    };
    let sweep = M::scan(db).segments(segments).raw().sweep().tolerate(MOST_FAILED);
    let swept = sweep.run(try_out).await?;
    let mut run = run.into_inner().unwrap_or_else(PoisonError::into_inner);
    run.failed = swept.failed;
    Ok(run)
}

fn key<M: Model>(item: &Item) -> Result<Key, Error> {
    let layout = M::layout();
    Key::of(layout, item).map_err(|error| Error::encode(layout, error))
}

fn sample(key: Key, before: &Item, made: Vec<(Key, Item)>) -> Sample {
    let (becomes, mut made): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let after = if made.is_empty() { Item::new() } else { made.swap_remove(0) };
    let names =
        |item: &Item| -> Vec<String> { item.names().into_iter().map(str::to_owned).collect() };
    let (old, new) = (names(before), names(&after));
    let is_changed = |name: &&String| match (before.get(name), after.get(name)) {
        (Some(before), Some(after)) => !dynamap_mapper::same(before, after),
        _ => false,
    };
    Sample {
        key,
        becomes,
        added: new.iter().filter(|name| !old.contains(name)).cloned().collect(),
        removed: old.iter().filter(|name| !new.contains(name)).cloned().collect(),
        changed: new.iter().filter(is_changed).cloned().collect(),
    }
}
