//! Batches: what there is capacity for is done, key by key and request by request, and the rest comes back unprocessed.

use dynoxide::types::ConsumedCapacity;
use dynoxide::{Database, DynoxideError};
use serde_json::{Map, Value, json};

use super::rehearsal::{Rehearsal, measure};
use super::target::Target;
use crate::demand::Access;

const GET: &str = "BatchGetItem";
const WRITE: &str = "BatchWriteItem";

/// A batch, as it was asked for or as what is left of it.
pub(super) struct Batch {
    access: Access,
    body: Value,
}

/// A key, or a request: the smallest batch.
#[derive(Debug, Clone)]
pub(super) struct Part {
    table: String,
    what: Value,
}

/// Where the parts of a batch can be executed without an effect.
pub(super) enum Trial<'a> {
    /// Reading has none.
    Read(&'a Database),
    Write(Rehearsal),
}

impl Batch {
    /// The batch of a request; nothing if it is not one, and then the engine says what is wrong.
    pub(super) fn of(access: Access, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        body.get("RequestItems")?.as_object()?;
        Some(Self { access, body })
    }

    /// The request as a whole.
    pub(super) fn body(&self) -> &Value {
        &self.body
    }

    /// All parts, table by table in the order in which they were asked for.
    pub(super) fn parts(&self) -> Vec<Part> {
        let tables = self.body["RequestItems"].as_object().into_iter().flatten();
        let list = |asked: &Value| match self.access {
            Access::Read => asked["Keys"].as_array().cloned(),
            Access::Write => asked.as_array().cloned(),
        };
        tables
            .flat_map(|(table, asked)| {
                let parts = list(asked).unwrap_or_default();
                parts.into_iter().map(|what| Part { table: table.clone(), what })
            })
            .collect()
    }

    /// The request for some of the parts: everything else about it stays.
    pub(super) fn request(&self, parts: &[Part]) -> Value {
        let mut body = self.body.clone();
        body["RequestItems"] = Value::Object(self.items(parts));
        body
    }

    /// Parts as a request has them, and as an answer gives them back: each table with its options.
    fn items(&self, parts: &[Part]) -> Map<String, Value> {
        let mut items = Map::new();
        for Part { table, what } in parts {
            let entry = items.entry(table.clone()).or_insert_with(|| match self.access {
                Access::Read => {
                    let mut options = self.body["RequestItems"][table].clone();
                    options["Keys"] = json!([]);
                    options
                }
                Access::Write => json!([]),
            });
            let list = match self.access {
                Access::Read => &mut entry["Keys"],
                Access::Write => entry,
            };
            if let Value::Array(list) = list {
                list.push(what.clone());
            }
        }
        items
    }

    /// Where its parts can be tried.
    pub(super) fn trial<'a>(&self, engine: &'a Database) -> Result<Trial<'a>, DynoxideError> {
        match self.access {
            Access::Read => Ok(Trial::Read(engine)),
            Access::Write => {
                let targets: Vec<Target> = self.parts().iter().filter_map(Part::target).collect();
                Ok(Trial::Write(Rehearsal::of(engine, &targets)?))
            }
        }
    }

    /// `answer` with `rest` among what was not processed.
    pub(super) fn left_over(&self, answer: &str, rest: &[Part]) -> Result<String, DynoxideError> {
        let mut answer: Value = serde_json::from_str(answer)
            .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
        let unprocessed = &mut answer[match self.access {
            Access::Read => "UnprocessedKeys",
            Access::Write => "UnprocessedItems",
        }];
        for (table, mut items) in self.items(rest) {
            let (before, after) = match self.access {
                Access::Read => (&unprocessed[&table]["Keys"], &mut items["Keys"]),
                Access::Write => (&unprocessed[&table], &mut items),
            };
            if let (Value::Array(before), Value::Array(after)) = (before, after) {
                after.splice(..0, before.iter().cloned());
            }
            unprocessed[table] = items;
        }
        Ok(answer.to_string())
    }
}

impl Trial<'_> {
    /// What a batch consumes, or why it fails.
    pub(super) fn cost(&self, body: &Value) -> Result<Vec<ConsumedCapacity>, DynoxideError> {
        match self {
            Self::Read(engine) => measure(engine, GET, body),
            Self::Write(rehearsal) => rehearsal.play(WRITE, body),
        }
    }
}

impl Part {
    fn target(&self) -> Option<Target> {
        let write = self.what.get("PutRequest").or_else(|| self.what.get("DeleteRequest"))?;
        Target::of(&self.table, write)
    }
}
