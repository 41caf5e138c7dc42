//! What can be done with a table by its name alone.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType, Projection, StreamViewType, TableClass,
};
use dynamap_mapper::{NamedTable, TableInfo};
use serde::Serialize;

use super::Delete;
use crate::consent;
use crate::exit::Exit;
use crate::report::{Answer, Answered, Failure};
use crate::session::Call;

/// The names of tables.
#[derive(Serialize)]
#[serde(transparent)]
struct Names(Vec<String>);

/// What a table is.
#[derive(Serialize)]
struct Described {
    table: String,
    status: String,
    keys: Vec<KeyPart>,
    indexes: Vec<Index>,
    billing: String,
    estimated_items: u64,
    bytes: i64,
    ttl: Option<String>,
    stream: Option<String>,
    point_in_time_recovery: Option<bool>,
    deletion_protection: bool,
    class: Option<String>,
    encryption: Option<String>,
    arn: Option<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Index {
    name: String,
    local: bool,
    keys: Vec<KeyPart>,
    holds: String,
    status: Option<String>,
}

#[derive(Serialize)]
struct KeyPart {
    name: String,
    kind: String,
    range: bool,
}

/// What became of a table.
#[derive(Serialize)]
struct Deleted {
    table: String,
}

pub(super) async fn list(call: Call<'_, '_>) -> Answered {
    Answer::new(Exit::Done, &Names(NamedTable::list(call.db).await?))
}

pub(super) async fn describe(call: Call<'_, '_>, name: &str) -> Answered {
    let table = call.db.table(name);
    match table.describe().await? {
        Some(info) => Answer::new(Exit::Done, &Described::of(table.full_name(), &info)),
        None => Err(Failure::missing(format!("there is no table {}", table.full_name()))),
    }
}

pub(super) async fn delete(call: Call<'_, '_>, delete: &Delete) -> Answered {
    let table = call.db.table(&delete.table.name);
    let full = table.full_name().to_owned();
    consent::ask(call.db, call.yes, &format!("this deletes table {full}")).await?;
    let deleting = table.delete();
    let deleting = if delete.with_all_items { deleting.with_all_items() } else { deleting };
    deleting.await?;
    Answer::new(Exit::Done, &Deleted { table: full })
}

impl Described {
    fn of(name: &str, info: &TableInfo) -> Self {
        let table = &info.table;
        let text = |text: Option<&str>| text.map(str::to_owned);
        let stream = table.stream_specification().filter(|stream| stream.stream_enabled());
        let class = table.table_class_summary().and_then(|class| class.table_class());
        let encryption = table.sse_description().and_then(|sse| sse.kms_master_key_arn());
        Self {
            table: name.to_owned(),
            status: table
                .table_status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            keys: parts(table.key_schema(), table.attribute_definitions()),
            indexes: Index::of(info),
            billing: info.billing().to_string(),
            estimated_items: info.estimated_items(),
            bytes: table.table_size_bytes().unwrap_or_default(),
            ttl: info.ttl.clone(),
            stream: text(stream.and_then(|s| s.stream_view_type()).map(StreamViewType::as_str)),
            point_in_time_recovery: info.point_in_time_recovery,
            deletion_protection: table.deletion_protection_enabled().unwrap_or(false),
            class: text(class.map(TableClass::as_str)),
            encryption: text(encryption),
            arn: text(table.table_arn()),
            tags: info.tags.clone(),
        }
    }
}

impl Index {
    fn of(info: &TableInfo) -> Vec<Self> {
        let definitions = info.table.attribute_definitions();
        let global = info.table.global_secondary_indexes().iter().map(|index| Self {
            name: index.index_name().unwrap_or_default().to_owned(),
            local: false,
            keys: parts(index.key_schema(), definitions),
            holds: holds(index.projection()),
            status: index.index_status().map(|status| status.as_str().to_owned()),
        });
        let local = info.table.local_secondary_indexes().iter().map(|index| Self {
            name: index.index_name().unwrap_or_default().to_owned(),
            local: true,
            keys: parts(index.key_schema(), definitions),
            holds: holds(index.projection()),
            status: None,
        });
        global.chain(local).collect()
    }
}

fn parts(schema: &[KeySchemaElement], definitions: &[AttributeDefinition]) -> Vec<KeyPart> {
    let part = |element: &KeySchemaElement| {
        let name = element.attribute_name();
        let definition = definitions.iter().find(|own| own.attribute_name() == name);
        KeyPart {
            name: name.to_owned(),
            kind: definition.map_or("?", |own| own.attribute_type().as_str()).to_owned(),
            range: *element.key_type() == KeyType::Range,
        }
    };
    schema.iter().map(part).collect()
}

/// What an index holds beside keys.
fn holds(projection: Option<&Projection>) -> String {
    let names = projection.map(Projection::non_key_attributes).unwrap_or_default();
    let kind = projection.and_then(Projection::projection_type).map_or("?", |kind| kind.as_str());
    if names.is_empty() { kind.to_owned() } else { names.join(", ") }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|name| writeln!(f, "{name}"))
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys =
            |keys: &[KeyPart]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ");
        writeln!(f, "table {}: {}", self.table, self.status)?;
        writeln!(f, "  key: {}", keys(&self.keys))?;
        for Index { name, local, keys: of, holds, status } in &self.indexes {
            let kind = if *local { "local" } else { "global" };
            let status = status.as_ref().map_or(String::new(), |status| format!(": {status}"));
            writeln!(f, "  {kind} index {name}{status}")?;
            writeln!(f, "    key: {}; holds: {holds}", keys(of))?;
        }
        writeln!(f, "  billed: {}", self.billing)?;
        writeln!(f, "  about {} items, {} bytes", self.estimated_items, self.bytes)?;
        let on = |on: bool| if on { "on" } else { "off" };
        writeln!(f, "  time to live: {}", self.ttl.as_deref().unwrap_or("none"))?;
        writeln!(f, "  stream: {}", self.stream.as_deref().unwrap_or("none"))?;
        if let Some(recovery) = self.point_in_time_recovery {
            writeln!(f, "  point-in-time recovery: {}", on(recovery))?;
        }
        writeln!(f, "  deletion protection: {}", on(self.deletion_protection))?;
        self.tags.iter().try_for_each(|(key, value)| writeln!(f, "  tag {key} = {value}"))
    }
}

impl fmt::Display for Deleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "table {} is deleted", self.table)
    }
}
