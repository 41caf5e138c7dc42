//! A request about a table, and all tables that are known.

use std::collections::HashMap;

use dynoxide::DynoxideError;
use serde_json::{Value, json};

use super::clock::Moment;
use super::describe;
use super::disc::Disc;
use super::table::Table;
use crate::response::Failure;

/// Executes an operation below; `None` when there is none of that name.
pub(super) type Below<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Result<String, Failure>>;

/// The tables that are known so far, and where their settings are kept.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) known: HashMap<String, Table>,
    pub(super) disc: Option<Disc>,
}

/// A request about a table.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) table: &'a str,
    pub(super) operation: &'a str,
    pub(super) body: &'a [u8],
    pub(super) below: Below<'a>,
    pub(super) now: Moment,
}

impl Tables {
    /// A table and its complete description, or why there is none.
    pub(super) fn know(&mut self, request: Request<'_>) -> Result<(&mut Table, Value), Failure> {
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

    /// Keeps the settings of a known table.
    pub(super) fn keep_known(&self, name: &str) -> Result<(), Failure> {
        self.keep(name, self.known.get(name))
    }

    /// Keeps the settings of a table, or forgets them.
    pub(super) fn keep(&self, name: &str, table: Option<&Table>) -> Result<(), Failure> {
        let Some(disc) = &self.disc else {
            return Ok(());
        };
        let kept = disc.keep(name, table.map(|table| &table.settings));
        kept.map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
    }
}

impl Request<'_> {
    /// Has it executed below.
    pub(super) fn execute(&self) -> Result<Value, Failure> {
        self.below(self.operation, self.body)
    }

    /// The answer to another operation.
    pub(super) fn below(&self, operation: &str, body: &[u8]) -> Result<Value, Failure> {
        let answer = (self.below)(operation, body).unwrap_or_else(|| {
            Err(DynoxideError::UnsupportedCapability(operation.to_owned()).into())
        })?;
        serde_json::from_str(&answer)
            .map_err(|error| DynoxideError::InternalServerError(error.to_string()).into())
    }

    /// A body that names the table.
    pub(super) fn only_table(&self) -> Vec<u8> {
        json!({"TableName": self.table}).to_string().into_bytes()
    }
}
