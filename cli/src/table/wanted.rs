//! What models want of their tables.

use std::fmt;

use dynamap_mapper::{Difference, DifferenceKind, Remedy, TableUpdated};
use serde::Serialize;

use super::Update;
use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered};
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
    let planned = tables.update(call.db);
    let planned = if update.drop_indexes { planned.drop_indexes() } else { planned };
    let differences = told(planned.plan().await?);
    Answer::new(Exit::Done, &Compared { differences })
}

pub(super) async fn update(call: Call<'_, '_>, update: &Update) -> Answered {
    let tables = call.models.tables();
    let mut updated = tables.update(call.db).on_progress(|progress| {
        call.notes.waits(&progress.to_string());
    });
    if update.drop_indexes {
        let names = tables.names(call.db)?.join(", ");
        consent::ask(call.db, call.yes, &format!("this may drop indexes of {names}")).await?;
        updated = updated.drop_indexes();
    }
    let TableUpdated { done, left, .. } = updated.await?;
    let outcome = if left.is_empty() { Exit::Done } else { Exit::Differs };
    Answer::new(outcome, &Updated { done: told(done), left: told(left) })
}

fn told(differences: Vec<Difference>) -> Vec<Told> {
    differences
        .into_iter()
        .map(|difference| {
            let (kind, remedy) = (kind(difference.kind), remedy(difference.remedy()));
            let text = difference.to_string();
            let Difference { table, index, found, wanted, .. } = difference;
            Told { table, index, kind, found, wanted, remedy, text }
        })
        .collect()
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
        Ok(())
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
