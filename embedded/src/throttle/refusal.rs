//! How the service words it when it refuses a request for want of capacity.

use dynoxide::streams::{index_arn, table_arn};
use serde::Serialize;

use super::ledger::Resource;
use crate::demand::Access;

const TABLE: &str = "The level of configured provisioned throughput for the table was exceeded. \
    Consider increasing your provisioning level with the UpdateTable API.";

const INDEX: &str = "The level of configured provisioned throughput for one or more global secondary indexes of the table \
    was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the \
    UpdateTable API.";

/// A `ProvisionedThroughputExceededException`.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(rename = "__type")]
    code: &'static str,
    message: &'static str,
    #[serde(rename = "ThrottlingReasons")]
    reasons: Vec<Reason>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Reason {
    reason: &'static str,
    resource: String,
}

impl Refusal {
    /// Refuses what has to wait for all of `spent`.
    pub(super) fn of(spent: &[Resource]) -> Self {
        let mut reasons = Vec::new();
        for resource in spent {
            let reason = Reason::of(resource);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Self {
            code: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            message: message(spent),
            reasons,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts under texts are JSON")
    }
}

impl Reason {
    fn of(Resource { table, index, access }: &Resource) -> Self {
        let reason = match (index, access) {
            (None, Access::Read) => "TableReadProvisionedThroughputExceeded",
            (None, Access::Write) => "TableWriteProvisionedThroughputExceeded",
            (Some(_), Access::Read) => "IndexReadProvisionedThroughputExceeded",
            (Some(_), Access::Write) => "IndexWriteProvisionedThroughputExceeded",
        };
        let resource = match index {
            None => table_arn(table),
            Some(index) => index_arn(table, index),
        };
        Self { reason, resource }
    }
}

/// What the service says of all this: it names an index only where no table is in the way.
pub(super) fn message(spent: &[Resource]) -> &'static str {
    if spent.iter().all(|resource| resource.index.is_some()) { INDEX } else { TABLE }
}
