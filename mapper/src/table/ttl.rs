//! Turning a table's time to live on.
//!
//! [AWS: time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)

use aws_sdk_dynamodb::types::TimeToLiveSpecification;

use super::describe::ttl;
use super::difference::{Difference, DifferenceKind};
use super::unbuilt;
use crate::database::Database;
use crate::error::{Error, TableError};
use crate::retry::repeat;

/// Lets the service delete items by this attribute; nothing happens where it does so already.
pub(super) async fn enable(db: &Database, table: &str, attribute: &str) -> Result<(), Error> {
    if is_enabled(db, table, attribute).await? {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name(attribute)
        .build()
        .map_err(|error| unbuilt("UpdateTimeToLive", table, error))?;
    let answer = repeat(db, "UpdateTimeToLive", table, || {
        db.once()
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(specification.clone())
            .send()
    });
    match answer.await {
        // Said also where it is on: by another program, or by an attempt whose answer was lost.
        Err(Error::Service(error)) if error.code == "ValidationException" => {
            let on = is_enabled(db, table, attribute).await?;
            if on { Ok(()) } else { Err(Error::Service(error)) }
        }
        other => other.map(drop),
    }
}

async fn is_enabled(db: &Database, table: &str, attribute: &str) -> Result<bool, Error> {
    match ttl(db, table).await? {
        None => Ok(false),
        Some(found) if found == attribute => Ok(true),
        Some(found) => {
            let difference = Difference {
                table: table.to_owned(),
                index: None,
                kind: DifferenceKind::TimeToLive,
                found,
                wanted: attribute.to_owned(),
            };
            let (table, differences) = (table.to_owned(), vec![difference]);
            Err(TableError::Differs { table, differences }.into())
        }
    }
}
