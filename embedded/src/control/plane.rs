//! The one way in: requests about tables pass one at a time, those about items are refused where a table is not ready.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::clock::Clock;
use super::create::Creation;
use super::denial::Denial;
use super::disc::Disc;
use super::progress::{Phase, Progress, Seen};
use super::table::Table;
use super::tables::{Below, Request, Tables};
use super::update::{self, Effect, Update};
use super::{ControlPlane, backups, describe, expiry};
use crate::demand::Demand;
use crate::response::Failure;
use crate::schema::table_name;

/// The one way into a store whose tables are administered.
#[derive(Debug)]
pub(crate) struct Plane {
    settings: ControlPlane,
    clock: Clock,
    tables: Mutex<Tables>,
}

impl Plane {
    /// Of a store in memory, or of one on `disc`, as it was left.
    pub(crate) fn new(settings: ControlPlane, disc: Option<Disc>) -> rusqlite::Result<Self> {
        let kept = disc.as_ref().map(Disc::load).transpose()?.unwrap_or_default();
        let known = kept.into_iter().map(|(name, kept)| (name, Table::settled(kept))).collect();
        Ok(Self { settings, clock: Clock::new(), tables: Mutex::new(Tables { known, disc }) })
    }

    /// Executes `operation`, or refuses it; `None` when there is none of that name.
    pub(crate) fn call(
        &self,
        operation: &str,
        body: &[u8],
        below: Below<'_>,
    ) -> Option<Result<String, Failure>> {
        let handler = match operation {
            "CreateTable" => create,
            "DescribeTable" => describe_table,
            "UpdateTable" => update_table,
            "DeleteTable" => delete,
            "UpdateTimeToLive" => expiry::update,
            "DescribeTimeToLive" => expiry::describe,
            "UpdateContinuousBackups" => backups::update,
            "DescribeContinuousBackups" => backups::describe,
            _ => {
                return match self.check(operation, body) {
                    Ok(()) => below(operation, body),
                    Err(denial) => Some(Err(denial.into())),
                };
            }
        };
        let name = table_name(body);
        let table = name.as_deref().unwrap_or_default();
        let now = self.clock.now();
        let request = Request { table, operation, body, below, now };
        let answer = handler(self.settings, &mut self.tables(), request);
        Some(answer.map(|answer| answer.to_string()))
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses to read or write where the table or the index is not ready.
    fn check(&self, operation: &str, body: &[u8]) -> Result<(), Denial> {
        let Some(demand) = Demand::of(operation, body) else {
            return Ok(());
        };
        let tables = self.tables();
        for name in demand.tables() {
            if let Some(table) = tables.known.get(name) {
                if !table.progress.serves() {
                    return Err(Denial::not_found(name));
                }
                demand.index().map_or(Ok(()), |index| table.progress.reads(index))?;
            }
        }
        Ok(())
    }
}

/// `CreateTable`.
fn create(
    plane: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    let Ok(creation) = serde_json::from_slice::<Creation>(request.body) else {
        return request.execute(); // The engine says what is wrong with it.
    };
    let name = &creation.table_name;
    if let Some(Phase::Deleting { .. }) = tables.known.get(name).map(|t| &t.progress.phase) {
        return Err(Denial::in_use(&format!("Table is being deleted: {name}")).into());
    }
    let indexed = creation.indexed();
    let busy = || tables.known.values().any(|table| table.progress.creates_indexes());
    if indexed && busy() {
        return Err(Denial::limit(
            "Only one table with secondary indexes can be created at a time",
        )
        .into());
    }
    let mut settings = creation.settings()?;
    let mut answer = request.execute()?;
    settings.id = Some(answer["TableDescription"]["TableId"].clone());
    let progress = Progress::creating(plane, indexed);
    let table = Table { settings, progress, expiring: 0 };
    tables.keep(name, Some(&table))?;
    describe::complete(&mut answer["TableDescription"], &table, request.now);
    answer["TableDescription"]["TableStatus"] = "CREATING".into();
    tables.known.insert(name.clone(), table);
    Ok(answer)
}

/// `DescribeTable`: one poll.
fn describe_table(
    plane: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    if let Some(table) = tables.known.get_mut(request.table) {
        match table.progress.poll(plane) {
            Seen::Nothing => return Err(Denial::not_found(request.table).into()),
            Seen::Gone => drop(tables.known.remove(request.table)),
            Seen::Table => {
                if let Phase::Deleting { description, .. } = &table.progress.phase {
                    return Ok(json!({"Table": description}));
                }
            }
        }
    }
    let (_, told) = tables.know(request)?;
    Ok(json!({"Table": told}))
}

/// `UpdateTable`.
fn update_table(
    plane: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    let Ok(update) = serde_json::from_slice::<Update>(request.body) else {
        return request.execute(); // The engine says what is wrong with it.
    };
    let (table, told) = tables.know(request)?;
    let Effect { settings, before, stages } = update.effect(table, &told, request.now)?;
    if let Some(body) = update::for_engine(request.body) {
        request.below("UpdateTable", body.to_string().as_bytes())?;
    }
    table.settings = settings;
    table.progress.update(plane, before, stages);
    tables.keep_known(request.table)?;
    let (_, mut told) = tables.know(request)?;
    told["TableStatus"] = "UPDATING".into();
    Ok(json!({"TableDescription": told}))
}

/// `DeleteTable`.
fn delete(
    plane: ControlPlane,
    tables: &mut Tables,
    request: Request<'_>,
) -> Result<Value, Failure> {
    if let Some(table) = tables.known.get(request.table) {
        if let Phase::Deleting { description, .. } = &table.progress.phase {
            return Ok(json!({"TableDescription": description}));
        }
        table.progress.changes(request.table)?;
        if !table.progress.stages.is_empty() {
            return Err(Denial::in_use(
                "Cannot delete table while indexes are being created, updated, or deleted.",
            )
            .into());
        }
    }
    let answer = request.execute()?;
    tables.keep(request.table, None)?;
    let polls = plane.deleting;
    let description = answer["TableDescription"].clone();
    let mut table = Table::default();
    table.progress.phase = Phase::Deleting { polls, description };
    if polls > 0 {
        tables.known.insert(request.table.to_owned(), table);
    } else {
        tables.known.remove(request.table);
    }
    Ok(answer)
}
