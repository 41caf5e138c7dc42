//! The one way in: requests about tables pass one at a time, those about items are refused where a table is not ready.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynoxide::DynoxideError;
use serde_json::{Value, json};

use super::clock::{Clock, Moment};
use super::create::Creation;
use super::denial::Denial;
use super::disc::Disc;
use super::progress::{Phase, Progress, Seen};
use super::table::Table;
use super::update::{self, Effect, Update};
use super::{ControlPlane, backups, describe, expiry};
use crate::demand::Demand;
use crate::response::Failure;
use crate::schema::table_name;

/// Executes an operation below; `None` when there is none of that name.
type Below<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Result<String, Failure>>;

/// The one way into a store whose tables are administered.
#[derive(Debug)]
pub(crate) struct Plane {
    settings: ControlPlane,
    clock: Clock,
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct Tables {
    known: HashMap<String, Table>,
    disc: Option<Disc>,
}

/// A request about a table.
#[derive(Clone, Copy)]
struct Request<'a> {
    table: &'a str,
    operation: &'a str,
    body: &'a [u8],
    below: Below<'a>,
    now: Moment,
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
            "CreateTable" => Self::create,
            "DescribeTable" => Self::describe,
            "UpdateTable" => Self::update,
            "DeleteTable" => Self::delete,
            "UpdateTimeToLive" => Self::expire,
            "DescribeTimeToLive" => Self::describe_expiry,
            "UpdateContinuousBackups" | "DescribeContinuousBackups" => Self::backups,
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
        let answer = handler(self, &mut self.tables(), request);
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

    fn create(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
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
        let progress = Progress::creating(self.settings, indexed);
        let table = Table { settings, progress, expiring: 0 };
        tables.keep(name, Some(&table))?;
        describe::complete(&mut answer["TableDescription"], &table, request.now);
        answer["TableDescription"]["TableStatus"] = "CREATING".into();
        tables.known.insert(name.clone(), table);
        Ok(answer)
    }

    fn describe(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
        if let Some(table) = tables.known.get_mut(request.table) {
            match table.progress.poll(self.settings) {
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

    fn update(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
        let Ok(update) = serde_json::from_slice::<Update>(request.body) else {
            return request.execute(); // The engine says what is wrong with it.
        };
        let (table, told) = tables.know(request)?;
        let Effect { settings, before, stages } =
            update.effect(table, &told, self.settings.deleting, request.now)?;
        if let Some(body) = update::for_engine(request.body) {
            request.below("UpdateTable", body.to_string().as_bytes())?;
        }
        table.settings = settings;
        table.progress.update(self.settings, before, stages);
        tables.keep_known(request.table)?;
        let (_, mut told) = tables.know(request)?;
        told["TableStatus"] = "UPDATING".into();
        Ok(json!({"TableDescription": told}))
    }

    fn delete(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
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
        let polls = self.settings.deleting;
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

    fn expire(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
        let (table, _) = tables.know(request)?;
        table.progress.changes(request.table)?;
        let told = request.below("DescribeTimeToLive", &request.only_table())?;
        let asked = serde_json::from_slice(request.body).unwrap_or_default();
        expiry::check(table.settings.expiry, &asked, &told, request.now)?;
        let answer = request.execute()?;
        table.settings.expiry = Some(request.now);
        table.expiring = self.settings.updating;
        tables.keep_known(request.table)?;
        Ok(answer)
    }

    fn describe_expiry(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
        let mut answer = request.execute()?;
        if let Some(table) = tables.known.get_mut(request.table)
            && table.expiring > 0
        {
            table.expiring -= 1;
            expiry::under_way(&mut answer);
        }
        Ok(answer)
    }

    fn backups(&self, tables: &mut Tables, request: Request<'_>) -> Result<Value, Failure> {
        let Ok((table, _)) = tables.know(request) else {
            return Err(Denial::table_not_found(request.table).into());
        };
        match table.progress.phase {
            Phase::Creating { .. } => return Err(Denial::no_backups_yet().into()),
            Phase::Deleting { .. } => return Err(Denial::table_not_found(request.table).into()),
            Phase::Active | Phase::Updating { .. } => {}
        }
        let mut recovery = table.settings.recovery;
        if request.operation == "UpdateContinuousBackups" {
            recovery = backups::update(recovery, request.body, request.now)?;
            table.settings.recovery = recovery;
            tables.keep_known(request.table)?;
        }
        Ok(backups::describe(recovery, request.now))
    }
}

impl Tables {
    /// A table and its complete description, or why there is none.
    fn know(&mut self, request: Request<'_>) -> Result<(&mut Table, Value), Failure> {
        let mut answer = request.below("DescribeTable", &request.only_table())?;
        let mut told = answer["Table"].take();
        let table = self.known.entry(request.table.to_owned()).or_default();
        let id = Some(told["TableId"].clone());
        if table.settings.id != id {
            // Somebody without a control plane made it anew.
            *table = Table::default();
            table.settings.id = id;
        }
        describe::complete(&mut told, table, request.now);
        Ok((table, told))
    }

    fn keep_known(&self, name: &str) -> Result<(), Failure> {
        self.keep(name, self.known.get(name))
    }

    fn keep(&self, name: &str, table: Option<&Table>) -> Result<(), Failure> {
        let Some(disc) = &self.disc else {
            return Ok(());
        };
        let kept = disc.keep(name, table.map(|table| &table.settings));
        kept.map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
    }
}

impl Request<'_> {
    /// Has it executed below.
    fn execute(&self) -> Result<Value, Failure> {
        self.below(self.operation, self.body)
    }

    fn below(&self, operation: &str, body: &[u8]) -> Result<Value, Failure> {
        let answer = (self.below)(operation, body).unwrap_or_else(|| {
            Err(DynoxideError::UnsupportedCapability(operation.to_owned()).into())
        })?;
        serde_json::from_str(&answer)
            .map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
    }

    /// A body that names the table.
    fn only_table(&self) -> Vec<u8> {
        json!({"TableName": self.table}).to_string().into_bytes()
    }
}
