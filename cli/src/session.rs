//! One call of the program: a command line, its work, what it tells, its exit code.

use std::ffi::OsString;
use std::future::{Future, pending};
use std::io::{self, Write};
use std::process::ExitCode;

use dynamap_mapper::Database;
use dynamap_migrations::backfill::Stop;

use crate::args::{Migrate, Verb, parse};
use crate::exit::Exit;
use crate::jobs::{Job, Models, Task};
use crate::notes::Notes;
use crate::report::{ModelReport, Report};
use crate::text;

/// A command line for the migrations of a program's models.
///
/// ```
/// # use dynamap::{Database, Item, Migrations, Model, Step, StepError, Table};
/// use dynamap::cli::{Cli, Exit, models};
///
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
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<User>::create(&db).await?;
/// let cli = Cli::new(models![User]).args(["admin", "migrate", "status"]);
/// let (mut out, mut err) = (Vec::new(), Vec::new());
/// assert_eq!(cli.run_into(&db, &mut out, &mut err).await, Exit::Older);
/// assert_eq!(String::from_utf8(out)?, "User 2.0.0 of table users: never begun\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a command line does nothing until it is run"]
pub struct Cli {
    models: Models,
    args: Vec<OsString>,
    stop: Stop,
}

/// A command line that was understood.
struct Session {
    models: Models,
    migrate: Migrate,
    stop: Stop,
}

impl Cli {
    /// The command line of this process, for these models: [`models!`](crate::models) makes the list.
    pub fn new(models: Models) -> Self {
        Self { models, args: std::env::args_os().collect(), stop: Stop::new() }
    }

    /// Another command line; the first word is the program's name, as in [`std::env::args`].
    pub fn args<T: Into<OsString>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Is stopped by this too, at a checkpoint, as by Ctrl-C.
    pub fn stop_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Does what the command line says, as the main program: writes to standard output and error, draws a bar where that
    /// is a terminal, and is stopped by Ctrl-C.
    ///
    /// Ctrl-C stops `run` and `retry-failed` at the next checkpoint; a second one ends them at once, as a kill does:
    /// what was upgraded is upgraded, and the next run goes on after a lease. The other commands end at once. The signal
    /// stays caught when this is done.
    pub async fn run(self, db: &Database) -> ExitCode {
        self.run_by(async || db.clone()).await.into()
    }

    /// Does what the command line says, and writes to these. Signals are left to the program.
    pub async fn run_into(
        self,
        db: &Database,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Exit {
        let session = match self.parse() {
            Ok(session) => session,
            Err(shown) => return show(&shown, out, err),
        };
        let notes = Notes::new(err, false);
        let report = session.work(db, &notes, pending()).await;
        session.write(&report, out, &notes)
    }

    async fn run_by(self, open: impl AsyncFnOnce() -> Database) -> Exit {
        let (mut out, mut err) = (io::stdout(), io::stderr());
        // A wrong command line needs no credentials.
        let session = match self.parse() {
            Ok(session) => session,
            Err(shown) => return show(&shown, &mut out, &mut err),
        };
        let db = open().await;
        let notes = Notes::new(&mut err, true);
        let interrupted = interrupted(&session, &notes);
        let report = session.work(&db, &notes, interrupted).await;
        session.write(&report, &mut out, &notes)
    }

    fn parse(mut self) -> Result<Session, clap::Error> {
        let migrate = parse(&self.args, &mut self.models)?;
        Ok(Session { models: self.models, migrate, stop: self.stop })
    }
}

/// The main program of migrations on AWS: the command line of this process, [`Database::from_env`], these models. See
/// [`Cli::run`]; for a database with settings of its own, use that.
///
/// ```no_run
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64 }
/// use dynamap::cli::models;
///
/// #[tokio::main]
/// async fn main() -> std::process::ExitCode {
///     dynamap::cli::run(models![Account]).await
/// }
/// ```
#[cfg(feature = "aws")]
pub async fn run(models: Models) -> ExitCode {
    Cli::new(models).run_by(Database::from_env).await.into()
}

impl Session {
    /// Does the work, model by model; ends at once when `interrupted` does.
    async fn work(
        &self,
        db: &Database,
        notes: &Notes<'_>,
        interrupted: impl Future<Output = ()> + Send,
    ) -> Report {
        let Migrate { verb, options } = &self.migrate;
        let db = &options.limited(db);
        let mut done = Vec::new();
        let all = async {
            for job in self.models.jobs() {
                let task = Task { verb: *verb, db, options, stop: &self.stop, notes };
                done.push(perform(job, task).await);
                if done.last().is_some_and(|report| self.ends(report)) {
                    break;
                }
            }
        };
        let ended_at_once = tokio::select! {
            // First, so that the signal is caught before the work begins.
            biased;
            () = interrupted => true,
            () = all => false,
        };
        notes.end();
        if ended_at_once && let Some(job) = self.models.jobs().nth(done.len()) {
            done.push(ModelReport::ended(job, db));
        }
        Report::new(*verb, done)
    }

    /// Whether the models that follow are left alone: the job was stopped.
    fn ends(&self, report: &ModelReport) -> bool {
        self.migrate.verb.has_checkpoints() && report.outcome == Exit::Interrupted
    }

    fn write(&self, report: &Report, out: &mut dyn Write, notes: &Notes<'_>) -> Exit {
        let written = if self.migrate.options.json {
            serde_json::to_writer_pretty(&mut *out, report)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else {
            text::write(report, out)
        };
        match written.and_then(|()| out.flush()) {
            Ok(()) => report.outcome,
            Err(error) => {
                notes.say(&format!("the outcome could not be written: {error}"));
                Exit::Error
            }
        }
    }
}

async fn perform(job: &dyn Job, task: Task<'_, '_>) -> ModelReport {
    let name = format!("{} {}", job.model(), job.schema());
    if task.verb == Verb::Run {
        task.notes.say(&format!("{name} of table {} is begun", job.table(task.db)));
        task.notes.begin(&name);
    }
    ModelReport::new(job, task.db, job.perform(task).await)
}

/// Ends when the work shall end at once.
async fn interrupted(session: &Session, notes: &Notes<'_>) {
    ctrl_c().await;
    if session.migrate.verb.has_checkpoints() {
        session.stop.now();
        let asked = async {
            notes.say("stops at the next checkpoint; Ctrl-C again ends it at once");
            pending::<()>().await;
        };
        tokio::select! {
            // First, so that the second one is caught before it is spoken of.
            biased;
            () = ctrl_c() => {}
            () = asked => {}
        }
    }
}

async fn ctrl_c() {
    // Where signals cannot be caught, they end the process as ever.
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

/// Shows help, or what is wrong with a command line.
fn show(shown: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    // Nobody hears it: the exit code says it too.
    if shown.use_stderr() {
        drop(write!(err, "{}", shown.render()));
        return Exit::Usage;
    }
    drop(write!(out, "{}", shown.render()));
    Exit::Done
}
