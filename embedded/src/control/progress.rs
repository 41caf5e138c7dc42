//! What is under way with a table and its indexes, counted in polls.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ControlPlane;
use super::capacity::Units;
use super::denial::Denial;

/// Where a table is.
#[derive(Debug, Default)]
pub(super) enum Phase {
    Creating {
        unseen: u32,
        polls: u32,
        /// Whether it has indexes: one such table is created at a time.
        indexed: bool,
    },
    #[default]
    Active,
    Updating {
        polls: u32,
        /// What is told meanwhile, where the units change.
        before: Option<Units>,
    },
    Deleting {
        polls: u32,
        description: Value,
    },
}

/// Where a global index is.
#[derive(Debug)]
pub(super) enum Stage {
    /// New: until its table is updated.
    Allocating,
    /// New: entries are made of the items that are there.
    Backfilling(u32),
    /// Until its table is updated; what is told meanwhile.
    Updating { before: Option<Units> },
    /// Its polls are counted from the beginning of the update.
    Deleting { polls: u32, description: Value },
}

/// Of a table and its indexes; an index without a stage is active.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) phase: Phase,
    pub(super) stages: BTreeMap<String, Stage>,
}

/// What a poll finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    Table,
    /// Not any more.
    Gone,
}

impl Progress {
    /// Of a new table.
    pub(super) fn creating(plane: ControlPlane, indexed: bool) -> Self {
        let ControlPlane { unseen, creating: polls, .. } = plane;
        let at_once = unseen == 0 && polls == 0;
        let phase =
            if at_once { Phase::Active } else { Phase::Creating { unseen, polls, indexed } };
        Self { phase, stages: BTreeMap::new() }
    }

    /// Begins an update. `stages` are those of the indexes that it is about.
    pub(super) fn update(
        &mut self,
        plane: ControlPlane,
        before: Option<Units>,
        mut stages: Vec<(String, Stage)>,
    ) {
        for (_, stage) in &mut stages {
            if let Stage::Deleting { polls, .. } = stage {
                *polls = plane.deleting;
            }
        }
        self.stages.extend(stages);
        self.phase = Phase::Updating { polls: plane.updating, before };
        if plane.updating == 0 {
            self.updated(plane);
        }
        self.stages.retain(|_, stage| !matches!(stage, Stage::Deleting { polls: 0, .. }));
    }

    /// The update is over.
    fn updated(&mut self, plane: ControlPlane) {
        self.phase = Phase::Active;
        for stage in self.stages.values_mut() {
            if matches!(stage, Stage::Allocating) {
                *stage = Stage::Backfilling(plane.backfilling);
            }
        }
        let at_once = |stage: &Stage| {
            matches!(stage, Stage::Updating { .. })
                || (plane.backfilling == 0 && matches!(stage, Stage::Backfilling(_)))
        };
        self.stages.retain(|_, stage| !at_once(stage));
    }

    /// Goes on by one poll.
    pub(super) fn poll(&mut self, plane: ControlPlane) -> Seen {
        match &mut self.phase {
            Phase::Creating { unseen, .. } if *unseen > 0 => {
                *unseen -= 1;
                return Seen::Nothing;
            }
            Phase::Creating { polls, .. } | Phase::Updating { polls, .. } if *polls > 0 => {
                *polls -= 1;
            }
            Phase::Creating { .. } => self.phase = Phase::Active,
            Phase::Updating { .. } => self.updated(plane),
            Phase::Deleting { polls: 0, .. } => return Seen::Gone,
            Phase::Deleting { polls, .. } => *polls -= 1,
            Phase::Active => {}
        }
        self.stages.retain(|_, stage| match stage {
            Stage::Backfilling(polls) | Stage::Deleting { polls, .. } => {
                let goes_on = *polls > 0;
                *polls = polls.saturating_sub(1);
                goes_on
            }
            Stage::Allocating | Stage::Updating { .. } => true,
        });
        Seen::Table
    }

    /// What a description calls it.
    pub(super) fn status(&self) -> &'static str {
        match self.phase {
            Phase::Creating { .. } => "CREATING",
            Phase::Active => "ACTIVE",
            Phase::Updating { .. } => "UPDATING",
            Phase::Deleting { .. } => "DELETING",
        }
    }

    /// Whether items are read and written.
    pub(super) fn serves(&self) -> bool {
        matches!(self.phase, Phase::Active | Phase::Updating { .. })
    }

    /// Whether it is a table with indexes that is being created.
    pub(super) fn creates_indexes(&self) -> bool {
        matches!(self.phase, Phase::Creating { indexed: true, .. })
    }

    /// Refuses a change of a table that is changing.
    pub(super) fn changes(&self, table: &str) -> Result<(), Denial> {
        match self.phase {
            Phase::Active => Ok(()),
            Phase::Creating { .. } => {
                Err(Denial::in_use(&format!("Table is being created: {table}")))
            }
            Phase::Updating { .. } => {
                Err(Denial::in_use(&format!("Table is being updated: {table}")))
            }
            Phase::Deleting { .. } => Err(Denial::not_found(table)),
        }
    }

    /// Refuses to read an index that is not filled yet.
    pub(super) fn reads(&self, index: &str) -> Result<(), Denial> {
        match self.stages.get(index) {
            Some(Stage::Allocating | Stage::Backfilling(_)) => Err(Denial::invalid(format!(
                "Cannot read from backfilling global secondary index: {index}"
            ))),
            _ => Ok(()),
        }
    }
}
