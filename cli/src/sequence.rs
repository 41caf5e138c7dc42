//! Sequences: those behind the auto-increment keys of models, and those with names.

use std::fmt;

use clap::Subcommand;
use dynamap_mapper::{Database, Sequence, SequenceName};
use serde::Serialize;

use crate::args::Chosen;
use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered};
use crate::session::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum SequenceCommand {
    /// Lists all sequences with the highest number that was taken of each
    List,
    /// Shows the highest number that was taken; 0 where none was
    Peek(Which),
    /// Goes on behind a number; a sequence is never lowered
    Raise(Raise),
    /// Compares the sequences of models with the keys that are there; reads whole tables
    Verify(Chosen),
    /// Raises the sequences of models to the highest keys that are there; reads whole tables
    Repair(Chosen),
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The name of the sequence
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// That of the auto-increment keys of this table, which is named without the prefix
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Raise {
    #[command(flatten)]
    which: Which,
    /// The number
    #[arg(long = "to", value_name = "N")]
    to: u64,
}

/// A sequence and the highest number that was taken.
#[derive(Serialize)]
struct Counter {
    /// The name; none of one behind the keys of a table.
    name: Option<String>,
    /// The full name of the table.
    table: Option<String>,
    taken: u64,
}

#[derive(Serialize)]
#[serde(transparent)]
struct All(Vec<Counter>);

#[derive(Serialize)]
struct Raised {
    #[serde(flatten)]
    sequence: Counter,
    is_raised: bool,
}

/// How the sequence of a model stands to its keys.
#[derive(Serialize)]
struct Standing {
    model: &'static str,
    table: String,
    taken: u64,
    highest: Option<u64>,
    is_behind: bool,
    is_repaired: bool,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Standings(Vec<Standing>);

impl SequenceCommand {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Peek(_) => "peek",
            Self::Raise(_) => "raise",
            Self::Verify(_) => "verify",
            Self::Repair(_) => "repair",
        }
    }

    /// The models that are named, of a command that is about models.
    pub(crate) fn models(&self) -> Option<&[String]> {
        match self {
            Self::Verify(chosen) | Self::Repair(chosen) => Some(&chosen.models),
            _ => None,
        }
    }

    pub(crate) async fn run(&self, call: Call<'_, '_>) -> Answered {
        match self {
            Self::List => list(call.db).await,
            Self::Peek(which) => {
                let taken = which.of(call.db).peek().await?;
                Answer::new(Exit::Done, &which.taken(call.db, taken))
            }
            Self::Raise(raise) => raise.run(call).await,
            Self::Verify(_) => examine(call, false).await,
            Self::Repair(_) => examine(call, true).await,
        }
    }
}

impl Which {
    fn of<'a>(&self, db: &'a Database) -> Sequence<'a> {
        match (&self.name, &self.table) {
            (_, Some(table)) => Sequence::of_table(db, table),
            (name, None) => Sequence::named(db, name.as_deref().unwrap_or_default()),
        }
    }

    fn taken(&self, db: &Database, taken: u64) -> Counter {
        let full_name = |table: &String| db.table(table).full_name().to_owned();
        Counter { name: self.name.clone(), table: self.table.as_ref().map(full_name), taken }
    }
}

impl Raise {
    async fn run(&self, call: Call<'_, '_>) -> Answered {
        let what = format!("this raises {} for good", self.which.taken(call.db, self.to).called());
        consent::ask(call.db, call.yes, &what).await?;
        let sequence = self.which.of(call.db);
        let is_raised = sequence.raise_to(self.to).await?;
        let taken = sequence.peek().await?;
        let sequence = self.which.taken(call.db, taken);
        Answer::new(Exit::Done, &Raised { sequence, is_raised })
    }
}

async fn list(db: &Database) -> Answered {
    let all = Sequence::list(db).await?.into_iter().map(|(name, taken)| match name {
        SequenceName::Named(name) => Counter { name: Some(name), table: None, taken },
        SequenceName::Table(table) => Counter { name: None, table: Some(table), taken },
        _ => Counter { name: None, table: None, taken },
    });
    Answer::new(Exit::Done, &All(all.collect()))
}

async fn examine(call: Call<'_, '_>, repair: bool) -> Answered {
    let mut all = Vec::new();
    for job in call.models.jobs().filter(|job| job.facts().has_counter) {
        let report = job.sequence(call.db, repair).await?;
        all.push(Standing {
            model: job.model(),
            table: job.table(call.db),
            taken: report.taken,
            highest: report.highest,
            is_behind: report.is_behind() && !repair,
            is_repaired: report.is_behind() && repair,
        });
    }
    let is_behind = all.iter().any(|standing| standing.is_behind);
    let outcome = if is_behind { Exit::Differs } else { Exit::Done };
    Answer::new(outcome, &Standings(all))
}

impl Counter {
    fn called(&self) -> String {
        match (&self.name, &self.table) {
            (Some(name), _) => format!("sequence {name}"),
            (None, Some(table)) => format!("the sequence of table {table}"),
            (None, None) => "a sequence".to_owned(),
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.called(), self.taken)
    }
}

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|taken| write!(f, "{taken}"))
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counter { taken, .. } = self.sequence;
        let what = if self.is_raised { "is raised to" } else { "was there already: it is at" };
        writeln!(f, "{} {what} {taken}", self.sequence.called())
    }
}

impl fmt::Display for Standings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no model takes its keys from a sequence");
        }
        self.0.iter().try_for_each(|standing| {
            let Standing { model, table, taken, is_behind, is_repaired, .. } = standing;
            let highest = standing.highest.map_or("none".to_owned(), |key| key.to_string());
            let what = match (is_behind, is_repaired) {
                (true, _) => ": it is behind, repair it",
                (_, true) => ": it was behind, and is repaired",
                _ => "",
            };
            writeln!(f, "{model} of table {table}: {taken} taken, highest key {highest}{what}")
        })
    }
}
