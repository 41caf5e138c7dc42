//! What models want of their tables.

use std::fmt;

use dynamap_mapper::{
    Database, Difference, DifferenceKind, Error, Remedy, TableProgress, TableUpdate, TableUpdated,
    Tables,
};
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::Update;
use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered, Failure, chain};
use crate::session::Call;

/// Tables, each with whether it was made.
#[derive(Serialize)]
struct Created {
    created: Vec<String>,
    were_there: Vec<String>,
}

/// Differences between tables and models.
#[derive(Serialize)]
struct Compared {
    differences: Vec<Told>,
}

/// What an update did.
#[derive(Serialize)]
struct Updated {
    done: Vec<Told>,
    left: Vec<Told>,
    refused: Vec<Refused>,
}

/// A change that the service refused; it is left, too.
#[derive(Serialize)]
struct Refused {
    difference: Told,
    error: String,
}

/// A difference.
#[derive(Serialize)]
struct Told {
    table: String,
    index: Option<String>,
    kind: String,
    found: String,
    wanted: String,
    remedy: String,
    #[serde(skip)]
    text: String,
}

pub(super) async fn create(call: Call<'_, '_>) -> Answered {
    let tables = call.models.tables();
    let missing = tables.verify(call.db).await?;
    let missing = |name: &String| {
        let is_it = |one: &Difference| one.kind == DifferenceKind::NoTable && one.table == *name;
        missing.iter().any(is_it)
    };
    tables.create_if_missing(call.db).await?;
    let (created, were_there) = tables.names(call.db)?.into_iter().partition(missing);
    Answer::new(Exit::Done, &Created { created, were_there })
}

pub(super) async fn verify(call: Call<'_, '_>) -> Answered {
    let differences = told(call.models.tables().verify(call.db).await?);
    let outcome = if differences.is_empty() { Exit::Done } else { Exit::Differs };
    Answer::new(outcome, &Compared { differences })
}

pub(super) async fn plan(call: Call<'_, '_>, update: &Update) -> Answered {
    let tables = call.models.tables();
    let differences = told(update.planned(&tables, call.db).await?);
    Answer::new(Exit::Done, &Compared { differences })
}

pub(super) async fn update(call: Call<'_, '_>, update: &Update) -> Answered {
    let tables = call.models.tables();
    update.ask(&tables, call).await?;
    let notes = call.notes;
    let told_of = |progress: &TableProgress| notes.waits(&progress.to_string());
    let updated = update.of(&tables, call.db).on_progress(told_of);
    let TableUpdated { done, left, refused, .. } = updated.await?;
    let outcome = match (left.is_empty(), refused.is_empty()) {
        (_, false) => Exit::Error,
        (false, true) => Exit::Differs,
        (true, true) => Exit::Done,
    };
    let refused = refused.into_iter().map(|(difference, error)| Refused {
        difference: Told::of(difference),
        error: chain(&error),
    });
    let refused = refused.collect();
    Answer::new(outcome, &Updated { done: told(done), left: told(left), refused })
}

impl Update {
    /// The update with what its switches allow.
    fn of<'a>(&self, tables: &Tables, db: &'a Database) -> TableUpdate<'a> {
        let mut update = tables.update(db);
        if self.drop_indexes {
            update = update.drop_indexes();
        }
        if self.remake_stream {
            update = update.remake_stream();
        }
        update
    }

    /// What the update would change. Nothing is changed.
    fn planned<'a>(
        &self,
        tables: &Tables,
        db: &'a Database,
    ) -> BoxFuture<'a, Result<Vec<Difference>, Error>> {
        Box::pin(self.of(tables, db).plan())
    }

    /// Some changes cannot be taken back: what they take away does not return.
    async fn ask(&self, tables: &Tables, call: Call<'_, '_>) -> Result<(), Failure> {
        if call.yes {
            return Ok(());
        }
        if self.drop_indexes || self.remake_stream {
            let names = tables.names(call.db)?.join(", ");
            let what = match (self.drop_indexes, self.remake_stream) {
                (true, true) => "indexes and streams",
                (true, false) => "indexes",
                _ => "streams",
            };
            consent::ask(call.db, false, &format!("this may drop {what} of {names}")).await?;
        }
        let mut grave = self.planned(tables, call.db).await?;
        grave.retain(is_grave);
        if grave.is_empty() {
            return Ok(());
        }
        let grave: Vec<_> = grave.iter().map(ToString::to_string).collect();
        consent::ask(call.db, false, &format!("this changes for good ({})", grave.join("; "))).await
    }
}

/// Whether a change cannot be taken back, or lets others do what cannot: backups that are gone, items that the service
/// deletes, a table that can be deleted, a stream that ends.
fn is_grave(difference: &Difference) -> bool {
    match difference.kind {
        DifferenceKind::PointInTimeRecovery | DifferenceKind::DeletionProtection => {
            difference.wanted == "off"
        }
        DifferenceKind::TimeToLive => true,
        DifferenceKind::Stream => difference.remedy() == Remedy::UpdateRemakingStream,
        _ => false,
    }
}

fn told(differences: Vec<Difference>) -> Vec<Told> {
    differences.into_iter().map(Told::of).collect()
}

impl Told {
    fn of(difference: Difference) -> Self {
        let (kind, remedy) = (kind(difference.kind), remedy(difference.remedy()));
        let text = difference.to_string();
        let Difference { table, index, found, wanted, .. } = difference;
        Self { table, index, kind, found, wanted, remedy, text }
    }
}

/// `NoIndex` is `no_index`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn kind(kind: DifferenceKind) -> String {
    snake(&format!("{kind:?}"))
}

fn remedy(remedy: Remedy) -> String {
    snake(&format!("{remedy:?}"))
}

fn lines(f: &mut fmt::Formatter<'_>, indent: &str, all: &[Told]) -> fmt::Result {
    all.iter().try_for_each(|told| writeln!(f, "{indent}{}", told.text))
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.created.iter().try_for_each(|table| writeln!(f, "table {table} is made"))?;
        self.were_there.iter().try_for_each(|table| writeln!(f, "table {table} was there"))
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.differences.is_empty() {
            return writeln!(f, "nothing is different");
        }
        lines(f, "", &self.differences)
    }
}

impl fmt::Display for Updated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() && self.left.is_empty() {
            return writeln!(f, "nothing is different");
        }
        if !self.done.is_empty() {
            writeln!(f, "done:")?;
            lines(f, "  ", &self.done)?;
        }
        if !self.left.is_empty() {
            writeln!(f, "left:")?;
            lines(f, "  ", &self.left)?;
        }
        if !self.refused.is_empty() {
            writeln!(f, "refused:")?;
        }
        self.refused.iter().try_for_each(|Refused { difference, error }| {
            writeln!(f, "  {}", difference.text)?;
            writeln!(f, "    {error}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_remedies_are_told_in_words_that_stay() {
        assert_eq!(kind(DifferenceKind::PointInTimeRecovery), "point_in_time_recovery");
        assert_eq!(kind(DifferenceKind::TimeToLive), "time_to_live");
        assert_eq!(remedy(Remedy::UpdateDroppingIndexes), "update_dropping_indexes");
        assert_eq!(remedy(Remedy::Copy), "copy");
    }
}
