//! What was found of each model: the fields of the JSON document, and what the text is made of.

use std::collections::BTreeMap;

use dynamap_mapper::error::FailedItem;
use dynamap_mapper::{Database, Item, Key};
use dynamap_migrations::backfill::{DryRun, Sample, Survey};
use dynamap_migrations::{
    BackfillError, BackfillFailure, BackfillRecord, BackfillRun, BackfillState,
};
use serde::{Serialize, Serializer};

use super::perform::Found;
use crate::exit::Exit;
use crate::json::{time, typed};
use crate::models::Job;
use crate::report::chain;

/// What was found of one model. Which of the optional fields are there follows from the command.
#[derive(Serialize)]
pub(crate) struct ModelReport {
    pub(crate) model: &'static str,
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) outcome: Exit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<Record>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dry_run: Option<Trial>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) history: Option<Vec<Record>>,
    /// What failed beyond what is tolerated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failures: Vec<Failure>,
}

#[derive(Serialize)]
pub(crate) struct Record {
    pub(crate) model: String,
    pub(crate) schema: String,
    pub(crate) state: &'static str,
    pub(crate) verified: bool,
    pub(crate) swept: bool,
    pub(crate) items: u64,
    pub(crate) upgraded: u64,
    pub(crate) failed: u64,
    pub(crate) unnamed: u64,
    pub(crate) failures: Vec<Failure>,
    pub(crate) segments: u32,
    pub(crate) fingerprint: String,
    pub(crate) owner: String,
    pub(crate) begun: String,
    pub(crate) heard: String,
    pub(crate) runs: u32,
    pub(crate) history: Vec<Run>,
}

#[derive(Serialize)]
pub(crate) struct Run {
    pub(crate) owner: String,
    pub(crate) begun: String,
    pub(crate) ended: String,
    pub(crate) state: &'static str,
    pub(crate) items: u64,
    pub(crate) upgraded: u64,
}

#[derive(Serialize)]
pub(crate) struct Plan {
    pub(crate) items: u64,
    pub(crate) older: u64,
    pub(crate) schemas: BTreeMap<String, u64>,
    pub(crate) write_units: u64,
    /// Of `plan`: what cannot be left to reads and saves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) required: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(crate) struct Trial {
    pub(crate) upgraded: u64,
    pub(crate) failed: u64,
    pub(crate) failures: Vec<Failure>,
    pub(crate) samples: Vec<Change>,
}

#[derive(Serialize)]
pub(crate) struct Change {
    pub(crate) key: ItemKey,
    pub(crate) becomes: Vec<ItemKey>,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    pub(crate) changed: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Failure {
    pub(crate) key: ItemKey,
    pub(crate) why: String,
    /// Both, for people.
    #[serde(skip)]
    pub(crate) text: String,
}

/// A key: in DynamoDB's JSON, `{"id": {"N": "7"}}`.
pub(crate) struct ItemKey {
    attributes: Item,
    /// For people.
    pub(crate) text: String,
}

impl ModelReport {
    fn empty(job: &dyn Job, db: &Database, outcome: Exit) -> Self {
        Self {
            model: job.model(),
            schema: job.schema().to_string(),
            table: job.table(db),
            outcome,
            error: None,
            record: None,
            plan: None,
            dry_run: None,
            history: None,
            failures: Vec::new(),
        }
    }

    /// Of one that was ended at once.
    pub(crate) fn ended(job: &dyn Job, db: &Database) -> Self {
        let error = Some("ended at once".to_owned());
        Self { error, ..Self::empty(job, db, Exit::Interrupted) }
    }

    pub(crate) fn new(job: &dyn Job, db: &Database, found: Result<Found, BackfillError>) -> Self {
        let of = |outcome| Self::empty(job, db, outcome);
        match found {
            Ok(Found::Record(None)) => of(Exit::Older),
            Ok(Found::Record(Some(record))) => {
                let is_drifted = record.fingerprint != job.fingerprint();
                let outcome = if is_drifted { Exit::Drifted } else { Exit::of_record(&record) };
                Self { record: Some(Record::of(*record)), ..of(outcome) }
            }
            Ok(Found::Plan(found)) => {
                let mut plan = Plan::of(&found.survey);
                plan.required = Some(found.required.iter().map(ToString::to_string).collect());
                Self { plan: Some(plan), ..of(Exit::Done) }
            }
            Ok(Found::Verified(plan)) => {
                let outcome = if plan.is_complete() { Exit::Done } else { Exit::Older };
                Self { plan: Some(Plan::of(&plan)), ..of(outcome) }
            }
            Ok(Found::DryRun(run)) => {
                let outcome = if run.failed.is_empty() { Exit::Done } else { Exit::Failed };
                Self { dry_run: Some(Trial::of(run)), ..of(outcome) }
            }
            Ok(Found::History(records)) => {
                let history = records.into_iter().map(Record::of).collect();
                Self { history: Some(history), ..of(Exit::Done) }
            }
            Err(error) => {
                let mut report = Self { error: Some(chain(&error)), ..of(Exit::of_error(&error)) };
                if let BackfillError::Stopped { failed, .. } = error {
                    report.failures = failed.iter().map(Failure::of_item).collect();
                }
                report
            }
        }
    }
}

impl Record {
    fn of(record: BackfillRecord) -> Self {
        Self {
            model: record.model().to_owned(),
            schema: record.schema().map(|schema| schema.to_string()).unwrap_or_default(),
            state: state(record.state),
            verified: record.verified,
            swept: record.swept,
            items: record.items,
            upgraded: record.upgraded,
            failed: record.failed,
            unnamed: record.unnamed(),
            failures: record.failures.into_iter().map(Failure::of).collect(),
            segments: record.segments,
            fingerprint: record.fingerprint,
            owner: record.owner,
            begun: time(record.begun),
            heard: time(record.heard),
            runs: record.runs,
            history: record.history.into_iter().map(Run::of).collect(),
        }
    }
}

impl Run {
    fn of(run: BackfillRun) -> Self {
        let BackfillRun { owner, begun, ended, state: became, items, upgraded, .. } = run;
        let (begun, ended, state) = (time(begun), time(ended), state(became));
        Self { owner, begun, ended, state, items, upgraded }
    }
}

impl Plan {
    fn of(plan: &Survey) -> Self {
        let schemas = plan.schemas.iter().map(|(schema, items)| (schema.to_string(), *items));
        Self {
            items: plan.items,
            older: plan.older,
            schemas: schemas.collect(),
            write_units: plan.write_units,
            required: None,
        }
    }
}

impl Trial {
    fn of(run: DryRun) -> Self {
        Self {
            upgraded: run.upgraded,
            failed: run.failed.len().try_into().unwrap_or(u64::MAX),
            failures: run.failed.iter().map(Failure::of_item).collect(),
            samples: run.samples.into_iter().map(Change::of).collect(),
        }
    }
}

impl Change {
    fn of(sample: Sample) -> Self {
        let Sample { key, becomes, added, removed, changed, .. } = sample;
        let becomes = becomes.iter().map(ItemKey::of).collect();
        Self { key: ItemKey::of(&key), becomes, added, removed, changed }
    }
}

impl Failure {
    fn of(failure: BackfillFailure) -> Self {
        let text = failure.to_string();
        Self {
            key: ItemKey { attributes: failure.key, text: String::new() },
            why: failure.why,
            text,
        }
    }

    fn of_item(failed: &FailedItem) -> Self {
        let (why, text) = (failed.error.to_string(), failed.to_string());
        Self { key: ItemKey::of(&failed.target.key), why, text }
    }
}

impl ItemKey {
    fn of(key: &Key) -> Self {
        Self { attributes: key.to_item(), text: key.to_string() }
    }
}

impl Serialize for ItemKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        typed(&self.attributes).serialize(serializer)
    }
}

fn state(state: BackfillState) -> &'static str {
    match state {
        BackfillState::InProgress => "in_progress",
        BackfillState::Interrupted => "interrupted",
        BackfillState::Failed => "failed",
        BackfillState::Completed => "completed",
        _ => "unknown",
    }
}
