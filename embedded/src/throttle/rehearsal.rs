//! Tries writes where they have no effect: in a store of their own that has the tables and the items they are about.
//!
//! Only the engine knows what a write costs each index: that depends on what is stored, and on what an expression makes of
//! it. So it is asked.

use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::types::{ConsumedCapacity, GlobalSecondaryIndex};
use dynoxide::{Database, DynoxideError, TableMetadata};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::target::Target;
use crate::dispatch;

/// A store in memory for the time of one request.
pub(super) struct Rehearsal {
    stage: Database,
}

impl Rehearsal {
    /// A stage for writes of `targets`.
    pub(super) fn of(engine: &Database, targets: &[Target]) -> Result<Self, DynoxideError> {
        let stage = Database::memory()?;
        for target in targets {
            let table = target.table();
            if stage.get_table_metadata(table)?.is_none()
                && let Some(settings) = engine.get_table_metadata(table)?
            {
                stage.create_table(like(&settings)?)?;
            }
            if let Some(item) = target.stored(engine) {
                let table_name = table.to_owned();
                stage.put_item(PutItemRequest { table_name, item, ..Default::default() })?;
            }
        }
        Ok(Self { stage })
    }

    /// What a write costs, or why it fails. What it does is seen by those that are played after it.
    pub(super) fn play(
        &self,
        operation: &str,
        body: &Value,
    ) -> Result<Vec<ConsumedCapacity>, DynoxideError> {
        measure(&self.stage, operation, body)
    }
}

/// What an operation costs that has no effect where it is executed.
pub(super) fn measure(
    engine: &Database,
    operation: &str,
    body: &Value,
) -> Result<Vec<ConsumedCapacity>, DynoxideError> {
    let (answer, consumed) = dispatch::measured(engine, operation, body.to_string().as_bytes());
    answer.map(|_| consumed)
}

/// A new table with the keys and indexes of another.
fn like(settings: &TableMetadata) -> Result<CreateTableRequest, DynoxideError> {
    let mut global: Option<Vec<GlobalSecondaryIndex>> =
        indexes(settings.gsi_definitions.as_deref())?;
    for index in global.iter_mut().flatten() {
        index.provisioned_throughput = None;
    }
    Ok(CreateTableRequest {
        table_name: settings.table_name.clone(),
        key_schema: read(&settings.key_schema)?,
        attribute_definitions: read(&settings.attribute_definitions)?,
        global_secondary_indexes: global,
        local_secondary_indexes: indexes(settings.lsi_definitions.as_deref())?,
        vector_indexes: indexes(settings.vector_index_definitions.as_deref())?,
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        ..Default::default()
    })
}

/// Definitions of indexes. A request may leave them out, and may not have none.
fn indexes<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<Vec<T>>, DynoxideError> {
    let indexes: Option<Vec<T>> = text.map(read).transpose()?;
    Ok(indexes.filter(|indexes| !indexes.is_empty()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(text)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
