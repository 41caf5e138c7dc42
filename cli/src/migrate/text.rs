//! What a command found, for people.

use std::fmt::{self, Write};

use super::args::Verb;
use super::report::{Change, Failure, ModelReport, Plan, Record, Trial};
use crate::exit::Exit;

/// How many failures of one model are listed. The JSON document has them all.
const LISTED: usize = 20;

pub(crate) fn text(verb: Verb, models: &[ModelReport]) -> String {
    let mut text = String::new();
    let written = models.iter().try_for_each(|model| write_model(verb, model, &mut text));
    written.expect("writing to a String does not fail");
    text
}

fn write_model(verb: Verb, model: &ModelReport, out: &mut dyn Write) -> fmt::Result {
    let ModelReport { model: name, schema, table, .. } = model;
    writeln!(out, "{name} {schema} of table {table}{}", outcome(verb, model))?;
    if let Some(error) = &model.error {
        writeln!(out, "  {error}")?;
    }
    write_failures(&model.failures, out)?;
    if let Some(record) = &model.record {
        write_record(record, out)?;
        write_failures(&record.failures, out)?;
        if record.unnamed > 0 {
            writeln!(
                out,
                "  {} more failed: `run` begins anew and tries them again",
                record.unnamed
            )?;
        }
    }
    if let Some(plan) = &model.plan {
        write_plan(plan, out)?;
    }
    if let Some(trial) = &model.dry_run {
        write_trial(trial, out)?;
    }
    match &model.history {
        Some(records) if records.is_empty() => writeln!(out, "  no job was ever begun"),
        Some(records) => records.iter().try_for_each(|record| write_history(record, out)),
        None => Ok(()),
    }
}

fn outcome(verb: Verb, model: &ModelReport) -> &'static str {
    match model.outcome {
        Exit::Done if matches!(verb, Verb::Plan | Verb::DryRun | Verb::History) => "",
        Exit::Done => ": complete",
        Exit::Older if model.plan.is_none() && model.record.is_none() => ": never begun",
        Exit::Older => ": older items are left",
        Exit::Failed if verb == Verb::DryRun => ": items would fail",
        Exit::Failed => ": items failed",
        Exit::Running if verb == Verb::Status => ": a runner is at it, or was killed",
        Exit::Running => ": another runner is at it",
        Exit::Drifted => ": the steps were changed",
        Exit::Interrupted => ": interrupted",
        _ => ": error",
    }
}

fn write_record(record: &Record, out: &mut dyn Write) -> fmt::Result {
    let Record { state, items, upgraded, failed, runs, begun, heard, .. } = record;
    let verified = if record.verified { ", verified" } else { "" };
    writeln!(out, "  {state}{verified}: {items} items seen, {upgraded} upgraded, {failed} failed")?;
    writeln!(out, "  runs: {runs}, begun {begun}, last heard of {heard}")
}

fn write_history(record: &Record, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "  {} {}", record.model, record.schema)?;
    write_record(record, out)?;
    for run in &record.history {
        let (begun, ended, state, owner) = (&run.begun, &run.ended, run.state, &run.owner);
        let (items, upgraded) = (run.items, run.upgraded);
        writeln!(
            out,
            "  {begun} to {ended} {state}: {items} seen, {upgraded} upgraded, by {owner}"
        )?;
    }
    Ok(())
}

fn write_plan(plan: &Plan, out: &mut dyn Write) -> fmt::Result {
    let Plan { items, older, schemas, write_units, required } = plan;
    writeln!(out, "  {items} items, {older} older, at least {write_units} write units to upgrade")?;
    schemas
        .iter()
        .try_for_each(|(schema, items)| writeln!(out, "  schema {schema}: {items} items"))?;
    let mut required = required.iter().flatten();
    required.try_for_each(|step| writeln!(out, "  a backfill is required: {step}"))
}

fn write_trial(trial: &Trial, out: &mut dyn Write) -> fmt::Result {
    let Trial { upgraded, failed, failures, samples } = trial;
    writeln!(out, "  {upgraded} items can be upgraded, {failed} cannot")?;
    write_failures(failures, out)?;
    samples.iter().try_for_each(|sample| write_change(sample, out))
}

fn write_change(change: &Change, out: &mut dyn Write) -> fmt::Result {
    write!(out, "  item ({})", change.key.text)?;
    if change.becomes.iter().any(|key| key.text != change.key.text) || change.becomes.len() != 1 {
        let keys: Vec<_> = change.becomes.iter().map(|key| format!("({})", key.text)).collect();
        write!(out, " becomes {}", keys.join(", "))?;
    }
    for (what, names) in
        [("added", &change.added), ("removed", &change.removed), ("changed", &change.changed)]
    {
        if !names.is_empty() {
            write!(out, "; {what}: {}", names.join(", "))?;
        }
    }
    writeln!(out)
}

fn write_failures(failures: &[Failure], out: &mut dyn Write) -> fmt::Result {
    for failure in failures.iter().take(LISTED) {
        writeln!(out, "  failed: {}", failure.text)?;
    }
    match failures.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more, which --json names"),
    }
}
