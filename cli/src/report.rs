//! What a command found: its JSON document, its text, its exit code.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::{self, Write};

use dynamap_mapper::Error;
use dynamap_mapper::error::{SweepError, TableError};
use dynamap_transfer::TransferError;
use serde::Serialize;
use serde_json::Value;

use crate::exit::Exit;
use crate::migrate::ModelReport;
use crate::notes::Notes;

/// The JSON document of a command, and what it says to people.
#[derive(Serialize)]
pub(crate) struct Report {
    command: String,
    pub(crate) outcome: Exit,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The items or lines that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<String>,
    /// Of migrations.
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<ModelReport>>,
    /// Of all other commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// Whether there is more than the limit lets through; left out where there is not.
    #[serde(skip_serializing_if = "is_not")]
    has_more: bool,
    #[serde(skip)]
    text: String,
}

/// What a command found. One that ends early can have found something all the same.
pub(crate) struct Answer {
    pub(crate) outcome: Exit,
    result: Value,
    text: String,
    has_more: bool,
}

/// Why a command was not done, or not to its end.
#[derive(Debug)]
pub(crate) struct Failure {
    outcome: Exit,
    error: String,
    /// The items or lines that failed.
    failures: Vec<String>,
}

/// What becomes of a command.
pub(crate) type Answered = Result<Answer, Failure>;

impl Report {
    pub(crate) fn of_models(command: &str, models: Vec<ModelReport>, text: String) -> Self {
        let outcome = Exit::of_all(models.iter().map(|model| model.outcome));
        Self { models: Some(models), text, ..Self::empty(command.to_owned(), outcome) }
    }

    pub(crate) fn of(command: String, answered: Answered) -> Self {
        match answered {
            Ok(Answer { outcome, result, text, has_more }) => {
                Self { result: Some(result), text, has_more, ..Self::empty(command, outcome) }
            }
            Err(Failure { outcome, error, failures }) => {
                let text = format!("{error}\n");
                Self { error: Some(error), failures, text, ..Self::empty(command, outcome) }
            }
        }
    }

    fn empty(command: String, outcome: Exit) -> Self {
        Self {
            command,
            outcome,
            exit_code: outcome.code(),
            error: None,
            failures: Vec::new(),
            models: None,
            result: None,
            has_more: false,
            text: String::new(),
        }
    }

    /// Writes the document, or what it says to people; what went wrong goes to standard error. The outcome.
    pub(crate) fn write(&self, json: bool, out: &mut dyn Write, notes: &Notes<'_>) -> Exit {
        let written = if json {
            serde_json::to_writer_pretty(&mut *out, self)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(out))
        } else if self.error.is_some() {
            notes.say(self.text.trim_end());
            Ok(())
        } else {
            out.write_all(self.text.as_bytes())
        };
        if self.has_more {
            notes.say("there is more: --limit says how many are shown");
        }
        match written.and_then(|()| out.flush()) {
            Ok(()) => self.outcome,
            Err(error) => {
                notes.say(&format!("the outcome could not be written: {error}"));
                Exit::Error
            }
        }
    }
}

impl Answer {
    /// What was found: as it is serialised for scripts, as it is shown for people.
    pub(crate) fn new(outcome: Exit, found: &(impl Serialize + Display)) -> Answered {
        Self::told(outcome, found, found.to_string())
    }

    /// What was found, in its own words for people.
    pub(crate) fn told(outcome: Exit, found: &impl Serialize, text: String) -> Answered {
        Ok(Self { outcome, result: json(found)?, text, has_more: false })
    }

    /// Tells that there is more where that is so.
    pub(crate) fn cut(self, has_more: bool) -> Self {
        Self { has_more, ..self }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_not(is: &bool) -> bool {
    !is
}

fn json(found: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(found).map_err(|error| Failure::new(Exit::Error, &error))
}

impl Failure {
    pub(crate) fn new(outcome: Exit, error: &(dyn StdError + 'static)) -> Self {
        Self::of(outcome, chain(error))
    }

    fn of(outcome: Exit, error: String) -> Self {
        Self { outcome, error, failures: Vec::new() }
    }

    /// The command line asks for what cannot be. Nothing was done.
    pub(crate) fn usage(error: impl Into<String>) -> Self {
        Self::of(Exit::Usage, error.into())
    }

    /// What was asked for is not there.
    pub(crate) fn missing(error: String) -> Self {
        Self::of(Exit::Missing, error)
    }

    /// It was ended at once.
    pub(crate) fn ended() -> Self {
        Self::of(Exit::Interrupted, "ended at once".to_owned())
    }

    /// A throughput that may be raised still.
    pub(crate) fn raised(table: &str, why: &str) -> Self {
        let repair = format!("`table throughput-repair {table}` restores it");
        Self::of(Exit::Raised, format!("{why}: if the throughput is raised, {repair}"))
    }

    /// Adds what becomes of the next run.
    pub(crate) fn and(mut self, what: &str) -> Self {
        self.error.push_str(what);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let outcome = match &error {
            Error::NoSuchTable(_) | Error::NotFound(_) => Exit::Missing,
            Error::Table(table) if matches!(**table, TableError::Raised { .. }) => Exit::Running,
            Error::Sweep(_) => Exit::Failed,
            _ => Exit::Error,
        };
        let failures = match &error {
            Error::Sweep(sweep) => match &**sweep {
                SweepError::Failures { failed, .. } => {
                    failed.iter().map(ToString::to_string).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        Self { failures, ..Self::new(outcome, &error) }
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Store(error) => error.into(),
            TransferError::Running(_) => Self::new(Exit::Running, &error),
            TransferError::Lines { ref failed, .. } => {
                let failures = failed.iter().map(ToString::to_string).collect();
                Self { failures, ..Self::new(Exit::Failed, &error) }
            }
            error => Self::new(Exit::Error, &error),
        }
    }
}

/// An error and what caused it.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        // Some errors show what caused them.
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}
