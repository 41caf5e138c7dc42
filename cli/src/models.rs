//! The models of a program, and what can be done with each: one job per model, whatever its type.

use std::marker::PhantomData;

use dynamap_mapper::sequence::{self, SequenceReport};
use dynamap_mapper::view::ViewLayout;
use dynamap_mapper::{Database, Error, Model, Rebuild, Tables};
use dynamap_migrations::BackfillError;
use futures_util::future::BoxFuture;
use semver::Version;

use crate::migrate::{Found, Task, perform};

/// The models that a program administers; made by [`models!`](crate::models).
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] id: u64 }
/// use dynamap::cli::{Models, models};
///
/// // What the macro writes; a program with optional models writes it itself.
/// let mut all = Models::new().with::<Account>();
/// if cfg!(debug_assertions) {
///     all = all.with::<DoomMap>();
/// }
/// assert_eq!(all.names(), ["Account", "DoomMap"]);
/// assert_eq!(all.names(), models![Account, DoomMap].names());
/// ```
#[derive(Default)]
pub struct Models(Vec<Box<dyn Job>>);

/// A list of models, for [`Cli::new`](crate::Cli::new).
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] id: u64 }
/// use dynamap::cli::models;
///
/// assert_eq!(models![Account, DoomMap].names(), ["Account", "DoomMap"]);
/// ```
#[macro_export]
macro_rules! models {
    ($($model:ty),* $(,)?) => { $crate::Models::new()$(.with::<$model>())* };
}

/// A model behind its type.
pub(crate) trait Job: Send + Sync {
    fn model(&self) -> &'static str;
    fn schema(&self) -> &'static Version;
    fn table(&self, db: &Database) -> String;
    fn fingerprint(&self) -> String;
    fn facts(&self) -> Facts;
    /// Its table beside those of other models.
    fn among(&self, tables: Tables) -> Tables;
    /// Does a verb of the migrations.
    fn perform<'a>(&self, task: Task<'a, '_>) -> BoxFuture<'a, Result<Found, BackfillError>>;
    /// A view of its items.
    fn view<'a>(&self, db: &'a Database, name: &'static str) -> Rebuild<'a>;
    /// How its counter stands to its keys, before it is repaired where that is wanted.
    fn sequence<'a>(
        &self,
        db: &'a Database,
        repair: bool,
    ) -> BoxFuture<'a, Result<SequenceReport, Error>>;
}

/// What a program may have to do with the items of a model.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Facts {
    /// Its name without the prefix.
    pub(crate) table: String,
    pub(crate) has_indexes: bool,
    pub(crate) has_counter: bool,
    pub(crate) has_uniques: bool,
    pub(crate) has_ttl: bool,
    /// The tables of the rows that follow from its items.
    pub(crate) rows: Vec<&'static str>,
    /// The names of its views.
    pub(crate) views: Vec<&'static str>,
    pub(crate) has_recovery: bool,
    pub(crate) has_tags: bool,
}

impl Facts {
    /// Of a table that no model is about: it may have indexes.
    pub(crate) fn of_table(name: &str) -> Self {
        Self { table: name.to_owned(), has_indexes: true, ..Self::default() }
    }
}

struct JobOf<M>(PhantomData<fn() -> M>);

impl Models {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These, and one more.
    #[must_use]
    pub fn with<M: Model>(mut self) -> Self {
        self.0.push(Box::new(JobOf::<M>(PhantomData)));
        self
    }

    /// Their names in their order, as `--model` takes them.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.jobs().map(Job::model).collect()
    }

    pub(crate) fn jobs(&self) -> impl Iterator<Item = &dyn Job> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The tables of all of them.
    pub(crate) fn tables(&self) -> Tables {
        self.jobs().fold(Tables::new(), |tables, job| job.among(tables))
    }

    /// Keeps these; all of them where none is named.
    ///
    /// With their tables, the other models of these stay too: a table is what all of them want.
    pub(crate) fn choose(&mut self, names: &[String], with_tables: bool) {
        if names.is_empty() {
            return;
        }
        let is_named = |job: &dyn Job| names.iter().any(|name| name == job.model());
        let tables: Vec<_> =
            self.jobs().filter(|job| is_named(*job)).map(|job| job.facts().table).collect();
        self.0.retain(|job| {
            is_named(job.as_ref()) || (with_tables && tables.contains(&job.facts().table))
        });
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Models").field(&self.names()).finish()
    }
}

impl<M: Model> Job for JobOf<M> {
    fn model(&self) -> &'static str {
        M::layout().model
    }

    fn schema(&self) -> &'static Version {
        &M::layout().schema
    }

    fn table(&self, db: &Database) -> String {
        db.table_name(M::layout())
    }

    fn fingerprint(&self) -> String {
        M::layout().upgrade.fingerprint()
    }

    fn facts(&self) -> Facts {
        let layout = M::layout();
        Facts {
            table: layout.table.to_owned(),
            has_indexes: !layout.indexes.is_empty(),
            has_counter: layout.auto_increment,
            has_uniques: !layout.uniques.is_empty(),
            has_ttl: layout.ttl.is_some(),
            rows: layout.rows().iter().map(|row| row.table).collect(),
            views: layout.views.iter().map(ViewLayout::name).collect(),
            has_recovery: layout.settings.says_recovery(),
            has_tags: layout.settings.says_tags(),
        }
    }

    fn among(&self, tables: Tables) -> Tables {
        tables.with::<M>()
    }

    fn perform<'a>(&self, task: Task<'a, '_>) -> BoxFuture<'a, Result<Found, BackfillError>> {
        Box::pin(perform::<M>(task))
    }

    fn view<'a>(&self, db: &'a Database, name: &'static str) -> Rebuild<'a> {
        Rebuild::by_name(db, M::layout(), name)
    }

    fn sequence<'a>(
        &self,
        db: &'a Database,
        repair: bool,
    ) -> BoxFuture<'a, Result<SequenceReport, Error>> {
        let layout = M::layout();
        Box::pin(async move {
            if repair {
                sequence::repair(db, layout).await
            } else {
                sequence::verify(db, layout).await
            }
        })
    }
}
