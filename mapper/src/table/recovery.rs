//! Turning a table's point-in-time recovery on and off.
//!
//! [AWS: point-in-time recovery](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html)

use std::time::Duration;

use aws_sdk_dynamodb::types::PointInTimeRecoverySpecification;
use tokio::time::Instant;

use super::{describe, unbuilt, wait};
use crate::database::Database;
use crate::error::Error;
use crate::retry::repeat;

/// A new table has no backups for some seconds.
const PATIENCE: Duration = Duration::from_mins(5);

/// Sets it, where it is not so. A store that does not know of it stays as it is.
pub(super) async fn set(db: &Database, name: &str, on: bool) -> Result<(), Error> {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        let error = match try_set(db, name, on).await {
            Err(Error::Service(error)) => error,
            other => return other,
        };
        match error.code.as_str() {
            "ContinuousBackupsUnavailableException" | "TableNotFoundException"
                if began.elapsed() < PATIENCE =>
            {
                looks += 1;
                wait::pause(looks).await;
            }
            _ => return Err(Error::Service(error)),
        }
    }
}

async fn try_set(db: &Database, name: &str, on: bool) -> Result<(), Error> {
    match describe::recovery(db, name).await {
        Err(Error::Service(error)) if describe::is_unknown_there(&error.code) => return Ok(()),
        Ok(is_on) if is_on == on => return Ok(()),
        found => found?,
    };
    let specification = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(on)
        .build()
        .map_err(|error| unbuilt("UpdateContinuousBackups", name, error))?;
    let answer = repeat(db, "UpdateContinuousBackups", name, || {
        db.once()
            .update_continuous_backups()
            .table_name(name)
            .point_in_time_recovery_specification(specification.clone())
            .send()
    });
    answer.await.map(drop)
}
