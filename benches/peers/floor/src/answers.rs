//! What the canned client answers: to gets the orders that are asked for, to queries ten, to writes "done".

use bytes::Bytes;
use serde_json::json;

use crate::canned::Answers;
use crate::order::item_json;

/// The number of the order that rows get.
pub const FOUND: u64 = 7;
/// How many orders there are: those with the numbers from 0 on.
pub const ORDERS: u64 = 10;

/// Answers with orders that have these attributes more.
pub fn orders(more: &[(&str, &str)]) -> impl Answers + use<> {
    let items: Vec<_> = (0..ORDERS).map(|number| item_json(number, more)).collect();
    let get = |item| Bytes::from(json!({ "Item": item }).to_string());
    let gets: Vec<Bytes> = items.iter().map(get).collect();
    let query = json!({ "Items": items, "Count": ORDERS, "ScannedCount": ORDERS });
    let query = Bytes::from(query.to_string());
    let nothing = Bytes::from_static(b"{}");
    move |operation: &str, body: &[u8]| match operation {
        "GetItem" => numbers(body).next().and_then(|n| gets.get(n)).unwrap_or(&nothing).clone(),
        "Query" => query.clone(),
        _ => nothing.clone(),
    }
}

/// The numbers of the orders whose keys stand in a request.
pub fn numbers(body: &[u8]) -> impl Iterator<Item = usize> {
    const KEY: &str = r#""number":{"N":""#;
    let keys = str::from_utf8(body).unwrap_or_default().split(KEY).skip(1);
    keys.filter_map(|rest| rest.split_once('"')?.0.parse().ok())
}
