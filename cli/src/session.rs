//! One call of the program: a command line, its work, what it tells, its exit code.

use std::ffi::OsString;
use std::future::{Future, pending, ready};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use dynamap_mapper::Database;
use dynamap_migrations::backfill::Stop;
use futures_util::future::BoxFuture;

use crate::args::{Args, Command, Global, parse};
use crate::exit::Exit;
use crate::migrate::migrate;
use crate::models::Models;
use crate::notes::Notes;
use crate::report::{Answered, Failure, Report};

/// A command line for the tables and migrations of a program's models, and for any other tables by their names.
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

    /// Is stopped by this too, as by Ctrl-C: at the next checkpoint. For programs with signals of their own.
    ///
    /// ```
    /// # use dynamap::{BackfillRecord, Database, Model, Table};
    /// use dynamap::backfill::Stop;
    /// use dynamap::cli::{Cli, Exit, models};
    ///
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", schema = "2.0.0", validate = false)]
    /// # struct User { #[model(hash_key)] id: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// # Table::<BackfillRecord>::create(&db).await?;
    /// # for id in 1..=9 { User { id }.insert(&db).await?; }
    /// let stop = Stop::new();
    /// let line = ["admin", "migrate", "run", "--segments", "1", "--page-size", "2"];
    /// let cli = Cli::new(models![User]).args(line).stop_by(&stop);
    /// stop.now(); // from a handler of SIGTERM, say
    /// let (mut out, mut err) = (Vec::new(), Vec::new());
    /// assert_eq!(cli.run_into(&db, &mut out, &mut err).await, Exit::Interrupted);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop_by(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Does what the command line says, as the main program: writes to standard output and error, draws a bar where that
    /// is a terminal, and is stopped by Ctrl-C.
    ///
    /// Ctrl-C stops `migrate run`, `migrate retry-failed` and `table copy` at the next checkpoint, and `table throughput`
    /// when its command has ended; a second one ends them at once, as a kill does: what was upgraded is upgraded, and the
    /// next run goes on after a lease. The other commands end at once. A throughput that is left raised so has an exit code of
    /// its own. The signal stays caught when this is done.
    ///
    /// ```
    /// # use std::process::ExitCode;
    /// # use dynamap::{Database, Model};
    /// # use dynamap::cli::{Cli, Exit, models};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "users", validate = false)]
    /// # struct User { #[model(hash_key)] id: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Database::new(dynamap::embedded::memory()?);
    /// let cli = Cli::new(models![User]).args(["admin", "table", "verify"]);
    /// assert_eq!(cli.run(&db).await, ExitCode::from(Exit::Differs)); // the table is not created yet
    /// # Ok(())
    /// # }
    /// ```
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
        report.write(session.args.global.json, out, &notes)
    }

    async fn run_by(self, open: impl AsyncFnOnce() -> Database) -> Exit {
        let (mut out, mut err) = (io::stdout(), io::stderr());
        // A wrong command line needs no credentials.
        let session = match self.parse() {
            Ok(session) => session,
            Err(shown) => return show(&shown, &mut out, &mut err),
        };
        let db = open().await;
        session.run(&db, &mut out, &mut err).await
    }

    fn parse(mut self) -> Result<Session, clap::Error> {
        let args = parse(&self.args, &mut self.models)?;
        let program = self.args.first().map(program).unwrap_or_default();
        Ok(Session { models: self.models, args, stop: self.stop, program, line: None })
    }
}

/// The main program on AWS: the command line of this process, [`Database::from_env`], these models. See
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

/// A command line that was understood.
pub(crate) struct Session {
    pub(crate) models: Models,
    pub(crate) args: Args,
    pub(crate) stop: Stop,
    /// The name of the program.
    pub(crate) program: String,
    /// All of its commands, where they are not these alone.
    pub(crate) line: Option<clap::Command>,
}

/// What a command has to do its work with.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a, 'n> {
    pub(crate) db: &'a Database,
    pub(crate) models: &'a Models,
    pub(crate) stop: &'a Stop,
    pub(crate) notes: &'a Notes<'n>,
    pub(crate) yes: bool,
    pub(crate) json: bool,
}

impl Session {
    /// Does the work as the main program.
    pub(crate) async fn run(
        self,
        db: &Database,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Exit {
        let notes = Notes::new(err, true);
        let interrupted = interrupted(&self, &notes);
        let report = self.work(db, &notes, interrupted).await;
        report.write(self.args.global.json, out, &notes)
    }

    /// Does the work; ends at once when `interrupted` does.
    async fn work(
        &self,
        db: &Database,
        notes: &Notes<'_>,
        interrupted: impl Future<Output = ()> + Send,
    ) -> Report {
        let Global { json, yes } = self.args.global;
        let call = Call { db, models: &self.models, stop: &self.stop, notes, yes, json };
        let report = if let Command::Migrate(verb) = &self.args.command {
            migrate(verb, call, interrupted).await
        } else {
            let answered = tokio::select! {
                // First, so that the signal is caught before the work begins.
                biased;
                () = interrupted => Err(self.args.command.ended()),
                answered = self.answer(call) => answered,
            };
            Report::of(self.args.command.name(), answered)
        };
        notes.end();
        report
    }

    fn answer<'f, 'n: 'f>(&'f self, call: Call<'f, 'n>) -> BoxFuture<'f, Answered> {
        // Boxed: the SDK's futures are large.
        match &self.args.command {
            Command::Table(command) => command.run(call),
            Command::Item(command) => Box::pin(command.run(call)),
            Command::Sequence(command) => Box::pin(command.run(call)),
            Command::View(command) => Box::pin(command.run(call)),
            Command::Transaction(command) => Box::pin(command.run(call)),
            Command::Policy(policy) => Box::pin(ready(policy.run(call))),
            Command::Completions(completions) => {
                Box::pin(ready(completions.run(&self.program, self.line.clone())))
            }
            Command::Migrate(_) => {
                Box::pin(ready(Err(Failure::usage("migrations report model by model"))))
            }
        }
    }
}

/// `admin` of `/usr/bin/admin`.
fn program(word: &OsString) -> String {
    let name = Path::new(word).file_stem().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

/// Ends when the work shall end at once.
async fn interrupted(session: &Session, notes: &Notes<'_>) {
    ctrl_c().await;
    if let Some(text) = session.args.command.when_interrupted() {
        session.stop.now();
        let asked = async {
            notes.say(text);
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
pub(crate) fn show(shown: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    // Nobody hears it: the exit code says it too.
    if shown.use_stderr() {
        drop(write!(err, "{}", shown.render()));
        return Exit::Usage;
    }
    drop(write!(out, "{}", shown.render()));
    Exit::Done
}
