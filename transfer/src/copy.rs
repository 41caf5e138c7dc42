//! Copying all items of one table into another.

mod copied;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use dynamap_mapper::error::FailedItem;
use dynamap_mapper::raw::{RawTable, ScanTerms};
use dynamap_mapper::{Cursor, Error, Item, Model, NamedTable};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoints, Identity, Kept};
use crate::digest::Digest;
use crate::error::{TransferError, keys};
use crate::progress::{Counts, Progress};
use crate::sink::{Existing, Sink};
use crate::table::{SEGMENTS, raw};
use crate::transform::Transforms;
use crate::{BoxError, BoxFuture, Watch};
pub use copied::{Copied, Verified};

/// A job that copies every item of a table into another one; from [`Transfer::copy_to`](crate::Transfer::copy_to).
///
/// Items arrive as they are stored, with versions, schemas and nonces, unless a transform changes them. The target must be
/// there, with the same keys; its indexes, its billing and its time to live are its own. What belongs to it and lies in
/// other tables is not copied with it: counters of `auto_increment` and guards of unique values, which are made anew under
/// another name (`Sequence::repair`, `Unique::backfill`), and rows of views, whose tables are copied by themselves.
///
/// **Writers.** A copy is no picture of one moment: each item arrives as it was when it was read. What is inserted,
/// changed or deleted in the source behind the place that was read is missed, so a copy that is to be complete is made
/// while nobody writes the source. A resumed copy misses what was written before its checkpoint in the same way.
/// [`verify`](Self::verify) tells whether both are the same.
///
/// **Kills.** With [`checkpoint_file`](Self::checkpoint_file) or [`checkpoint`](Self::checkpoint) it can be killed at any
/// time. The next run goes on behind the last checkpoint: some items are written a second time, which leaves them the
/// same, unless somebody else changed them in the target meanwhile: then they are what [`existing`](Self::existing) says.
///
/// **Capacity.** Reads go through the source's database handle and writes through the target's, each with its own meters
/// and limits: `db.limited(…).table("orders")`.
///
/// ```
/// # use dynamap::{AttributeValue, Database, Model, Table};
/// use dynamap::transfer::{Existing, Transfer as _};
///
/// # #[derive(Debug, Clone, Model)] #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, password: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # for db in [&db, &tests] { Table::<User>::create(db).await?; }
/// # for id in 1..=40 { User { id, password: "secret".into() }.insert(&db).await?; }
/// let copied = db.table("users")
///     .copy_to(tests.table("users"))
///     .existing(Existing::Replace)
///     .transform(|mut item| {
///         item.insert("password", AttributeValue::S("none".into()));
///         Ok::<_, std::convert::Infallible>(Some(item)) // `None` drops it, a `Vec` makes several of it
///     })
///     .on_progress(|progress| eprintln!("{} of about {}", progress.items, progress.estimated_items))
///     .run()
///     .await?;
/// assert!(copied.is_finished);
/// assert_eq!(copied.progress.written, 40);
/// assert_eq!(User::get(&tests, 7).await?.expect("copied").password, "none");
/// # Ok(()) }
/// ```
///
/// One that is stopped or killed, and goes on:
///
/// ```
/// # use dynamap::{Database, Model, Table, transfer::Transfer as _};
/// # #[derive(Clone, Model)] #[model(table = "users", validate = false)] struct User { #[model(hash_key)] id: u64 }
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # for db in [&db, &tests] { Table::<User>::create(db).await?; }
/// # for id in 1..=9 { User { id }.insert(&db).await?; }
/// # use std::future::ready; let folder = tempfile::tempdir()?;
/// let (users, file) = (db.table("users"), folder.path().join("checkpoint"));
/// let copy = || users.copy_to(tests.table("users")).segments(1).page_size(4).at_once(2).tolerate(10);
/// let stopped = copy().checkpoint_file(&file).until(ready(())).run().await?; // Ctrl-C, say
/// assert!(!stopped.is_finished && std::fs::read_to_string(&file)? == stopped.checkpoint);
/// // Where the program itself keeps what it goes on behind:
/// let rest = copy().eventually_consistent().resume(stopped.checkpoint);
/// let rest = rest.checkpoint(|place| ready(std::fs::write(&file, place))).run().await?;
/// assert_eq!(stopped.progress.written + rest.progress.written, 9); // each once
/// assert!(copy().verify().await?.is_equal());
/// # Ok(()) }
/// ```
///
/// [AWS: parallel scan](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan)
#[must_use = "a copy does nothing until it is run"]
pub struct Copy<'a> {
    source: NamedTable<'a>,
    target: NamedTable<'a>,
    terms: ScanTerms,
    at_once: usize,
    tolerated: usize,
    existing: Existing,
    transforms: Transforms<'a>,
    checkpoints: Checkpoints<'a>,
    /// Behind a lock so that the job can be shared.
    until: Mutex<Option<BoxFuture<'a, ()>>>,
    watch: Option<Watch<'a>>,
}

/// A checkpoint of a copy.
#[derive(Serialize, Deserialize)]
struct Place {
    copy_of: Identity,
    to: Identity,
    segments: usize,
    /// `None` where nothing was done yet.
    cursor: Option<String>,
    /// What failed, of all runs.
    failed: Vec<String>,
}

impl Place {
    fn job(&self) -> String {
        format!("a copy of table {} to table {}", self.copy_of.table, self.to.table)
    }
}

/// A cursor of another scan is a checkpoint of another job.
fn foreign(job: String) -> impl Fn(Error) -> TransferError {
    move |error| match error {
        Error::ForeignCursor => TransferError::ForeignCheckpoint { job: job.clone() },
        error => error.into(),
    }
}

impl<'a> Copy<'a> {
    pub(crate) fn of(source: NamedTable<'a>, target: NamedTable<'a>) -> Self {
        Self {
            source,
            target,
            terms: ScanTerms { segments: SEGMENTS, page_size: None, consistent: true },
            at_once: 16,
            tolerated: 0,
            existing: Existing::default(),
            transforms: Transforms::default(),
            checkpoints: Checkpoints::default(),
            until: Mutex::new(None),
            watch: None,
        }
    }

    /// In how many segments the source is read side by side; default 8, from 1 to 1,000,000. A copy that was begun keeps its own.
    pub fn segments(mut self, segments: usize) -> Self {
        self.terms.segments = segments;
        self
    }

    /// How many items one request reads, and so how many lie between two checkpoints; default is what 1 MB holds.
    pub fn page_size(mut self, items: usize) -> Self {
        self.terms.page_size = Some(items);
        self
    }

    /// How many requests write at once; default 16, at least 1.
    pub fn at_once(mut self, requests: usize) -> Self {
        self.at_once = requests;
        self
    }

    /// Reads the source at half the price, eventually consistent: what was written in the last second may be missed.
    pub fn eventually_consistent(mut self) -> Self {
        self.terms.consistent = false;
        self
    }

    /// What becomes of items that the target has already; default [`Existing::Refuse`].
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Changes each item on its way: `Some` of what it becomes, `None` to leave it out, or a `Vec` of several. Several
    /// transforms run one after the other. Two items that get one key are a failure, or with [`Existing::Replace`] one of
    /// them wins, unless one request holds both.
    ///
    /// An item that is changed keeps its version. Its nonce, where it has one, becomes that of its content: the same in
    /// every run of the same transform, and another one for what another transform makes, so that no program which has
    /// loaded that saves over this.
    pub fn transform<F, I, E>(mut self, change: F) -> Self
    where
        F: Fn(Item) -> Result<I, E> + Send + Sync + 'a,
        I: IntoIterator<Item = Item>,
        E: Into<BoxError>,
    {
        self.transforms.push(change);
        self
    }

    /// Brings items of a model to its schema on their way, through its migrations; those of other models stay as they are.
    /// An item that a step refuses, that is newer, or that is not valid afterwards is a failure. Versions and nonces are as
    /// with [`transform`](Self::transform).
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table};
    /// # use dynamap::transfer::Transfer as _;
    /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("mail", "email");
    ///     Ok(())
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// struct User { #[model(hash_key)] id: u64, email: String }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # let new = Database::builder(db.client().clone()).table_prefix("new_").build();
    /// # Table::<User>::create(&db).await?;
    /// # Table::<User>::create(&new).await?;
    /// # let put = db.client().put_item().table_name("users").item("id", AttributeValue::N("1".into()));
    /// # put.item("mail", AttributeValue::S("ann@example.org".into())).send().await?;
    /// let users = db.table("users");
    /// users.copy_to(new.table("users")).migrate::<User>().run().await?;
    /// let ann = User::get(&new, 1).await?.expect("copied");
    /// assert_eq!(ann.image().text("email"), Some("ann@example.org")); // stored so
    /// # Ok(())
    /// # }
    /// ```
    pub fn migrate<M: Model>(mut self) -> Self {
        self.transforms.migrate::<M>(self.source.name());
        self
    }

    /// Goes on where items fail, up to so many; default 0. They are listed in [`Copied::failed`], count as done, and are
    /// not copied by a run that is resumed: also those that a service out of reach has kept from being written.
    pub fn tolerate(mut self, failures: usize) -> Self {
        self.tolerated = failures;
        self
    }

    /// Goes on behind a checkpoint of this copy, also where a [`checkpoint_file`](Self::checkpoint_file) has another; from
    /// the start where there is none. Behind that of a finished one is
    /// nothing: where checkpoints are kept by the program, a copy that is to be made again begins without.
    pub fn resume(mut self, checkpoint: impl Into<Option<String>>) -> Self {
        self.checkpoints.resume(checkpoint.into());
        self
    }

    /// Calls this with a checkpoint behind every page that is copied, to be stored. One is stored after the other, each in
    /// place of the one before. It holds keys of items.
    pub fn checkpoint<S, Fut, E>(mut self, store: S) -> Self
    where
        S: Fn(String) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
        E: Into<BoxError>,
    {
        self.checkpoints.store_by(store);
        self
    }

    /// Keeps the checkpoint in a file, and goes on behind the one that is there. The file is replaced at once, so that
    /// a kill leaves the old one or the new one; a copy that is finished removes it, so that the next one begins anew. One
    /// run at a time has it: a file beside it, with `.lock` behind its name, is locked, and stays.
    pub fn checkpoint_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoints.keep_in(path.into());
        self
    }

    /// Ends at the next checkpoint once this future is ready: a signal, a channel, a timer. Of the next
    /// [`run`](Self::run) only.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'a) -> Self {
        self.until = Mutex::new(Some(Box::pin(stop)));
        self
    }

    /// Is told behind every page how far the copy has come.
    pub fn on_progress(mut self, watch: impl Fn(Progress) + Send + Sync + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    /// Copies every item, from the last checkpoint on where there is one.
    ///
    /// If the future is dropped, requests under way may or may not take effect, each item as a whole.
    ///
    /// # Errors
    /// [`TransferError::OntoItself`], [`OtherKeys`](TransferError::OtherKeys) and
    /// [`ForeignCheckpoint`](TransferError::ForeignCheckpoint), which is also one of a table that was made anew since, and
    /// [`Running`](TransferError::Running): nothing was written. [`TransferError::Store`] with
    /// [`Error::Sweep`](dynamap_mapper::Error::Sweep) where more items failed than are tolerated, or a checkpoint could not
    /// be stored; what the service says. What was copied is in the target then, and a copy that is resumed goes on.
    pub async fn run(&self) -> Result<Copied, TransferError> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Boxed: the SDK's futures are large, and every caller's future would hold them. Without its type: what it holds, and
        // whether that is `Send`, is no matter of theirs either.
        let run: BoxFuture<'_, _> = Box::pin(self.copy(until));
        run.await
    }

    /// Reads both tables, consistently, and compares number, size and digest of their items, those of the source
    /// transformed. They differ where the target holds other items too, or somebody writes meanwhile.
    ///
    /// # Errors
    /// [`TransferError::Transform`] where a transform refuses an item; what [`run`](Self::run) says before it writes.
    pub async fn verify(&self) -> Result<Verified, TransferError> {
        let (source, target) = Box::pin(self.tables()).await?;
        let terms = ScanTerms { consistent: true, ..self.terms };
        let change = |item| self.transforms.apply(item);
        let source = Box::pin(Digest::of(&source, terms, change)).await?;
        let target = Box::pin(Digest::of(&target, terms, |item| Ok(vec![item]))).await?;
        Ok(Verified { source, target })
    }

    async fn copy(&self, until: Option<BoxFuture<'a, ()>>) -> Result<Copied, TransferError> {
        let (source, target) = self.tables().await?;
        let (place, kept) = self.place(&source, &target).await?;
        let foreign = foreign(place.job());
        let cursor = place.cursor.as_deref().map(str::parse::<Cursor>).transpose();
        let cursor = cursor.map_err(&foreign)?;
        let counts = Counts::new(source.estimated_items());
        let sink = Sink::new(&target, self.existing, &counts);
        let terms = ScanTerms { segments: place.segments, ..self.terms };
        let failed_before = place.failed.clone();
        let place = Mutex::new(place);
        let at = |cursor: &Cursor, failed: &[FailedItem]| {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            place.cursor = Some(cursor.to_string());
            place.failed.extend(failed.iter().map(ToString::to_string));
            serde_json::to_value(&*place)
        };
        let mut sweep = source
            .sweep(terms)
            .at_once(self.at_once)
            .tolerate(self.tolerated)
            .resume(cursor)
            .checkpoint(|checkpoint| {
                let place = at(&checkpoint.cursor, &checkpoint.failed);
                let kept = &kept;
                async move { kept.store(&place?).await }
            })
            .on_progress(|_| self.watch.iter().for_each(|watch| watch(counts.now())));
        if let Some(stop) = until {
            sweep = sweep.until(stop);
        }
        let swept = sweep
            .run_on_several(sink.at_a_time(), |items| self.copy_items(items, &sink, &counts))
            .await
            .map_err(&foreign)?;
        let place =
            at(&swept.cursor, &[]).map_err(|error| TransferError::Checkpoint(error.into()))?;
        if swept.is_finished() {
            kept.finish().await?;
        }
        Ok(Copied {
            progress: counts.now(),
            is_finished: swept.is_finished(),
            failed: swept.failed,
            failed_before,
            checkpoint: place.to_string(),
        })
    }

    /// Copies some items; a result for each.
    async fn copy_items(
        &self,
        items: Vec<Item>,
        sink: &Sink<'_>,
        counts: &Counts,
    ) -> Vec<Result<(), BoxError>> {
        let (mut results, mut made, mut of) = (Vec::new(), Vec::new(), Vec::new());
        for (number, item) in items.into_iter().enumerate() {
            let transformed = self.transforms.apply(item);
            counts.note(|progress| {
                progress.items += 1;
                progress.dropped += u64::from(matches!(&transformed, Ok(made) if made.is_empty()));
            });
            results.push(transformed.map(|items| {
                of.extend(items.iter().map(|_| number));
                made.extend(items);
            }));
        }
        for (number, written) in of.into_iter().zip(sink.write(made).await) {
            if let Err(error) = written {
                results[number] = Err(error.into());
            }
        }
        let failures = results.iter().filter(|result| result.is_err()).count();
        counts.note(|progress| progress.failures += failures as u64);
        results
    }

    /// Both tables, if one can be copied into the other.
    async fn tables(&self) -> Result<(RawTable, RawTable), TransferError> {
        let onto_itself = |table| Err(TransferError::OntoItself { table });
        let is_same_store = self.source.database().is_same(self.target.database());
        if is_same_store && self.source.name() == self.target.name() {
            return onto_itself(self.source.name().to_owned());
        }
        let source = raw(&self.source).await?;
        let target = raw(&self.target).await?;
        if source.is_same(&target) {
            return onto_itself(source.full_name());
        }
        if self.transforms.are_none() && source.keys() != target.keys() {
            return Err(TransferError::OtherKeys {
                origin: format!("table {}", source.full_name()),
                target: target.full_name(),
                items: keys(&source.keys()),
                has: keys(&target.keys()),
            });
        }
        Ok((source, target))
    }

    /// Where the copy begins.
    async fn place(
        &self,
        source: &RawTable,
        target: &RawTable,
    ) -> Result<(Place, Kept<'_, 'a>), TransferError> {
        let (copy_of, to) = (Identity::of(source), Identity::of(target));
        let (segments, cursor, failed) = (self.terms.segments, None, Vec::new());
        let start = Place { copy_of, to, segments, cursor, failed };
        let is_own = |place: &Place| place.copy_of == start.copy_of && place.to == start.to;
        let (begun, kept) = self.checkpoints.begin(&start.job(), is_own).await?;
        Ok((begun.unwrap_or(start), kept))
    }
}

impl fmt::Debug for Copy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy")
            .field("source", &self.source.name())
            .field("target", &self.target.name())
            .finish_non_exhaustive()
    }
}
