//! CreateTable, and waiting until the table can be used.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    LocalSecondaryIndex, Projection, ProjectionType, TableDescription, TableStatus,
};
use tokio::time::Instant;

use super::ttl;
use crate::database::Database;
use crate::error::{Busy, BusyCause, Error, ServiceError};
use crate::index::IndexLayout;
use crate::key::KeyAttribute;
use crate::layout::Layout;
use crate::retry::{repeat, repeat_and_tell};
use crate::sequence::COUNTERS;
use crate::unique::GUARDS;

/// Table creation takes seconds on AWS; ten minutes mean that something is wrong.
const PATIENCE: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(500);

/// Creates a model's table and what it needs.
pub(super) async fn model(db: &Database, layout: &Layout, if_missing: bool) -> Result<(), Error> {
    if layout.auto_increment {
        counters(db).await?;
    }
    if !layout.uniques.is_empty() {
        create(db, &db.table_name(&GUARDS), Description::of(&GUARDS), true).await?;
    }
    let table = db.table_name(layout);
    create(db, &table, Description::of(layout), if_missing).await?;
    match layout.ttl {
        Some(attribute) => ttl::enable(db, &table, attribute).await,
        None => Ok(()),
    }
}

/// Creates the table of counters, where it is missing.
pub(crate) async fn counters(db: &Database) -> Result<(), Error> {
    create(db, &db.table_name(&COUNTERS), Description::of(&COUNTERS), true).await
}

/// What a table is created with.
struct Description {
    keys: Result<Vec<KeySchemaElement>, BuildError>,
    attributes: Vec<KeyAttribute>,
    global: Vec<Result<GlobalSecondaryIndex, BuildError>>,
    local: Vec<Result<LocalSecondaryIndex, BuildError>>,
}

impl Description {
    fn new(hash: &[KeyAttribute], range: &[KeyAttribute]) -> Self {
        let attributes = hash.iter().chain(range).copied().collect();
        Self { keys: key_schema(hash, range), attributes, global: Vec::new(), local: Vec::new() }
    }

    fn of(layout: &Layout) -> Self {
        let mut description = Self::new(&[layout.hash_key], layout.range_key.as_slice());
        for index in layout.indexes {
            for key in index.hash_key.iter().chain(index.range_key) {
                if !description.attributes.contains(key) {
                    description.attributes.push(*key);
                }
            }
            let keys = key_schema(index.hash_key, index.range_key);
            let projection = projection(layout, index);
            if index.local {
                description.local.push(keys.and_then(|keys| {
                    LocalSecondaryIndex::builder()
                        .index_name(index.name)
                        .set_key_schema(Some(keys))
                        .projection(projection)
                        .build()
                }));
            } else {
                description.global.push(keys.and_then(|keys| {
                    GlobalSecondaryIndex::builder()
                        .index_name(index.name)
                        .set_key_schema(Some(keys))
                        .projection(projection)
                        .build()
                }));
            }
        }
        description
    }
}

fn key_schema(
    hash: &[KeyAttribute],
    range: &[KeyAttribute],
) -> Result<Vec<KeySchemaElement>, BuildError> {
    let hash = hash.iter().map(|key| (key, KeyType::Hash));
    let range = range.iter().map(|key| (key, KeyType::Range));
    hash.chain(range)
        .map(|(key, kind)| {
            KeySchemaElement::builder().attribute_name(key.name).key_type(kind).build()
        })
        .collect()
}

/// What an index holds, as AWS is told it.
fn projection(layout: &Layout, index: &IndexLayout) -> Projection {
    let builder = Projection::builder();
    match layout.included(index) {
        None => builder.projection_type(ProjectionType::All),
        Some(names) if names.is_empty() => builder.projection_type(ProjectionType::KeysOnly),
        Some(names) => builder
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names.into_iter().map(str::to_owned).collect())),
    }
    .build()
}

async fn create(
    db: &Database,
    table: &str,
    description: Description,
    if_missing: bool,
) -> Result<(), Error> {
    let unbuilt = |error: BuildError| {
        Error::Service(Box::new(ServiceError {
            operation: "CreateTable",
            table: table.to_owned(),
            code: String::new(),
            message: error.to_string(),
        }))
    };
    let Description { keys, attributes, global, local } = description;
    let schema = keys.map_err(unbuilt)?;
    let global: Vec<_> = global.into_iter().collect::<Result<_, _>>().map_err(unbuilt)?;
    let local: Vec<_> = local.into_iter().collect::<Result<_, _>>().map_err(unbuilt)?;
    let definitions: Result<Vec<_>, _> = attributes
        .iter()
        .map(|key| {
            AttributeDefinition::builder()
                .attribute_name(key.name)
                .attribute_type(key.kind.into())
                .build()
        })
        .collect();
    let definitions = definitions.map_err(unbuilt)?;
    let (answer, ambiguous) = repeat_and_tell(db, "CreateTable", table, || {
        db.once()
            .create_table()
            .table_name(table)
            .set_key_schema(Some(schema.clone()))
            .set_attribute_definitions(Some(definitions.clone()))
            .set_global_secondary_indexes((!global.is_empty()).then(|| global.clone()))
            .set_local_secondary_indexes((!local.is_empty()).then(|| local.clone()))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
    })
    .await;
    match answer {
        Ok(_) => {}
        // Somebody else made it, or we did and the answer was lost: its keys are compared below.
        Err(Error::Service(error))
            if (if_missing || ambiguous) && error.code == "ResourceInUseException" => {}
        Err(error) => return Err(error),
    }
    let table_description = wait_until_active(db, table).await?;
    if table_description.key_schema() != schema
        || !definitions
            .iter()
            .filter(|d| schema.iter().any(|key| key.attribute_name() == d.attribute_name()))
            .all(|d| table_description.attribute_definitions().contains(d))
    {
        return Err(Error::Usage(
            "a table of this name exists with other keys: give the model another table, or delete that one",
        ));
    }
    Ok(())
}

/// DescribeTable is eventually consistent: just after CreateTable, not found means not yet.
async fn wait_until_active(db: &Database, table: &str) -> Result<TableDescription, Error> {
    let started = Instant::now();
    let mut polls = 0;
    loop {
        polls += 1;
        let answer = repeat(db, "DescribeTable", table, || {
            db.once().describe_table().table_name(table).send()
        });
        match answer.await.map(|answer| answer.table) {
            Ok(Some(found)) if found.table_status() == Some(&TableStatus::Active) => {
                return Ok(found);
            }
            Ok(_) | Err(Error::NoSuchTable(_)) => {}
            Err(error) => return Err(error),
        }
        if started.elapsed() > PATIENCE {
            return Err(Error::Busy(Box::new(Busy {
                operation: "DescribeTable",
                table: table.to_owned(),
                attempts: polls,
                cause: BusyCause::Unreachable,
                throttled: Vec::new(),
                failures: Vec::new(),
            })));
        }
        tokio::time::sleep(POLL).await;
    }
}
