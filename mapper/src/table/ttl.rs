//! Turning a table's time to live on.
//!
//! [AWS: time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)

use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};

use crate::database::Database;
use crate::error::{Error, ServiceError};
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
        .map_err(|error| {
            Error::Service(Box::new(ServiceError {
                operation: "UpdateTimeToLive",
                table: table.to_owned(),
                code: String::new(),
                message: error.to_string(),
            }))
        })?;
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
    let answer = repeat(db, "DescribeTimeToLive", table, || {
        db.once().describe_time_to_live().table_name(table).send()
    });
    let Some(found) = answer.await?.time_to_live_description else { return Ok(false) };
    let on = matches!(
        found.time_to_live_status,
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    );
    if on && found.attribute_name.as_deref() != Some(attribute) {
        return Err(Error::Usage(
            "the table deletes items by another attribute: turn its time to live off, or name that attribute in the model",
        ));
    }
    Ok(on)
}
