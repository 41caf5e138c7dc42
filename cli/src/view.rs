//! Views: their rows made, and compared with what the items say.

use std::fmt;

use clap::Subcommand;
use dynamap_mapper::{Rebuild, Rebuilt, ViewDrift};
use serde::Serialize;

use crate::args::{Chosen, count};
use crate::exit::Exit;
use crate::models::Job;
use crate::report::{Answer, Answered, Failure};
use crate::session::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum ViewCommand {
    /// Takes every item into the views of its model, beside writers; can be ended and run again
    Rebuild(Views),
    /// Compares the rows with what all items add to them; reads whole tables
    Verify(Views),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Views {
    #[command(flatten)]
    chosen: Chosen,
    /// Only this view; can be given several times
    #[arg(long = "view", value_name = "NAME")]
    names: Vec<String>,
    /// In how many segments a table is scanned
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = count)]
    segments: usize,
    /// How many items may fail before it ends
    #[arg(long, value_name = "N", default_value_t = 100)]
    tolerate: usize,
}

/// What became of a view.
#[derive(Serialize)]
struct Remade {
    model: &'static str,
    view: &'static str,
    items: u64,
    taken_in: u64,
    removed: u64,
    failures: Vec<String>,
}

/// How a view stands to its items.
#[derive(Serialize)]
struct Compared {
    model: &'static str,
    view: &'static str,
    is_exact: bool,
    items: u64,
    left_out: u64,
    rows: u64,
    wrong: Vec<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct All<T>(Vec<T>);

impl ViewCommand {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rebuild(_) => "rebuild",
            Self::Verify(_) => "verify",
        }
    }

    /// The models that are named.
    pub(crate) fn models(&self) -> &[String] {
        let (Self::Rebuild(views) | Self::Verify(views)) = self;
        &views.chosen.models
    }

    pub(crate) async fn run(&self, call: Call<'_, '_>) -> Answered {
        match self {
            Self::Rebuild(views) => views.rebuild(call).await,
            Self::Verify(views) => views.verify(call).await,
        }
    }
}

impl Views {
    /// The views that are meant, with their models.
    fn of<'a>(&self, call: Call<'a, '_>) -> Result<Vec<(&'a dyn Job, &'static str)>, Failure> {
        let of_job = |job: &'a dyn Job| job.facts().views.into_iter().map(move |view| (job, view));
        let mut all: Vec<_> = call.models.jobs().flat_map(of_job).collect();
        let unknown = |name: &&String| !all.iter().any(|(_, view)| *view == name.as_str());
        if let Some(name) = self.names.iter().find(unknown) {
            let names: Vec<_> = all.iter().map(|(_, view)| *view).collect();
            let names = names.join(", ");
            return Err(Failure::usage(format!("there is no view `{name}`: there are {names}")));
        }
        all.retain(|(_, view)| self.names.is_empty() || self.names.iter().any(|own| own == view));
        Ok(all)
    }

    fn begin<'a>(&self, call: Call<'a, '_>, job: &dyn Job, view: &'static str) -> Rebuild<'a> {
        job.view(call.db, view).segments(self.segments).tolerate(self.tolerate)
    }

    async fn rebuild(&self, call: Call<'_, '_>) -> Answered {
        let mut all = Vec::new();
        for (job, view) in self.of(call)? {
            call.notes.waits(&format!("view {view} of {}", job.model()));
            let Rebuilt { items, taken_in, removed, failed, .. } =
                Box::pin(self.begin(call, job, view).run()).await?;
            let failures = failed.iter().map(ToString::to_string).collect();
            all.push(Remade { model: job.model(), view, items, taken_in, removed, failures });
        }
        let is_failed = all.iter().any(|remade| !remade.failures.is_empty());
        Answer::new(if is_failed { Exit::Failed } else { Exit::Done }, &All(all))
    }

    async fn verify(&self, call: Call<'_, '_>) -> Answered {
        let mut all = Vec::new();
        for (job, view) in self.of(call)? {
            call.notes.waits(&format!("view {view} of {}", job.model()));
            let drift = Box::pin(self.begin(call, job, view).verify()).await?;
            let is_exact = drift.is_exact();
            let ViewDrift { items, left_out, rows, wrong, .. } = drift;
            let wrong = wrong.iter().map(ToString::to_string).collect();
            let model = job.model();
            all.push(Compared { model, view, is_exact, items, left_out, rows, wrong });
        }
        let is_exact = all.iter().all(|compared| compared.is_exact);
        Answer::new(if is_exact { Exit::Done } else { Exit::Differs }, &All(all))
    }
}

impl fmt::Display for Remade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, view, items, taken_in, removed, failures } = self;
        writeln!(
            f,
            "view {view} of {model}: {items} items seen, {taken_in} taken in, {removed} old rows removed"
        )?;
        failures.iter().try_for_each(|failure| writeln!(f, "  failed: {failure}"))
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, view, items, left_out, rows, wrong, .. } = self;
        let what = if self.is_exact { "exact" } else { "not what the items say" };
        writeln!(
            f,
            "view {view} of {model}: {what}; {items} items, {left_out} left out, {rows} rows"
        )?;
        wrong.iter().try_for_each(|row| writeln!(f, "  wrong: row {row}"))
    }
}

impl<T: fmt::Display> fmt::Display for All<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no model has views");
        }
        self.0.iter().try_for_each(|one| write!(f, "{one}"))
    }
}
