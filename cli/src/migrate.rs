//! Migrations: stored items are brought to the schemas of their models, one model after the other.
//!
//! * `args`: what can be asked for; `perform`: what is done with a model
//! * `report`: what was found, as JSON; `text`: the same for people

mod args;
mod perform;
mod report;
mod text;

use std::future::Future;

pub(crate) use self::args::{Migrate, Verb};
pub(crate) use self::perform::{Found, Task, perform};
pub(crate) use self::report::ModelReport;
use crate::exit::Exit;
use crate::models::Job;
use crate::report::Report;
use crate::session::Call;

/// Does the work, model by model; ends at once when `interrupted` does.
pub(crate) async fn migrate(
    Migrate { verb, options }: &Migrate,
    call: Call<'_, '_>,
    interrupted: impl Future<Output = ()> + Send,
) -> Report {
    let db = &options.limited(call.db);
    let mut done = Vec::new();
    let all = async {
        for job in call.models.jobs() {
            let task = Task { verb: *verb, db, options, stop: call.stop, notes: call.notes };
            done.push(one(job, task).await);
            // The models that follow are left alone where the job was stopped.
            let is_stopped = |report: &ModelReport| report.outcome == Exit::Interrupted;
            if verb.has_checkpoints() && done.last().is_some_and(is_stopped) {
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
    if ended_at_once && let Some(job) = call.models.jobs().nth(done.len()) {
        done.push(ModelReport::ended(job, db));
    }
    let text = text::text(*verb, &done);
    Report::of_models(verb.name(), done, text)
}

async fn one(job: &dyn Job, task: Task<'_, '_>) -> ModelReport {
    let name = format!("{} {}", job.model(), job.schema());
    if task.verb == Verb::Run {
        task.notes.say(&format!("{name} of table {} is begun", job.table(task.db)));
        task.notes.begin(&name);
    }
    ModelReport::new(job, task.db, job.perform(task).await)
}
