//! The item that a write is about, as it is stored before the write.

use std::collections::HashMap;

use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::types::{item_size, write_capacity_units};
use dynoxide::{Database, Item};
use serde::Deserialize;
use serde_json::{Value, json};

/// The members of a put, an update, a delete or a check that tell its item.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Target {
    table_name: String,
    #[serde(alias = "Item")]
    key: HashMap<String, Value>,
}

impl Target {
    /// What a write is about that is part of a batch and does not say its table itself.
    pub(super) fn of(table: &str, write: &Value) -> Option<Self> {
        let Some(Value::Object(key)) = write.get("Key").or_else(|| write.get("Item")) else {
            return None;
        };
        let key = key.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(Self { table_name: table.to_owned(), key })
    }

    /// The item that is stored, if there is one. A key that cannot be is the key of none.
    pub(super) fn stored(&self, engine: &Database) -> Option<Item> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct KeyPart {
            attribute_name: String,
        }
        let settings = engine.get_table_metadata(&self.table_name).ok()??;
        let schema: Vec<KeyPart> = serde_json::from_str(&settings.key_schema).ok()?;
        let key: HashMap<&str, &Value> = schema
            .iter()
            .filter_map(|part| {
                Some((part.attribute_name.as_str(), self.key.get(&part.attribute_name)?))
            })
            .collect();
        let request = json!({"TableName": self.table_name, "Key": key, "ConsistentRead": true});
        let request: GetItemRequest = serde_json::from_value(request).ok()?;
        engine.get_item(request).ok()?.item
    }

    /// What a write of it costs that comes to nothing because of a condition: by the size of the item that is there.
    pub(super) fn price_of_failure(&self, engine: &Database) -> f64 {
        write_capacity_units(self.stored(engine).as_ref().map_or(0, item_size))
    }

    pub(super) fn table(&self) -> &str {
        &self.table_name
    }
}
