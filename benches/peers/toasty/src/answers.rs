//! What Toasty's requests are answered: as those by hand, and the new values where an update asks for them.

use bytes::Bytes;
use floor::answers::orders;
use floor::canned::Answers;
use floor::order::{VERSION, sample};
use serde_json::json;

/// What is added to the total of an order that nobody has read.
pub(crate) const MORE: i64 = 5;

/// Answers with orders that have nothing beside their attributes.
pub(crate) fn answers() -> impl Answers + use<> {
    let orders = orders(&[]);
    let total = (sample(0).total + MORE).to_string();
    let version = (VERSION + 1).to_string();
    let updated = json!({ "Attributes": { "total": { "N": total }, "version": { "N": version } } });
    let updated = Bytes::from(updated.to_string());
    move |operation: &str, body: &[u8]| match operation {
        "UpdateItem" if asks_for_new(body) => updated.clone(),
        _ => orders(operation, body),
    }
}

fn asks_for_new(body: &[u8]) -> bool {
    str::from_utf8(body).is_ok_and(|body| body.contains("UPDATED_NEW"))
}
