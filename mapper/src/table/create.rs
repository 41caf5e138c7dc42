//! CreateTable, and waiting until the table can be used.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, TableDescription, TableStatus,
};
use tokio::time::Instant;

use super::ttl;
use crate::codec::kind::ScalarKind;
use crate::database::Database;
use crate::error::{Busy, BusyCause, Error, ServiceError};
use crate::key::KeyAttribute;
use crate::model::Layout;
use crate::retry::repeat;
use crate::sequence;

/// Table creation takes seconds on AWS; ten minutes mean that something is wrong.
const PATIENCE: Duration = Duration::from_mins(10);
const POLL: Duration = Duration::from_millis(500);

/// Creates a model's table and what it needs.
pub(super) async fn model(db: &Database, layout: &Layout, if_missing: bool) -> Result<(), Error> {
    if layout.auto_increment {
        let name = KeyAttribute { name: sequence::NAME, kind: ScalarKind::S };
        create(db, &db.prefixed(sequence::COUNTERS), name, None, true).await?;
    }
    let table = db.table_name(layout);
    create(db, &table, layout.hash_key, layout.range_key, if_missing).await?;
    match layout.ttl {
        Some(attribute) => ttl::enable(db, &table, attribute).await,
        None => Ok(()),
    }
}

async fn create(
    db: &Database,
    table: &str,
    hash: KeyAttribute,
    range: Option<KeyAttribute>,
    if_missing: bool,
) -> Result<(), Error> {
    let keys: Vec<_> = std::iter::once((hash, KeyType::Hash))
        .chain(range.map(|range| (range, KeyType::Range)))
        .collect();
    let unbuilt = |error: aws_sdk_dynamodb::error::BuildError| {
        Error::Service(Box::new(ServiceError {
            operation: "CreateTable",
            table: table.to_owned(),
            code: String::new(),
            message: error.to_string(),
        }))
    };
    let (mut schema, mut definitions) = (Vec::new(), Vec::new());
    for (key, kind) in &keys {
        let element = KeySchemaElement::builder().attribute_name(key.name).key_type(kind.clone());
        schema.push(element.build().map_err(unbuilt)?);
        let definition =
            AttributeDefinition::builder().attribute_name(key.name).attribute_type(key.kind.into());
        definitions.push(definition.build().map_err(unbuilt)?);
    }
    let answer = repeat(db, "CreateTable", table, || {
        db.once()
            .create_table()
            .table_name(table)
            .set_key_schema(Some(schema.clone()))
            .set_attribute_definitions(Some(definitions.clone()))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
    });
    match answer.await {
        Ok(_) => {}
        Err(Error::Service(error)) if if_missing && error.code == "ResourceInUseException" => {}
        Err(error) => return Err(error),
    }
    let table_description = wait_until_active(db, table).await?;
    if table_description.key_schema() != schema
        || !definitions.iter().all(|d| table_description.attribute_definitions().contains(d))
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
            })));
        }
        tokio::time::sleep(POLL).await;
    }
}
