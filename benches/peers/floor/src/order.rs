//! The model that every library maps: ten attributes, one of them a document, one a list of documents.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An order, as the hand-written mapping knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub customer: String,
    pub number: u64,
    pub status: String,
    pub total: i64,
    pub paid: bool,
    pub note: Option<String>,
    pub tags: Vec<String>,
    pub address: Address,
    pub lines: Vec<Line>,
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    pub city: String,
    pub zip: String,
    pub country: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub sku: String,
    pub title: String,
    pub quantity: u32,
    pub price: i64,
}

/// The customer of all orders.
pub const CUSTOMER: &str = "customer-7f3a";
/// The version of all orders that are answered.
pub const VERSION: u64 = 3;

/// The order with this number.
#[must_use]
pub fn sample(number: u64) -> Order {
    let line = |n: u32| Line {
        sku: format!("SKU-{n:05}"),
        title: format!("A thing of kind {n}, with a title of usual length"),
        quantity: n + 1,
        price: 1_999 + i64::from(n),
    };
    Order {
        customer: CUSTOMER.to_owned(),
        number,
        status: "packed".to_owned(),
        total: 11_994,
        paid: true,
        note: Some("Leave it with the neighbours.".to_owned()),
        tags: ["gift", "express", "fragile"].map(str::to_owned).to_vec(),
        address: Address {
            street: "Rue de la Paix 12".to_owned(),
            city: "Paris".to_owned(),
            zip: "75002".to_owned(),
            country: "FR".to_owned(),
        },
        lines: [1, 2, 3].map(line).to_vec(),
        version: VERSION,
    }
}

/// The item of an order as the service answers it, with these attributes more.
#[must_use]
pub fn item_json(number: u64, more: &[(&str, &str)]) -> Value {
    let order = sample(number);
    let text = |text: &str| json!({ "S": text });
    let count = |number: &dyn ToString| json!({ "N": number.to_string() });
    let line = |line: &Line| {
        json!({ "M": {
            "sku": text(&line.sku), "title": text(&line.title),
            "quantity": count(&line.quantity), "price": count(&line.price),
        }})
    };
    let mut item = json!({
        "customer": text(&order.customer),
        "number": count(&order.number),
        "status": text(&order.status),
        "total": count(&order.total),
        "paid": { "BOOL": order.paid },
        "note": text(order.note.as_deref().unwrap_or_default()),
        "tags": { "L": order.tags.iter().map(|tag| text(tag)).collect::<Vec<_>>() },
        "address": { "M": {
            "street": text(&order.address.street), "city": text(&order.address.city),
            "zip": text(&order.address.zip), "country": text(&order.address.country),
        }},
        "lines": { "L": order.lines.iter().map(line).collect::<Vec<_>>() },
        "version": count(&order.version),
    });
    for (name, value) in more {
        item[*name] = text(value);
    }
    item
}
