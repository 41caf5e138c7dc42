//! How the service words a refusal.

use serde_json::json;

/// Why the control plane does not do what a request asks for.
#[derive(Debug)]
pub(crate) struct Denial {
    code: &'static str,
    message: String,
}

impl Denial {
    /// The request asks for what cannot be.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { code: "com.amazon.coral.validate#ValidationException", message: message.into() }
    }

    /// Too much of it was asked for.
    pub(super) fn limit(message: &str) -> Self {
        let message = format!("Subscriber limit exceeded: {message}");
        Self { code: "com.amazonaws.dynamodb.v20120810#LimitExceededException", message }
    }

    /// Something is under way.
    pub(super) fn in_use(message: &str) -> Self {
        let message = format!("Attempt to change a resource which is still in use: {message}");
        Self { code: "com.amazonaws.dynamodb.v20120810#ResourceInUseException", message }
    }

    /// There is no such table, or it cannot be used.
    pub(super) fn not_found(table: &str) -> Self {
        let message = format!("Requested resource not found: Table: {table} not found");
        Self { code: "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", message }
    }

    /// As [`not_found`](Self::not_found), in the words of the operations on backups.
    pub(super) fn table_not_found(table: &str) -> Self {
        let message = format!("Table not found: {table}");
        Self { code: "com.amazonaws.dynamodb.v20120810#TableNotFoundException", message }
    }

    /// The table is too new to have backups.
    pub(super) fn no_backups_yet() -> Self {
        Self {
            code: "com.amazonaws.dynamodb.v20120810#ContinuousBackupsUnavailableException",
            message: "Backups are being enabled for the table. Please retry later".to_owned(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        json!({"__type": self.code, "message": self.message}).to_string()
    }
}
